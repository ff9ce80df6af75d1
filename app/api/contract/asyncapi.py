"""The AsyncAPI 3.0 document of the WebSockets, made from the routes and the Structs of their messages."""

import inspect
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from starlette.routing import BaseRoute, Mount, WebSocketRoute

from app.api.contract.openapi import PATH_PARAMETERS, UndocumentedRouteError
from app.api.contract.operation import JSON
from app.api.contract.schemas import REF, components
from app.api.contract.sockets import AT, CHANNELS, ENVELOPES, EXAMPLES, Binary, Channel
from app.auth.route_table import SOCKET, check_of
from app.version import product_version
from protocol.browser import Envelope

DESCRIPTION = """
The WebSockets of Earshot. A browser that is refused finds its socket accepted and closed with a code and a reason.
Text that is no JSON object counts as typed by the user; messages of unknown types are ignored, and clients do well to
ignore those that they do not know.
"""

WEBSOCKET_BINDING = "0.1.0"


def sockets(routes: Iterable[BaseRoute], prefix: str = "") -> Iterator[str]:
    """The path of every WebSocket, those below a mount included."""
    for route in routes:
        if isinstance(route, Mount):
            yield from sockets(route.routes, prefix + route.path)
        elif isinstance(route, WebSocketRoute):
            yield prefix + route.path


def asyncapi(routes: Iterable[BaseRoute]) -> dict[str, Any]:
    """The AsyncAPI document without the server's address, which is known when somebody asks for the document.

    Raises:
        UndocumentedRouteError: names a WebSocket that `CHANNELS` does not have.
    """
    paths = list(sockets(routes))
    for path in paths:
        if path not in CHANNELS:
            raise UndocumentedRouteError(f"{path} has no row in app/api/contract/sockets.py")
    paths.sort(key=list(CHANNELS).index)
    channels = [CHANNELS[path] for path in paths]
    spoken = dict.fromkeys(kind for channel in channels for kind in (*channel.takes, *channel.sends))
    structs = [kind for kind in spoken if not isinstance(kind, Binary)]
    queried = [parameter.type for channel in channels for parameter in channel.query]
    schemas, named = components([Envelope, *structs, *queried])
    document: dict[str, Any] = {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Earshot",
            "version": product_version(),
            "description": DESCRIPTION.strip(),
            "license": {"name": "MIT"},
        },
        "defaultContentType": JSON,
        "channels": {},
        "operations": {},
        "components": {
            "messages": {message_name(kind): _message(kind, schemas) for kind in spoken},
            "schemas": named,
        },
    }
    for path, channel in zip(paths, channels, strict=True):
        _add(document, path, channel, schemas)
    return document


def _add(document: dict[str, Any], path: str, channel: Channel, schemas: dict[Any, dict[str, Any]]) -> None:
    name = "_".join(re.findall(r"\w+", path.removeprefix("/api/v1")))
    check = check_of(SOCKET, path)
    assert check is not None, "a route without a check is not served"
    messages = [message_name(kind) for kind in (*channel.takes, *channel.sends)]
    document["channels"][name] = {
        "address": path,
        "title": channel.title,
        "description": "Close codes:\n" + "\n".join(f"* {code}: {text}" for code, text in channel.closes.items()),
        "messages": {message: {"$ref": f"#/components/messages/{message}"} for message in messages},
        "parameters": {each: {"description": PATH_PARAMETERS[each]} for each in re.findall(r"{(\w+)}", path)},
        "bindings": {
            "ws": {
                "method": "GET",
                "query": {
                    "type": "object",
                    "properties": {
                        parameter.name: {
                            **schemas[parameter.type],
                            "description": parameter.description,
                            **({"examples": [parameter.example]} if parameter.example is not None else {}),
                        }
                        for parameter in channel.query
                    },
                },
                "bindingVersion": WEBSOCKET_BINDING,
            }
        },
        "x-check": check.value,
        "x-close-codes": {str(code): text for code, text in channel.closes.items()},
    }
    # In AsyncAPI, `receive` and `send` are what the server does.
    for action, kinds in (("receive", channel.takes), ("send", channel.sends)):
        if kinds:
            document["operations"][f"{action}_{name}"] = {
                "action": action,
                "channel": {"$ref": f"#/channels/{name}"},
                "messages": [{"$ref": f"#/channels/{name}/messages/{message_name(kind)}"} for kind in kinds],
            }


def message_name(kind: Any) -> str:
    """What a message is called in the document."""
    if isinstance(kind, Binary):
        return kind.name
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()


def _message(kind: Any, schemas: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    if isinstance(kind, Binary):
        raw = {"type": "string", "format": "binary"}
        return {"name": kind.name, "summary": kind.summary, "contentType": kind.content_type, "payload": raw}
    payload = schemas[kind]
    if kind in ENVELOPES:
        body: dict[str, Any] = {"properties": {"type": {"const": ENVELOPES[kind][0]}, "payload": payload}}
        payload = {"allOf": [{"$ref": REF.format(name=Envelope.__name__)}, body]}
    written: dict[str, Any] = {
        "name": message_name(kind),
        "summary": " ".join((inspect.getdoc(kind) or "").split()),
        "contentType": JSON,
        "payload": payload,
    }
    examples = [msgspec.json.decode(msgspec.json.encode(example)) for example in map(_whole, EXAMPLES_OF.get(kind, ()))]
    if examples:
        written["examples"] = [{"payload": example} for example in examples]
    return written


def _whole(example: Any) -> Any:
    """An example as it is on the wire, where a payload comes in its envelope."""
    if type(example) not in ENVELOPES:
        return example
    kind, sender = ENVELOPES[type(example)]
    return Envelope(type=kind, sender=sender, payload=example, session_id="session_1", ts=AT)


EXAMPLES_OF = {type(example): (example,) for example in EXAMPLES}
