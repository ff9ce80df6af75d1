"""Paths that are written out, such as `/calls/answer`, are no ids, whatever the method of a request for them."""

from collections.abc import Iterable, Sequence
from typing import TypeGuard

from starlette.routing import BaseRoute, Match, Route
from starlette.types import Scope


class RouteById(Route):
    """A route with parameters in its path. It has none of the `literal_paths`, which other routes are for.

    Without this, GET of a path that takes POST only would be answered that nothing has that id, by another route and
    under that one's check of access.
    """

    def __init__(self, route: Route, literal_paths: frozenset[str]) -> None:
        super().__init__(route.path, route.endpoint, methods=sorted(route.methods or ()), name=route.name)
        self._literal_paths = literal_paths

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match as Starlette does, except for the paths that belong to another route."""
        match, child = super().matches(scope)
        if match is not Match.NONE and self.path_format.format_map(child["path_params"]) in self._literal_paths:
            return Match.NONE, {}
        return match, child


def apart_from_ids(routes: Sequence[BaseRoute]) -> list[BaseRoute]:
    """The routes, of which those with parameters do not match the paths that others have as they stand."""
    literal = frozenset(_literal_paths(routes))
    return [RouteById(route, literal) if _has_parameters(route) else route for route in routes]


def _literal_paths(routes: Iterable[BaseRoute]) -> Iterable[str]:
    return (route.path for route in routes if isinstance(route, Route) and not route.param_convertors)


def _has_parameters(route: BaseRoute) -> TypeGuard[Route]:
    return isinstance(route, Route) and bool(route.param_convertors)
