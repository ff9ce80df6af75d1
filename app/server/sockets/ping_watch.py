"""Decides whether a client is gone since it answers no pings. Pure; asked once in each interval between pings."""

SILENT_INTERVALS = 2
"""A client that has answered a ping before, and has sent nothing for so many intervals of them, is gone."""


class PingWatch:
    """What is known of the silence of one connection's client.

    Its owner sets `heard` and `answers` itself when bytes and pongs come: that is so often that a call would cost more.
    """

    heard = False
    """The client has sent something since the last look."""
    answers = False
    """The client has answered a ping at least once: some never do."""
    silent_intervals = 0
    """How many looks in a row have found that nothing had come."""

    def is_gone(self, *, is_held: bool) -> bool:
        """Look, and begin the next interval. `is_held`: what the client sends is not read at present, so that its
        silence says nothing.
        """
        self.silent_intervals = 0 if self.heard or is_held else self.silent_intervals + 1
        self.heard = False
        return self.answers and self.silent_intervals > SILENT_INTERVALS
