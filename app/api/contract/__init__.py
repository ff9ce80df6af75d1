"""The API described for machines: an OpenAPI document of its routes, an AsyncAPI document of its WebSockets."""
