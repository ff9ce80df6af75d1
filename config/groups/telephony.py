"""Settings: Telephone calls, whichever network carries them."""

from enum import StrEnum
from typing import Annotated

import msgspec

from config import kinds
from config.secret import Secret
from config.variables import Variable


class Participants(StrEnum):
    """Whom the agent hears of those on a call."""

    CALLER = "caller"
    ALL = "all"


class Telephony(msgspec.Struct, frozen=True, kw_only=True):
    """Telephone calls, whichever network carries them."""

    source_phone_number: Annotated[
        str,
        Variable(
            "ACS_SOURCE_PHONE_NUMBER",
            "Number that outbound calls come from",
            kinds.matching("a number such as +12065550100", r"\+[1-9]\d{1,14}", secret=True),
        ),
    ] = ""
    sample_rate: Annotated[
        int, Variable("ACS_SAMPLE_RATE", "Rate of a call's audio in Hz, both ways", kinds.number_of(16_000, 24_000))
    ] = 16_000
    mixed_audio: Annotated[
        bool,
        Variable("ACS_MIXED_AUDIO", "Whether ACS mixes all voices of a call, or sends each by itself", kinds.switch()),
    ] = False
    participants: Annotated[
        Participants,
        Variable(
            "ACS_PARTICIPANTS",
            "Whom the agent hears of several people on a call: the caller, who is known by id, or all",
            kinds.one_of(Participants),
        ),
    ] = Participants.CALLER
    handoff_phone_number: Annotated[
        str,
        Variable(
            "HANDOFF_PHONE_NUMBER",
            "Number that callers are put through to when they want a person, or when there is no room for them",
            kinds.matching("a number such as +12065550100", r"\+[1-9]\d{1,14}", secret=True),
        ),
    ] = ""
    blocked_callers: Annotated[
        tuple[str, ...],
        Variable(
            "BLOCKED_CALLERS",
            "Callers whose calls are rejected, `anonymous` for those who withhold their number",
            kinds.each("numbers such as +12065550100, or anonymous", r"\+[1-9]\d{1,14}|anonymous", secret=True),
        ),
    ] = ()
    agent_by_number: Annotated[
        tuple[tuple[str, str], ...],
        Variable(
            "AGENT_BY_NUMBER",
            "Who answers calls to which number; unset: DEFAULT_AGENT answers all",
            kinds.agents_by_number(),
        ),
    ] = ()
    language_by_number: Annotated[
        tuple[tuple[str, str], ...],
        Variable(
            "LANGUAGE_BY_NUMBER",
            "Which of the agent's languages callers of which number speak; unset: the agent hears",
            kinds.languages_by_number(),
        ),
    ] = ()
    access_code: Annotated[
        Secret | None,
        Variable(
            "CALL_ACCESS_CODE",
            "Keys that callers have to press before the conversation opens; unset: none",
            kinds.digits(),
        ),
    ] = None
