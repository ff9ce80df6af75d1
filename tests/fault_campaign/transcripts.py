"""What holds in every session that only listens, whatever goes wrong in it."""

from actors.conversation import Ending, Role
from actors.messages.output import SessionEnded
from actors.messages.transcript import FinalTranscript
from tests.fault_campaign.conversation import TALK_S, UNHEARD_S, Asked, Evidence
from tests.fault_campaign.crashes import Moment
from tests.fault_campaign.faulty_engines import RecognizerFault
from tests.fault_campaign.scenario import Disturbance

BESIDE = ("uh huh",)
"""What a caller may say beside what is expected."""

LOST_REPORT = f"CRASH of the recognizer {Moment.BEFORE_MESSAGE} RecognitionReported"
SPOKEN = (Disturbance.BACKCHANNEL, Disturbance.LONG_NOISE, Disturbance.AUDIO_STOPS)
"""What the engine, which says one thing at a time, may take for the end of what is being said."""


def transcript_violations(evidence: Evidence) -> list[str]:
    """Each thing that was said stands in the transcript once, in the order in which it was said; nothing else does."""
    texts = [m.text for m in evidence.messages if m.role is Role.USER]
    said = [asked.ask.text for asked in evidence.asked]
    known = {*said, *BESIDE, *_cut_short(evidence, texts)}
    found = [f"never said: {text!r}" for text in texts if text not in known]
    found += [
        f"in the transcript twice: {text!r}" for text in dict.fromkeys(said) if texts.count(text) > said.count(text)
    ]
    found += [f"not in the transcript: {a.ask.text!r} at {a.at:.2f} s" for a in evidence.asked if _is_lost(evidence, a)]
    kept = [text for text in texts if text in said]
    if kept != [text for text in said if text in kept]:
        found.append(f"in another order than said: {kept}")
    numbers = [m.turn for m in evidence.messages]
    if numbers != list(range(1, len(numbers) + 1)):
        found.append(f"transcripts are numbered {numbers}")
    shown = [m.text for _, m in evidence.shown if isinstance(m, FinalTranscript)]
    if shown != texts and not evidence.lost_connections:
        found.append(f"shown is {shown}, kept is {texts}")
    return found


def _cut_short(evidence: Evidence, texts: list[str]) -> list[str]:
    """The last text of a session that has failed while somebody was speaking: what was understood of it until then."""
    if evidence.left_at is not None or evidence.ended_at is None:
        return []
    begun = [deed.removeprefix("voice: ") for _, deed in evidence.deeds if deed.startswith("voice: ")]
    return [text for text in texts[-1:] if begun and begun[-1].startswith(f"{text} ")]


def _is_lost(evidence: Evidence, asked: Asked) -> bool:
    if any(m.text == asked.ask.text for m in evidence.messages):
        return False
    return not _gave_up(evidence, asked.at) and not _is_unrecognisable(evidence)


def _gave_up(evidence: Evidence, at: float) -> bool:
    """Whether the session has failed, and ended, before what was said at `at` had to be recognised."""
    failed = [t for t, m in evidence.shown if isinstance(m, SessionEnded) and m.reason is Ending.ERROR]
    if evidence.left_at is None and evidence.ended_at is not None:
        failed.append(evidence.ended_at)
    return any(at - TALK_S < t < at + UNHEARD_S for t in failed)


def _is_unrecognisable(evidence: Evidence) -> bool:
    """Whether the engine itself may never have given the words away, or two things were said at once."""
    scenario = evidence.scenario
    lasting = any(plan.place.startswith("recognizer.") and plan.times > 1 for plan in scenario.plans)
    without_text = scenario.recognizer_fault is RecognizerFault.NOT_TEXT
    # The engine of these tests recognises the same words once: a stream that was closed meanwhile has kept them, and so
    # has a report that was lost with the actor it was told to.
    lost = any(deed.startswith(LOST_REPORT) for _, deed in evidence.deeds)
    is_late = scenario.recognizer_fault is RecognizerFault.LATE
    too_late = is_late and any(crash.victim in ("recognizer", "session") for crash in scenario.crashes)
    return lasting or without_text or too_late or lost or any(what in SPOKEN for _, what in scenario.disturbances)
