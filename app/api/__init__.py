"""The HTTP API: the ASGI app, a module of routes for each resource, JSON bodies, problem+json errors, readiness."""
