"""Events that may be delivered more than once: each counts once. Pure."""

KEPT = 256
"""The most events of a call that are remembered by their ids."""


class SeenEvents:
    """The ids of the latest events of one call."""

    __slots__ = ("_ids",)

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}

    def add(self, event_id: str) -> bool:
        """Remember the id of an event; returns whether the event is new. One without an id always is."""
        if not event_id:
            return True
        if event_id in self._ids:
            return False
        self._ids[event_id] = None
        if len(self._ids) > KEPT:
            del self._ids[next(iter(self._ids))]
        return True
