"""What holds in every session that only listens, whatever goes wrong in it."""

from collections import Counter

from actors.conversation import Ending, Role
from actors.messages.output import SessionEnded
from actors.messages.transcript import FinalTranscript
from tests.fault_campaign.caller_voice import ASSENT, SAID
from tests.fault_campaign.evidence import TALK_S, UNHEARD_S, Asked, Evidence
from tests.fault_campaign.hearing_recognizer import RecognizerFault
from tests.fault_campaign.scenario import Disturbance

RECOGNISED_S = 1.0
"""From when the words have ended to their final transcript."""


def transcript_violations(evidence: Evidence) -> list[str]:
    """All that was said stands in the transcript once, in the order in which it was said; nothing else does."""
    texts = _texts(evidence)
    said = [asked.ask.text for asked in evidence.asked]
    found = [f"not in the transcript: {a.ask.text!r} at {a.at:.2f} s" for a in evidence.asked if _is_lost(evidence, a)]
    begun = [deed.removeprefix("voice: ") for _, deed in evidence.deeds if deed.startswith("voice: ")]
    found += [f"never said: {text!r}" for text in texts if not _is_said(text, [*said, *begun])]
    beside = Counter(word for each in SAID.values() for word in each.text.split() * len(texts))
    if twice := _words(texts) - _words(begun) - beside:
        found.append(f"in the transcript twice: {sorted(twice)}")
    places = [_joined(texts).find(f" {text} ") for text in said]
    if (known := [place for place in places if place >= 0]) != sorted(known):
        found.append(f"in another order than said: {texts}")
    numbers = [m.turn for m in evidence.messages]
    if numbers != list(range(1, len(numbers) + 1)):
        found.append(f"transcripts are numbered {numbers}")
    shown = [m.text.replace(" \ufffd", "") for _, m in evidence.shown if isinstance(m, FinalTranscript)]
    if shown != texts and not evidence.lost_connections:
        found.append(f"shown is {shown}, kept is {texts}")
    return found


def _texts(evidence: Evidence) -> list[str]:
    """What stands in the transcript; half an emoji, of which a mark is left, is none of what was said."""
    return [m.text.replace(" \ufffd", "") for m in evidence.messages if m.role is Role.USER]


def _joined(texts: list[str]) -> str:
    return f" {' '.join(texts)} "


def _words(texts: list[str]) -> Counter[str]:
    return Counter(word for text in texts for word in text.split())


def _is_said(text: str, said: list[str]) -> bool:
    """Whether a transcript is some of what was said, in one piece, and perhaps a word of assent in it.

    Before it and behind it there may be a part of one: the caller goes on to say something else, or what they have said
    is over for us in the midst of it.
    """
    assent = SAID[ASSENT].text.split()
    words = f" {text} ".replace(f" {' '.join(assent)} ", " ").split()
    begins = (0, 1) if words and words[0] in assent else (0,)
    ends = (len(words), len(words) - 1) if words and words[-1] in assent else (len(words),)
    whole = _joined(said)
    return any(begin >= end or f" {' '.join(words[begin:end])} " in whole for begin in begins for end in ends)


def _is_lost(evidence: Evidence, asked: Asked) -> bool:
    if f" {asked.ask.text} " in _joined(_texts(evidence)):
        return False
    if _was_moved(evidence, asked):
        return False
    return not _gave_up(evidence, asked.at) and not _is_unrecognisable(evidence)


def _was_moved(evidence: Evidence, asked: Asked) -> bool:
    """Whether the session went to another process, where its audio is not, while the words were said or recognised."""
    began = asked.at - TALK_S - asked.ask.silent_s
    moves = [at for at, deed in evidence.deeds if deed == Disturbance.MOVED]
    return any(began <= at <= asked.at + RECOGNISED_S for at in moves)


def _gave_up(evidence: Evidence, at: float) -> bool:
    """Whether the session has failed, and ended, before what was said at `at` had to be recognised."""
    failed = [t for t, m in evidence.shown if isinstance(m, SessionEnded) and m.reason is Ending.ERROR]
    if evidence.left_at is None and evidence.ended_at is not None:
        failed.append(evidence.ended_at)
    return any(at - TALK_S < t < at + UNHEARD_S for t in failed)


def _is_unrecognisable(evidence: Evidence) -> bool:
    """Whether the engine itself may never have given the words away."""
    scenario = evidence.scenario
    lasting = any(plan.place.startswith("recognizer.") and plan.times > 1 for plan in scenario.plans)
    without_text = scenario.recognizer_fault is RecognizerFault.NOT_TEXT
    return lasting or without_text
