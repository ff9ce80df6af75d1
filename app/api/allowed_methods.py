"""Which methods a path has: what a 405 says in its `Allow` header (RFC 9110, 15.5.6)."""

from collections.abc import Iterable

from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.types import Scope


def allowed_methods(routes: Iterable[BaseRoute], scope: Scope) -> list[str]:
    """The methods of every route that has the path of a request, in alphabetical order.

    Starlette names those of the first such route only, and routes of ours have one method each.
    """
    # A mount that was tried before has left its own path in the scope.
    return sorted(_methods(routes, {**scope, "root_path": scope.get("app_root_path", scope.get("root_path", ""))}))


def _methods(routes: Iterable[BaseRoute], scope: Scope) -> set[str]:
    found: set[str] = set()
    for route in routes:
        match, child = route.matches(scope)
        if match is Match.NONE:
            continue
        if isinstance(route, Mount):
            found |= _methods(route.routes, {**scope, **child})
        elif isinstance(route, Route):
            found |= route.methods or set()
    return found
