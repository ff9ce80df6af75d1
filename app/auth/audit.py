"""The audit log of operators: who used which of their routes, and who tried to without a proof."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from enum import StrEnum

log = logging.getLogger("earshot.audit")

REPEATED_AFTER_S = 60.0
"""Seconds in which reads of one route by one client leave one line; a console reads every second."""
REMEMBERED = 1_000
ABOUT = ("session_id", "actor", "call_id", "approval_id", "name")
"""The path parameters that name what an operator acts on."""


class OperatorProof(StrEnum):
    """The proof by which an operator was accepted."""

    TOKEN = "OPERATOR_TOKEN"
    ENTRA = "Entra role"
    THIS_MACHINE = "this machine"


class AccessAudit:
    """Writes one line for each use of an operators' route that changes something. `now` is monotonic, in seconds.

    Reads and refusals, of which anybody can cause any number, are written once a minute for each client, route and
    object; the line says how many like it were left out since the last.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._written: OrderedDict[tuple[str, ...], tuple[float, int]] = OrderedDict()

    def let_in(
        self, route: str, client: str, proof: OperatorProof, path_params: Mapping[str, str] | None = None
    ) -> None:
        """Write one line for an operator's use of a route, which is its method and path template.

        Of the path's parameters only those in `ABOUT` are written: they say what was changed, and are no secrets.
        """
        about = {f"about_{name}": value for name, value in (path_params or {}).items() if name in ABOUT}
        fields = {"route": route, "client": client, "proof": proof.value, **about}
        if not route.startswith("GET "):
            log.info("operator access", extra=fields)
        elif (left_out := self._due(route, client, proof.value, *about.values())) is not None:
            log.info("operator access", extra=fields | {"left_out": left_out})

    def refused(self, route: str, client: str, reason: str) -> None:
        """Write one line for a request to an operators' route without an accepted proof."""
        if (left_out := self._due(route, client, reason)) is not None:
            log.warning(
                "operator access refused",
                extra={"route": route, "client": client, "reason": reason, "left_out": left_out},
            )

    def _due(self, *key: str) -> int | None:
        """Return how many lines like this one were left out since the last, or None if this one is left out as well."""
        now = self._now()
        written_at, left_out = self._written.pop(key, (-REPEATED_AFTER_S, 0))
        due = now - written_at >= REPEATED_AFTER_S
        self._written[key] = (now, 0) if due else (written_at, left_out + 1)
        while len(self._written) > REMEMBERED:
            self._written.popitem(last=False)
        return left_out if due else None
