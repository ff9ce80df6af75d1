"""How an emulated service behaves: what it answers, what it hears, how fast it is."""

from collections import deque

from tests.cloud.realtime.replies import Heard, Reply


class Plan:
    """Shared by the sessions of one emulator; tests change it at any time."""

    def __init__(self) -> None:
        self.default = Reply(text="Certainly. What else can I do for you?")
        self.replies: deque[Reply] = deque()
        """The next answers, before the default."""
        self.written = Reply(text="They have talked.")
        """What sessions that only write answer."""
        self.heard: deque[Heard] = deque()
        """What the next turns of callers are understood as; then each is a count of the turns."""
        self.speech: list[tuple[float, float]] | None = None
        """Where detection finds speech, in ms of what is appended; None: by its energy."""
        self.speed = 5.0
        """Audio comes so many times faster than it plays."""
        self.late_deltas = 3
        """So many pieces of audio come after a response was cancelled."""
        self.limit_s = 3_600.0
        """Sessions are ended after this."""
        self.turns = 0

    def next_reply(self) -> Reply:
        """What is answered now."""
        return self.replies.popleft() if self.replies else self.default

    def next_heard(self) -> Heard:
        """What the turn that was just committed is understood as."""
        self.turns += 1
        return self.heard.popleft() if self.heard else Heard(text=f"Turn {self.turns}.")
