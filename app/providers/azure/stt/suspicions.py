"""Whether the service's silence counts as a stall, which it does not again and again for nothing. Reads no clock."""

from collections.abc import Callable

SUSPICIONS = 2
"""How often a session is suspected within `SUSPICION_S`: if a second recognizer hears nothing either, the sound is
noise."""
SUSPICION_S = 30.0


class Suspicions:
    """Counts, by the ids of sessions, how often one engine was suspected of not hearing.

    `now` gives seconds on a clock that never runs backwards.
    """

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._suspected_at: dict[str, list[float]] = {}

    def may_suspect(self, session_id: str) -> bool:
        """Whether to take the service's silence for a stall: not when that was done again and again, for nothing."""
        return len(self._recent(session_id)) < SUSPICIONS

    def suspect(self, session_id: str) -> None:
        """Note that the service's silence was taken for a stall."""
        recent = {session: at for session in self._suspected_at if (at := self._recent(session))}
        self._suspected_at = recent | {session_id: [*recent.get(session_id, []), self._now()]}

    def trust(self, session_id: str) -> None:
        """Note that the service makes out words, or says that there are none."""
        self._suspected_at.pop(session_id, None)

    def _recent(self, session_id: str) -> list[float]:
        now = self._now()
        return [at for at in self._suspected_at.get(session_id, []) if now - at < SUSPICION_S]
