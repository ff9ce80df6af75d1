"""The OpenAPI 3.1 document of the API, made from its routes, their checks, and the Structs that they speak."""

import inspect
import re
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import Any

import msgspec
from starlette.routing import BaseRoute, Mount, Route

from app.api.contract.catalogue import OPERATIONS, TAGS
from app.api.contract.operation import JSON, Answer, Operation, Parameter
from app.api.contract.schemas import components
from app.api.contract.security import SCHEMES, SECURITY
from app.auth.route_table import STATIC_FILES, Check, check_of
from app.errors import AppError
from app.version import product_version
from protocol.problems import CONTENT_TYPE, FieldError, Problem

DESCRIPTION = """
Conversations with voice agents, by telephone and in the browser. The conversation itself is a WebSocket, see
`/asyncapi.json`.

Every path answers with and without its trailing slash. Every error is a problem document (RFC 9457) whose `detail`
says what is wrong; one about a body or a query names each field in `errors`.
"""

PATH_PARAMETERS = {
    "name": "An agent, by name",
    "session_id": "A session",
    "call_id": "A call: the connection id of the telephone network",
    "call_secret": "The secret that the network was given for one call",
    "worker": "A worker, by its process id",
    "actor": "An actor of the session, by name",
    "approval_id": "A call of a tool that waits for an operator, as the list of them names it",
    "file": "A file of the page",
}

BODY_PROBLEMS = {
    400: "The body is no JSON, or breaks off",
    408: "The body took too long",
    413: "The body is too large",
    422: "A field is missing or wrong",
}

Endpoint = tuple[str, str, Route]
"""Method, path and route."""


class UndocumentedRouteError(AppError):
    """A route has no row in the catalogue."""


def endpoints(routes: Iterable[BaseRoute], prefix: str = "") -> Iterator[Endpoint]:
    """Every HTTP endpoint, those below a mount included; the files of the page are one."""
    for route in routes:
        if isinstance(route, Mount):
            yield from endpoints(route.routes, prefix + route.path)
        elif isinstance(route, Route):
            path = STATIC_FILES if route.path.startswith("/static/") else prefix + route.path
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield method, path, route


def openapi(routes: Iterable[BaseRoute]) -> dict[str, Any]:
    """The document.

    Raises:
        UndocumentedRouteError: names a route that the catalogue does not have.
    """
    served = {(method, path): route for method, path, route in endpoints(routes)}
    for method, path in served:
        if (method, path) not in OPERATIONS:
            raise UndocumentedRouteError(f"{method} {path} has no row in app/api/contract/catalogue.py")
    operations = {key: OPERATIONS[key] for key in served}
    schemas, named = components([Problem, *(type_ for operation in operations.values() for type_ in _types(operation))])
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), operation in operations.items():
        entry = _entry(method, path, served[method, path], operation, schemas)
        paths.setdefault(path, {})[method.lower()] = entry
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Earshot",
            "version": product_version(),
            "description": DESCRIPTION.strip(),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "components": {"schemas": named, "securitySchemes": SCHEMES},
    }


def _types(operation: Operation) -> Iterator[Any]:
    if operation.body is not None:
        yield operation.body
    for answer in operation.answers.values():
        if answer.type is not None:
            yield answer.type
        yield from (header.type for header in answer.headers)
    yield from (parameter.type for parameter in operation.parameters)
    yield str


def _entry(
    method: str, path: str, route: Route, operation: Operation, schemas: dict[Any, dict[str, Any]]
) -> dict[str, Any]:
    check = check_of(method, path)
    assert check is not None, "a route without a check is not served"
    summary, description = described(route.endpoint)
    names = re.findall(r"{(\w+)}", path)
    entry: dict[str, Any] = {
        "operationId": _operation_id(method, path),
        "tags": [operation.tag],
        "summary": summary,
        "description": description,
        "parameters": [
            *(
                _parameter(Parameter(name=name, where="path", description=PATH_PARAMETERS[name]), schemas)
                for name in names
            ),
            *(_parameter(parameter, schemas) for parameter in operation.parameters),
        ],
        "security": SECURITY[check],
        "x-check": check.value,
        "responses": {str(status): _answer(answer, schemas) for status, answer in operation.answers.items()},
    }
    if operation.body is not None:
        content: dict[str, Any] = {"schema": schemas[operation.body]}
        if operation.example is not None:
            content["example"] = msgspec.to_builtins(operation.example)
        entry["requestBody"] = {"required": operation.body_required, "content": {JSON: content}}
    for status, text in _problems(check, operation, names).items():
        entry["responses"].setdefault(str(status), _problem(status, text, path, schemas))
    return entry


def described(endpoint: Any) -> tuple[str, str]:
    """The docstring of an endpoint: its first sentence, and all of it but what it raises."""
    text = inspect.getdoc(endpoint) or ""
    text = " ".join(text.partition("\n\nRaises:")[0].split())
    # Colons and semicolons go on with a sentence.
    first = re.match(r".*?[.](?= |$)", text)
    return (first.group().rstrip(".") if first else text), text


def _operation_id(method: str, path: str) -> str:
    words = re.findall(r"\w+", path.removeprefix("/api/v1")) or ["page"]
    return "_".join([method.lower(), *words])


def _parameter(parameter: Parameter, schemas: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    written: dict[str, Any] = {
        "name": parameter.name,
        "in": parameter.where,
        "required": parameter.where == "path",
        # `?page=` is what a form sends whose field was left empty; it counts as absent.
        **({"allowEmptyValue": True} if parameter.where == "query" and parameter.type is int else {}),
        "description": parameter.description,
        "schema": schemas[parameter.type],
    }
    if parameter.example is not None:
        written["example"] = parameter.example
    return written


def _answer(answer: Answer, schemas: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    written: dict[str, Any] = {"description": answer.description}
    if answer.headers:
        written["headers"] = {
            header.name: {"description": header.description, "schema": schemas[header.type]}
            for header in answer.headers
        }
    if answer.type is not None:
        written["content"] = {
            media_type: {"schema": schemas[answer.type if media_type == JSON or answer.type is str else str]}
            for media_type in answer.media_types
        }
        if answer.example is not None:
            written["content"][JSON]["example"] = msgspec.to_builtins(answer.example)
    return written


def _problems(check: Check, operation: Operation, names: list[str]) -> dict[int, str]:
    """The problems that a route may answer with: its own first, then those that follow from what it is."""
    found = dict(operation.problems)
    if names and names != ["call_secret"]:
        found.setdefault(404, "There is no such thing")
    if operation.body is not None:
        found = {**BODY_PROBLEMS, **found}
    if check is not Check.PUBLIC:
        found.setdefault(401, "The token is missing or wrong")
        found.setdefault(503, "A token cannot be checked at present")
    found.setdefault(403, "Not allowed, or the Host header is none of this server's names")
    found.setdefault(500, "A fault of this server, which is in its log")
    return dict(sorted(found.items()))


def _problem(status: int, text: str, path: str, schemas: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    errors = (FieldError("field", "what is wrong with it", "invalid"),) if status == 422 else ()
    example = Problem(title=HTTPStatus(status).phrase, status=status, detail=text, instance=path, errors=errors)
    content = {"schema": schemas[Problem], "example": msgspec.json.decode(example.encode())}
    written: dict[str, Any] = {"description": text, "content": {CONTENT_TYPE: content}}
    if status == 401:
        written["headers"] = {"WWW-Authenticate": {"description": "`Bearer`", "schema": {"type": "string"}}}
    if status in (429, 503):
        written["headers"] = {
            "Retry-After": {"description": "Seconds, where it is known when", "schema": {"type": "integer"}}
        }
    return written
