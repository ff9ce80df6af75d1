"""What holds in every conversation, whatever goes wrong in it."""

import math
import re
from enum import StrEnum

import msgspec

from actors.conversation import ChatMessage, Ending, Floor, Role, UtteranceKind
from actors.messages.model import ToolFinished
from actors.messages.output import (
    AgentTookOver,
    AudioDiscarded,
    AudioFrame,
    FloorChanged,
    PlaybackPaused,
    PlaybackResumed,
    ReplyHeard,
    ReplyText,
    SessionEnded,
)
from actors.messages.transcript import FinalTranscript
from actors.session.modes.transcription import TRANSCRIPTION
from actors.session.modes.voice_live import VOICE_LIVE
from actors.tool_outcome import ToolEnding
from tests.fault_campaign.campaign_agents import CAMPAIGN_AGENT
from tests.fault_campaign.disturbances import HOLD_S
from tests.fault_campaign.evidence import ENDS_WITHIN_S, RESTORED, TALK_S, Asked, Evidence
from tests.fault_campaign.faulty_engines import ENDINGS, HAND_OFF
from tests.fault_campaign.forbidden_words import forbidden_violations
from tests.fault_campaign.heard_words import WORD, heard_words, near_a_cut
from tests.fault_campaign.scenario import Disturbance, Finish, How
from tests.fault_campaign.speaking_faults import HearingFault, SpeakingFault
from tests.fault_campaign.transcripts import transcript_violations

INPUT_LOST = re.compile("TextEntered|KeyPressed")
OF_TOOLS = (Ending.NORMAL, Ending.HUMAN_HANDOFF)
"""How a session ends behind a reply for which a tool has ordered it: the reply is the last word."""


class Outcome(StrEnum):
    """What became of what the caller has said."""

    ANSWERED = "answered"
    APOLOGISED = "apologised"
    LEFT = "left"  # the caller did not wait for it


class Verdict(msgspec.Struct, kw_only=True):
    """The judgement on one conversation."""

    answered: int = 0
    apologised: int = 0
    ended_with_a_word: bool = False
    violations: list[str] = []


def judge(evidence: Evidence) -> Verdict:
    """Hold a conversation against all invariants."""
    verdict = Verdict(violations=[], ended_with_a_word=_ended_with_a_word(evidence))
    if evidence.scenario.mode == TRANSCRIPTION:
        verdict.answered = sum(any(a.ask.text == m.text for m in evidence.messages) for a in evidence.asked)
        verdict.violations += transcript_violations(evidence)
    else:
        _judge_conversation(evidence, verdict)
    verdict.violations += _in_any_mode(evidence)
    return verdict


def _judge_conversation(evidence: Evidence, verdict: Verdict) -> None:
    is_last_left = False
    for number, asked in reversed(list(enumerate(evidence.asked))):
        following = evidence.asked[number + 1].at if number + 1 < len(evidence.asked) else None
        outcome = _outcome(evidence, asked, following)
        # What is answered together with the words after it was not waited for either, if those were not.
        is_left = outcome is Outcome.LEFT or (outcome is None and is_last_left and _is_read(evidence, asked))
        is_last_left = is_left
        if outcome is Outcome.ANSWERED:
            verdict.answered += 1
        elif outcome is Outcome.APOLOGISED:
            verdict.apologised += 1
        elif not is_left:
            verdict.violations.append(f"unanswered: {asked.ask.text!r} ({asked.ask.how}) at {asked.at:.2f} s")
    verdict.violations += [*_history(evidence, evidence.messages, "the history"), *_taken_twice(evidence)]
    verdict.violations += [
        f"tool ran twice for {s}" for s in set(evidence.tool_runs) if evidence.tool_runs.count(s) > 1
    ]
    verdict.violations += [*_clears(evidence), *_handoffs(evidence), *_unplayed(evidence), *_unshown(evidence)]
    verdict.violations += forbidden_violations(evidence)


def _handoffs(evidence: Evidence) -> list[str]:
    """Each agent takes over from the one that has the conversation, and only where the caller has wished for it.

    Who comes back is told by the connection who has it: there an agent may have taken over in the meantime.
    """
    takeovers = [(at, m) for at, m in evidence.shown if isinstance(m, AgentTookOver)]
    wishes = [asked.at for asked in evidence.asked if HAND_OFF in asked.ask.text]
    found, present = [], CAMPAIGN_AGENT.name
    for number, (at, told) in enumerate(takeovers):
        if told.agent == told.from_agent or (told.from_agent != present and not evidence.lost_connections):
            found.append(f"{told.agent} takes over from {told.from_agent} where {present} is, at {at:.2f} s")
        if sum(wished <= at for wished in wishes) <= number:
            found.append(f"{told.agent} takes over unasked at {at:.2f} s")
        present = told.agent
    gave_up = any(isinstance(m, SessionEnded) and m.reason is Ending.ERROR for _, m in evidence.shown)
    if evidence.agent and evidence.agent != present and not evidence.lost_connections and not gave_up:
        found.append(f"the session is with {evidence.agent}, and the caller was shown {present}")
    return found


def _in_any_mode(evidence: Evidence) -> list[str]:
    found = [f"leaked: {leak}" for leak in evidence.leaks]
    found += [f"queue over its bound: {queue}" for queue in evidence.full[:3]]
    found += _untold(evidence)
    if evidence.recorded is not None and evidence.recorded != evidence.messages:
        found.append("the record in the store is not the history")
    return [*found, *_end(evidence)]


def _untold(evidence: Evidence) -> list[str]:
    """All that is shown and remembered can be told to a browser, and stored."""
    shown = {type(m).__name__: m for _, m in evidence.shown if not isinstance(m, AudioFrame) and not _is_json(m)}
    found = [f"a browser cannot be told a {name}" for name in shown]
    return [*found, *(["the history cannot be stored"] if not _is_json(evidence.messages) else [])]


def _is_json(value: object) -> bool:
    try:
        msgspec.json.encode(value)
    except UnicodeEncodeError:
        return False
    return True


def _outcome(evidence: Evidence, asked: Asked, following: float | None) -> Outcome | None:
    """What became of what was asked; None: it was passed over in silence."""
    restored_at = max((at for at, deed in evidence.deeds if deed == RESTORED and at <= asked.at), default=-1.0)
    earlier = {m.reply for at, m in evidence.shown if isinstance(m, AudioFrame) and restored_at < at <= asked.at}
    later = [m for at, m in evidence.shown if isinstance(m, AudioFrame) and at > asked.at]
    if _is_read(evidence, asked) and any(m.kind is UtteranceKind.REPLY and m.reply not in earlier for m in later):
        return Outcome.ANSWERED
    if evidence.scenario.is_outbound and asked is evidence.asked[0] and _is_greeted(later):
        return Outcome.ANSWERED
    # What is said into the last words is answered by their going on; they are sent a bit ahead of what is heard.
    since = asked.at - (TALK_S + asked.ask.silent_s if asked.ask.how is How.VOICE else 0.0)
    last_words = (UtteranceKind.APOLOGY, UtteranceKind.GOODBYE)
    # A client that has stood still is heard for longer than it is sent anything.
    sounded = [*evidence.shown, *(evidence.played or ())]
    ahead_s = evidence.scenario.lead.lead_ms / 1_000
    if any(isinstance(m, AudioFrame) and at + ahead_s > since and m.kind in last_words for at, m in sounded):
        return Outcome.APOLOGISED
    if _was_on_hold(evidence, since, asked.at) or _was_put_through(evidence, asked, following):
        return Outcome.LEFT
    finish = evidence.scenario.finish
    left_early = finish in (Finish.HANG_UP_OVER_REPLY, Finish.HANG_UP_AT_ONCE, Finish.LOST)
    return Outcome.LEFT if left_early and (following is None or _was_not_waited_for(evidence, asked)) else None


def _is_greeted(later: list[AudioFrame]) -> bool:
    """Whether the greeting comes, which is the answer to the first words of whoever we have called."""
    return any(m.kind is UtteranceKind.GREETING for m in later)


def _is_read(evidence: Evidence, asked: Asked) -> bool:
    """Whether the model has read it: words of the user reach it with those of the turn that they belong to."""
    if evidence.scenario.mishaps.hearing is HearingFault.NOT_COMMITTED and asked.ask.how is How.VOICE:
        return True  # or would have, if its service had not lost it
    return asked.ask.how is How.KEYS or any(asked.ask.text in text for text in evidence.read_by_model)


def _was_on_hold(evidence: Evidence, since: float, until: float) -> bool:
    """Whether what was said between these times was said on hold, where no words tell it from the music."""
    is_mere_voice = evidence.scenario.mode == VOICE_LIVE and until > since
    return is_mere_voice and any(began < until and since < ended for began, ended in _holds(evidence))


def _holds(evidence: Evidence) -> list[tuple[float, float]]:
    hold_s = {Disturbance.HOLD.value: HOLD_S, Disturbance.HOLD_FOR_GOOD.value: math.inf}
    return [(at, at + hold_s[deed]) for at, deed in evidence.deeds if deed in hold_s]


def _was_not_waited_for(evidence: Evidence, asked: Asked) -> bool:
    """Whether what was typed was lost with two actors, and the caller left before the answer to what they typed next
    was over: behind that they would have been asked for it again.
    """
    crashes = [deed for at, deed in evidence.deeds if at >= asked.at and deed.startswith("CRASH of the orchestrator")]
    is_lost = len(crashes) > 1 and any(INPUT_LOST.search(deed) for deed in crashes)
    replies = [m for at, m in evidence.shown if isinstance(m, ReplyHeard) and at > asked.at]
    return is_lost and all(m.interrupted for m in replies if m.kind is UtteranceKind.REPLY)


def _was_put_through(evidence: Evidence, asked: Asked, following: float | None) -> bool:
    """Whether it was said when somebody else was there to hear it, whom the caller was put through to for it or before:
    nobody goes back on that, and where what was to be said besides fails, or must not be said, they are gone.
    """
    called = [(at, m.outcome.ending) for at, m in evidence.shown if isinstance(m, ToolFinished)]
    if not called or not _ended_for(evidence, Ending.HUMAN_HANDOFF):
        return False
    until = math.inf if following is None else following
    connected = any(asked.at < at < until and ending is ToolEnding.HANDOFF for at, ending in called)
    return connected or asked.at > called[0][0]


def _ended_for(evidence: Evidence, ending: Ending) -> bool:
    return any(isinstance(m, SessionEnded) and m.reason is ending for _, m in evidence.shown)


def _ended_with_a_word(evidence: Evidence) -> bool:
    last = next((m for _, m in reversed(evidence.shown) if isinstance(m, AudioFrame)), None)
    return last is not None and last.kind in (UtteranceKind.APOLOGY, UtteranceKind.GOODBYE)


def _taken_up(evidence: Evidence) -> int:
    """How often playback went on after what had been sent was taken back."""
    count, is_discarded = 0, False
    for _, message in evidence.shown:
        if isinstance(message, AudioDiscarded):
            is_discarded = True
        elif isinstance(message, PlaybackResumed):
            count, is_discarded = count + is_discarded, False
    return count


def _history(evidence: Evidence, messages: tuple[ChatMessage, ...], what: str) -> list[str]:
    """What is remembered of us is what was heard."""
    heard, sent, cuts = heard_words(evidence)
    near = near_a_cut(evidence, cuts)
    said = [m for m in messages if m.role is Role.ASSISTANT]
    remembered = [word for m in said for word in WORD.findall(m.text)]
    found = []
    # A connection that takes another's place is sent again what was not heard yet, as is whoever is held no more: a
    # word that was cut there can look like another, or like none.
    taken_up = evidence.lost_connections + _taken_up(evidence)
    invented = [word for word in remembered if word not in sent]
    if len(invented) > taken_up:
        found.append(f"{what} has what was never sent: {invented[:6]}")
    if len(unheard := set(remembered) - set(heard) - set(invented)) > near:
        found.append(f"{what} has what was not heard: {sorted(unheard)[:6]}")
    is_told = evidence.scenario.mishaps.speaking is not SpeakingFault.NO_WORDS
    if is_told and len(forgotten := [word for word in dict.fromkeys(heard) if word not in remembered]) > near:
        found.append(f"{what} has not what was heard: {forgotten[:6]} ({len(forgotten)} words)")
    if len(remembered) > len(set(remembered)):
        found.append(f"{what} has words twice")
    return found


def _unshown(evidence: Evidence) -> list[str]:
    """All words that were heard of us were shown, as far as their model has told them.

    What a connection was shown that is lost is lost with it; another one is sent the audio again, and not the text.
    """
    if evidence.scenario.mishaps.speaking is SpeakingFault.NO_WORDS or evidence.lost_connections:
        return []
    heard, _, cuts = heard_words(evidence)
    shown = set(WORD.findall("".join(m.text for _, m in evidence.shown if isinstance(m, ReplyText))))
    missing = [word for word in dict.fromkeys(heard) if word not in shown]
    # What is cut in the middle of a word can look like another.
    if len(missing) <= near_a_cut(evidence, cuts):
        return []
    return [f"heard and never shown: {missing[:6]} ({len(missing)} words)"]


def _taken_twice(evidence: Evidence) -> list[str]:
    """What the caller has said once is in the conversation once."""
    stalled = any(plan.place == "recognizer.finish_utterance" for plan in evidence.scenario.plans)
    if stalled and evidence.scenario.mode == VOICE_LIVE:
        return []  # the next final of what listens beside the model holds the words again that it has told already
    remembered = " ".join(f" {m.text} " for m in evidence.messages if m.role is Role.USER)
    said = [a.ask.text for a in evidence.asked if a.ask.how is not How.KEYS]
    # The beginning of what was cut off may be the beginning of something else that was said.
    spoken = " ".join(f" {text} " for text in said)
    return [
        f"in the history twice: {text!r}" for text in said if remembered.count(f" {text} ") > spoken.count(f" {text} ")
    ]


def _end(evidence: Evidence) -> list[str]:
    """The session ends, in time, and says so once."""
    found = []
    shown = sum(isinstance(m, SessionEnded) for _, m in evidence.shown)
    finish = evidence.scenario.finish
    if evidence.ended_at is None:
        found.append(f"still there {ENDS_WITHIN_S[finish]:.0f} s after {finish}")
    elif shown > 1 + evidence.scenario.is_resumed or (shown == 0 and not evidence.lost_connections):
        found.append(f"its end was shown {shown} times")
    by_itself = evidence.ended_at is not None and evidence.left_at is None and finish is not Finish.HANG_UP_AT_ONCE
    by_itself = by_itself and evidence.scenario.mode != TRANSCRIPTION
    is_ordered = evidence.scenario.tool_fault in ENDINGS and any(_ended_for(evidence, end) for end in OF_TOOLS)
    if by_itself and not evidence.lost_connections and not is_ordered and not _ended_with_a_word(evidence):
        found.append(f"ended by itself at {evidence.ended_at:.2f} s without a word")
    return found


def _unplayed(evidence: Evidence) -> list[str]:
    """A client that was told to hold what it has is told to go on before it is sent more."""
    if evidence.lost_connections:
        return []  # another client holds nothing
    holds = False
    for at, message in evidence.shown:
        match message:
            case PlaybackPaused():
                holds = True
            case PlaybackResumed() | AudioDiscarded():
                holds = False
            case AudioFrame(reply=reply) if holds:
                return [f"audio of reply {reply} at {at:.2f} s for a client that was told to hold what it has"]
    return []


def _clears(evidence: Evidence) -> list[str]:
    """One clear for each interruption, and nothing of a reply after it.

    An interruption in which nothing was said gives the floor back: then the reply goes on where it was cut.
    """
    holds = _holds(evidence)
    found, begun, cleared, settled, sent_since = [], set[int](), set[int](), set[int](), 0
    restored = [at for at, deed in evidence.deeds if deed == RESTORED]
    for at, message in evidence.shown:
        if restored and at > restored[0]:
            # A session that is restored from its record numbers its replies anew.
            restored.clear()
            begun.clear()
            cleared.clear()
        match message:
            case AudioFrame(reply=reply):
                begun.add(reply)
                sent_since += 1
                if reply in cleared:
                    found.append(f"audio of reply {reply} after its clear, at {at:.2f} s")
                    cleared.discard(reply)
            case AudioDiscarded():
                if not sent_since:
                    found.append(f"a second clear for one interruption at {at:.2f} s")
                # Who is put on hold has not interrupted: the rest is heard when they are back.
                if not any(began <= at < ended for began, ended in holds):
                    cleared |= begun
                sent_since = 0
            case FinalTranscript():
                settled |= cleared
            case FloorChanged(floor=Floor.AGENT):
                cleared &= settled
    return found
