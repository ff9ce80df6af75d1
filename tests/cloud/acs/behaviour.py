"""How the emulated service behaves where the real one may do this or that."""

from collections.abc import Callable
from typing import Literal

import msgspec

from tests.cloud.acs.media import Silence


class Behaviour(msgspec.Struct):
    """Times in seconds; all may be changed while the emulator runs.

    `socket_delay_s`: so much later than it might, a socket is opened. `jitter_ms`: a frame is up to that late.
    `opens_sockets`: if not, the service does not even try, and tells nobody. `reconnect_after_s`: a media socket that
    broke is opened again by the service, None if only when asked to; where there is `draw_reconnect`, as that says for
    each. `names_in_mixed`: mixed audio says a participant
    too. `page_size`: of the list of participants, None for all in one. `transfer_ends_streaming`: the media socket is
    closed when a transfer begins. `dates_offsets`: offsets of transcripts are moments, counted down from the end of
    .NET's calendar, instead of times from the beginning. `transcribes`: what callers say is transcribed as a count of
    their utterances; if not, a test says what was understood. `establish_again_s`: for so long after a transfer failed
    orders are still refused.
    """

    connect_delay_s: float = 0.02
    action_delay_s: float = 0.02
    play_s: float = 0.1
    socket_delay_s: float = 0.0
    jitter_ms: float = 0.0
    silence: Silence = "flagged"
    opens_sockets: bool = True
    reconnect_after_s: float | None = None
    draw_reconnect: Callable[[], float | None] | None = None
    names_in_mixed: bool = False
    lenient: bool = False
    page_size: int | None = None
    transfer_ends_streaming: bool = True
    dates_offsets: bool = False
    transcribes: bool = False
    establish_again_s: float = 0.2


class Pickup(msgspec.Struct, frozen=True):
    """What becomes of a call to somebody, after so long."""

    outcome: Literal["answer", "busy", "no_answer", "unreachable", "declined"] = "answer"
    after_s: float = 0.0
