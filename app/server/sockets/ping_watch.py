"""Decides whether a client is gone since it answers no pings. Pure; asked once in each interval between pings."""

SILENT_INTERVALS = 2
"""Intervals of pings without any data, after which a client that has answered a ping before is gone."""


class PingWatch:
    """What is known of the silence of one connection's client.

    Its owner sets `heard` and `answers` itself when bytes and pongs come: that is so often that a call would cost more.
    """

    heard = False
    """Whether the client has sent something since the last look."""
    answers = False
    """Whether the client has ever answered a ping; some clients never do."""
    silent_intervals = 0
    """How many looks in a row have found nothing."""

    def look(self, *, is_held: bool) -> bool:
        """End an interval, and return whether the client is gone.

        `is_held`: what the client sends is not read at present, so that its silence means nothing.
        """
        self.silent_intervals = 0 if self.heard or is_held else self.silent_intervals + 1
        self.heard = False
        return self.answers and self.silent_intervals > SILENT_INTERVALS
