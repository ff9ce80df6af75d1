"""Why a call does not come about, before the telephone network is asked for it."""


class NotConfiguredError(Exception):
    """There is no telephone network, or not all that is needed of it; the text names the variable."""


class NoCapacityError(Exception):
    """There is no capacity left for another call: the caller is told that the number is busy."""
