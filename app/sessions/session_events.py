"""What happens to the sessions of a worker, for those parts of it that keep something of each."""

import msgspec

from actors.conversation import SessionRecord
from app.observers import Observers


class SessionEvents(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to tell of what happens to sessions: each is called with the id of the session, or with its record."""

    opened: Observers[str] = msgspec.field(default_factory=Observers)
    """A session begins."""
    moved: Observers[str] = msgspec.field(default_factory=Observers)
    """Another worker has gone on with a session, which has not ended here yet."""
    over: Observers[str] = msgspec.field(default_factory=Observers)
    """A session has ended."""
    saved: Observers[SessionRecord] = msgspec.field(default_factory=Observers)
    """The record of a session is stored."""
