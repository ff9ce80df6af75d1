"""What happens in one conversation of the campaign: what the caller does, what goes wrong, and how it is left."""

from collections.abc import Callable
from enum import StrEnum
from random import Random

import msgspec

from actors.messages.caller import BLIND, MARKED, PACED, Lead
from actors.session.modes.media import MEDIA
from actors.tools import OnInterruption
from tests.fault_campaign.careless_engines import AnswerFault, VoiceFault
from tests.fault_campaign.crashes import Crash
from tests.fault_campaign.faulty_engines import McpFault, ModelFault, ToolFault
from tests.fault_campaign.guardrails import Guards
from tests.fault_campaign.hearing_recognizer import RecognizerFault
from tests.fault_campaign.marking_client import ClientFault
from tests.fault_campaign.speaking_faults import Mishaps
from tests.kit.faults import Plan


class How(StrEnum):
    """How the caller says something."""

    VOICE = "voice"
    TYPED = "typed"
    KEYS = "keys"


class When(StrEnum):
    """When the caller says it."""

    BEFORE_ANYTHING = "before any actor has started"
    AT_ONCE = "when the line is open"
    IN_QUIET = "when nothing sounds"
    OVER_REPLY = "while the agent speaks"


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the caller says, and is owed an answer to."""

    how: How
    when: When
    text: str
    pause_s: float = 0.5
    """How long the caller waits when it could be said."""
    has_end: bool = True
    """Keys are followed by the one that ends an input."""
    silent_s: float = 0.0
    """How long the caller is silent in the middle of it, where it is said by voice."""


class Disturbance(StrEnum):
    """What happens beside the conversation."""

    INTERRUPT = "an interrupt message"
    LOST_AND_BACK = "the connection is lost and comes back"
    REPLACED = "the connection is replaced"
    OUTPUT_RAISES = "the output raises, and the connection comes back"
    HOLD = "the caller is put on hold for 3 s"
    HOLD_FOR_GOOD = "the caller is put on hold for good"
    RESTART = "an operator restarts a child"
    GARBAGE = "text that is no text, and 300 keys"
    NOISE = "noise of 120 ms"
    LONG_NOISE = "noise of 460 ms without words"
    BACKCHANNEL = "a word of assent over the reply"
    AUDIO_STOPS = "the caller's audio stops in mid-word"
    MOVED = "another process goes on with the session"


class Finish(StrEnum):
    """How the conversation is left."""

    HANG_UP = "hang-up"
    HANG_UP_OVER_REPLY = "hang-up in mid-reply"
    HANG_UP_AT_ONCE = "hang-up before any actor has started"
    SILENCE = "silence"
    LOST = "connection lost for good"
    DRAIN = "a drain"


class Operator(StrEnum):
    """What an operator does about a call of a tool that needs to be approved."""

    APPROVES = "approves"
    DECLINES = "declines"
    LEAVES_IT = "does not decide"


class Scenario(msgspec.Struct, kw_only=True):
    """One conversation. A kind of fault changes a plain one."""

    seed: int
    kinds: list[str] = []
    asks: list[Ask]
    finish: Finish
    lead: Lead
    disturbances: list[tuple[float, Disturbance]] = []
    """With the seconds after the beginning."""
    crashes: list[Crash] = []
    plans: list[Plan] = []
    model_fault: ModelFault | None = None
    faulty_requests: range = range(0)
    recognizer_fault: RecognizerFault | None = None
    faulty_finals: range = range(0)
    vad_fault: AnswerFault | None = None
    faulty_windows: range = range(0)
    turn_end_fault: AnswerFault | None = None
    faulty_ends: range = range(0)
    voice_fault: VoiceFault | None = None
    operator: Operator | None = None
    """None: no tool needs to be approved."""
    mcp_fault: McpFault | None = None
    """Of the server whose tool books; None: the tool is one of our own."""
    ask_in_restart: Ask | None = None
    """What is typed or keyed while an actor that has crashed twice waits to be started again."""
    tool_fault: ToolFault | None = None
    tool_connects: bool = False
    """The tool calls somebody for the caller."""
    on_interruption: OnInterruption = OnInterruption.CANCEL
    is_outbound: bool = False
    """We have called, and listen first: a machine may have answered."""
    max_session_s: float | None = None
    """How long the session may last; None: as long as that of any."""
    max_tool_calls: int = 0
    """How many tools may be called in it; 0: any number."""
    kept_share: float = 1.0
    cut_writes: range = range(0)
    mode: str = MEDIA
    mishaps: Mishaps = Mishaps()
    """Of the speech-to-speech model, in the mode that has one."""
    client_fault: ClientFault | None = None
    """For a client that reports marks."""
    guards: Guards | None = None
    """What the agents must not say; None: they may say anything."""
    is_resumed: bool = False
    """When it has ended, the session is restored from its record, and something more is said."""


Kind = Callable[[Scenario, Random], None]
"""A kind of fault, or of conversation: how it changes a plain one."""


def plain(seed: int, rng: Random) -> Scenario:
    """A conversation in which nothing goes wrong."""
    asks = []
    for number in range(rng.randint(1, 4)):
        how = rng.choice([How.VOICE, How.VOICE, How.TYPED, How.KEYS])
        over = number > 0 and how is not How.KEYS and rng.random() < 0.25
        wish = f"please book the slot s{number}" if rng.random() < 0.4 else f"what about this q{number}"
        asks.append(
            Ask(
                how=how,
                when=When.OVER_REPLY if over else When.IN_QUIET,
                text=str(rng.randint(10, 99_999)) if how is How.KEYS else wish,
                pause_s=rng.uniform(0.3, 2.0),
            )
        )
    finishes = [Finish.HANG_UP, Finish.HANG_UP_OVER_REPLY, Finish.SILENCE, Finish.DRAIN]
    return Scenario(
        seed=seed,
        asks=asks,
        finish=rng.choice(finishes),
        lead=rng.choice([PACED, PACED, MARKED, BLIND]),
        on_interruption=rng.choice(list(OnInterruption)),
    )
