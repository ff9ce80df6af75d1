"""Why a call does not come about, before the telephone network is asked for it."""


class NotConfigured(Exception):
    """There is no telephone network, or not all that is needed of it; the text names the variable."""


class Busy(Exception):
    """No capacity for another call."""
