"""The caller's voice, and interim and final transcripts: when an utterance is over, and what it means to the agent."""

from actors.conversation import Ending, UtteranceKind
from actors.messages.caller import TextEntered
from actors.messages.transcript import (
    EndUtterance,
    FinalTranscript,
    InterimTranscript,
    NoiseStopped,
    NoSpeechRecognized,
    ReopenRecognition,
    SpeechContinued,
    SpeechStarted,
    SpeechStopped,
)
from actors.rules.phrases import SAY_AGAIN
from actors.rules.turn_taking import answering, endings, interruption, keys, preemption, screening, voice_alone
from actors.rules.turn_taking.core import TurnCore
from actors.rules.turn_taking.effects import SPOKEN, ReportBackchannel
from actors.rules.turn_taking.state import AgentActivity, CallerActivity, Course, Interruption, OwedFinal
from actors.rules.utterances import bounded_utterance, joined_utterance

# Looked at with each window of audio or each event: an attribute of an enumeration takes longer.
_TALKING = CallerActivity.TALKING

LASTING_MS = 600.0
"""Milliseconds of voice that were meant for the agent even if no words were recognised; shorter voice may be noise.
After a question of the agent, voice as short as an answer was meant for it."""


def speech_started(turn: TurnCore, message: SpeechStarted, at: float) -> None:
    """The caller begins to speak: an utterance is in hand from now on."""
    s = turn.state
    turn.caller_becomes(_TALKING)
    screening.voice_began(turn, at)
    interruption.voice_began(turn, at)
    s.interim = ""
    s.onset_ms, s.overheard, s.known_ms = message.onset_ms, "", 0.0
    if s.final is OwedFinal.NONE:
        s.voiced_ms = 0.0
    else:
        turn.final_becomes(OwedFinal.OWED)
    s.audio_at = s.voice_at = at
    if s.interruption is Interruption.NONE:
        turn.timings.onset_at = at


def speech_continued(turn: TurnCore, message: SpeechContinued, at: float) -> None:
    """Some more of an utterance. Frames that come back after a gap begin one anew."""
    s = turn.state
    if s.caller is not _TALKING:
        if message.silence_ms > 0:
            return
        speech_started(turn, SpeechStarted(0.0), at)
    s.audio_at = at
    if message.silence_ms == 0:
        s.voice_at = at
        s.voiced_ms = max(s.voiced_ms, message.voiced_ms - s.known_ms)
        preemption.voice_goes_on(turn, message)
        interruption.voice_goes_on(turn, message, at)


def speech_stopped(turn: TurnCore, message: SpeechStopped, at: float) -> None:
    """The utterance is over: its final transcript is owed, or it is answered without."""
    if not turn.transcribes:
        overheard, turn.state.overheard = turn.state.overheard, ""
        if not voice_alone.utterance_over(turn, message, at) and overheard:
            words(turn, at, overheard)
        return
    if turn.state.final is OwedFinal.PRESUMED:
        turn.final_becomes(OwedFinal.OWED)
    _utterance_over(turn, at, at - message.silence_ms / 1000, OwedFinal.OWED)


def audio_missing(turn: TurnCore, at: float) -> None:
    """The transport has sent no audio in mid-utterance: the utterance is over, as if silence had ended it."""
    turn.do(EndUtterance())
    _utterance_over(turn, at, turn.state.audio_at, OwedFinal.PRESUMED)


def _utterance_over(turn: TurnCore, at: float, spoke_at: float, final: OwedFinal) -> None:
    s = turn.state
    if s.caller is not _TALKING:
        return
    turn.caller_becomes(CallerActivity.AWAITED)
    if s.final is OwedFinal.NONE:
        turn.final_becomes(final)
    s.awaited_at, s.spoke_at, s.fillers = at, spoke_at, 0


def noise_stopped(turn: TurnCore, _message: NoiseStopped, at: float) -> None:
    """What had begun was too short to be an utterance. The final of an utterance before it may still be owed."""
    s = turn.state
    if not turn.transcribes:
        overheard, s.overheard = s.overheard, ""
        voice_alone.noise_stopped(turn, at)
        if overheard:
            words(turn, at, overheard)
    elif s.caller is _TALKING and s.final is not OwedFinal.NONE:
        turn.caller_becomes(CallerActivity.AWAITED)
        interruption.not_confirmed(turn, at)
    elif s.final in (OwedFinal.NONE, OwedFinal.PRESUMED):
        nothing_said(turn, at)


def no_speech_recognized(turn: TurnCore, _message: NoSpeechRecognized, at: float) -> None:
    """There was voice, but nothing intelligible: the agent goes on with what it says, if anything.

    A caller who has spoken for long to an agent that says nothing, or as long as a word to one that has asked, waits
    for an answer, and is asked to say it again.
    Once: voice that is never understood, a television perhaps, would be asked without end.
    """
    s = turn.state
    if not turn.transcribes:
        return
    turn.final_becomes(OwedFinal.NONE)
    if s.caller is _TALKING:
        return
    is_waited_for = turn.only_bridges and s.caller is CallerActivity.AWAITED
    nothing_said(turn, at)
    if is_waited_for and s.voiced_ms >= (voice_alone.ANSWER_MS if s.has_asked else LASTING_MS) and not s.asked_again:
        _ask_again_if_idle(turn)


def nothing_said(turn: TurnCore, at: float) -> None:
    """The caller said nothing: everything goes on as it was.

    Where interim transcripts have taken the floor already, the caller is taken at their word.
    """
    s = turn.state
    turn.caller_becomes(CallerActivity.SILENT)
    if s.interim and s.interruption is Interruption.DECIDED:
        words(turn, at, s.interim)
        return
    s.interim = ""
    turn.final_becomes(OwedFinal.NONE)
    interruption.not_confirmed(turn, at)
    answering.settle(turn, at)


def interim_transcript(turn: TurnCore, message: InterimTranscript, at: float) -> None:
    """What the caller seems to have said so far may be enough to take the floor."""
    s = turn.state
    s.interim = text = bounded_utterance(message.text)
    preemption.words_so_far(turn, text)
    policy = turn.policy
    if policy is None or s.interruption is Interruption.DECIDED or s.caller is CallerActivity.SILENT:
        return
    if s.caller is CallerActivity.AWAITED and turn.only_bridges:
        # Words from before the filler, which come late, do not interrupt it.
        return
    interruption.interim_words(turn, policy, text, at)


def final_transcript(turn: TurnCore, message: FinalTranscript, at: float) -> None:
    """What the caller said, unless it is of audio that has been dealt with."""
    s = turn.state
    if not turn.transcribes and screening.words_known(turn, at, bounded_utterance(message.text)):
        return
    if message.end_ms <= s.settled_ms:
        return
    s.settled_ms = message.end_ms
    is_of_utterance = s.caller is _TALKING and message.end_ms > s.onset_ms
    if is_of_utterance and not turn.transcribes:
        _keep_overheard(turn, message, at)
    elif message.text.strip():
        if is_of_utterance:
            s.known_ms, s.voiced_ms = s.known_ms + s.voiced_ms, 0.0
        words(turn, at, bounded_utterance(message.text))
    else:
        no_speech_recognized(turn, NoSpeechRecognized(message.end_ms), at)


def _keep_overheard(turn: TurnCore, message: FinalTranscript, at: float) -> None:
    """Keep words of an utterance that goes on and is answered as it was spoken, by a model that hears it.

    They may take the floor. Answered by themselves they would be answered twice.
    """
    s = turn.state
    s.overheard = joined_utterance(s.overheard, message.text)
    interim_transcript(turn, InterimTranscript(s.overheard, message.start_ms, message.end_ms), at)


def words(turn: TurnCore, at: float, text: str) -> None:
    """The caller said `text`: an answer, an interruption, or a sign of listening.

    Words that are no backchannel are always answered: now, or when the reply is over.
    """
    s = turn.state
    was_awaited = s.caller is CallerActivity.AWAITED
    if was_awaited:
        turn.caller_becomes(CallerActivity.SILENT)
    s.interim = ""
    turn.final_becomes(OwedFinal.NONE)
    if screening.takes(turn, at, text):
        return
    if turn.is_closing:
        _over_the_end(turn, at, text)
    elif s.keys:
        interruption.take_floor(turn, at)
        answering.answer(turn, at, keys.joined_with_keys(turn, text))
    elif not turn.is_busy or (was_awaited and turn.only_bridges):
        _to_a_silent_agent(turn, at, text, was_awaited=was_awaited)
    elif (policy := turn.policy) is None:
        _below_the_threshold(turn, at, text)
    elif _asks_for_a_sign(turn) or interruption.takes_floor(turn, policy, text):
        interruption.barge_in(turn, at)
        answering.answer(turn, at, text)
    else:
        _below_the_threshold(turn, at, text)


def _to_a_silent_agent(turn: TurnCore, at: float, text: str, *, was_awaited: bool) -> None:
    """Words while nothing is said or made: an answer, or a last "bye" into the end of the agent's goodbye.

    A "hello?" to an agent that was thinking may be known when all of the answer was heard: it has been answered then.
    """
    if turn.state.ending is not None:
        is_settled = not interruption.meaning(turn, text)
    else:
        is_late = was_awaited and not turn.is_busy and interruption.was_said_before_reply(turn)
        is_settled = is_late and interruption.asks_for_nothing(turn, text)
    if is_settled:
        answering.settle(turn, at)
    else:
        answering.answer(turn, at, text)


def _over_the_end(turn: TurnCore, at: float, text: str) -> None:
    """Words into the end of a session that has lasted or cost enough: they may cut it short, and are not answered."""
    _leave_unanswered(turn, text)
    policy = turn.policy
    if policy is not None and interruption.takes_floor(turn, policy, text):
        interruption.barge_in(turn, at)
    else:
        interruption.not_confirmed(turn, at)
    answering.settle(turn, at)


def _leave_unanswered(turn: TurnCore, text: str) -> None:
    """Keep words for the record, unless they are a backchannel or a goodbye."""
    if interruption.meaning(turn, text):
        endings.leave_unanswered(turn, text)


def final_too_late(turn: TurnCore, message: FinalTranscript, _at: float) -> None:
    """What the caller says while the last words are being said is not answered."""
    s = turn.state
    if turn.transcribes and message.end_ms > s.settled_ms and s.ending is not Ending.MESSAGE_LEFT:
        s.settled_ms, s.interim = message.end_ms, ""
        _leave_unanswered(turn, bounded_utterance(message.text))


def text_too_late(turn: TurnCore, message: TextEntered, _at: float) -> None:
    """What is typed while the last words are being said is not answered."""
    if keys.settle_input(turn, message.number):
        endings.leave_unanswered(turn, message.text)


def _asks_for_a_sign(turn: TurnCore) -> bool:
    """Whether the agent is asking whether anybody is there: any word is an answer to that."""
    utterances = turn.state.utterances
    return bool(utterances) and utterances[0].kind is UtteranceKind.PROMPT


def _below_the_threshold(turn: TurnCore, at: float, text: str) -> None:
    """Too little to take the floor: words wait for the end of the reply, a backchannel may be an answer to its end."""
    s = turn.state
    if interruption.meaning(turn, text):
        s.waiting_text = joined_utterance(s.waiting_text, text)
        if s.tail_text == SPOKEN:
            # The words are known of what was voice alone: they are not answered once more as that.
            s.tail_text = ""
    else:
        turn.do(ReportBackchannel())
        if not interruption.was_said_to_thinking(turn):
            s.tail_text, s.tail_at = text, at
    interruption.not_confirmed(turn, at)


def transcript_missing(turn: TurnCore, at: float) -> None:
    """The recognizer does not give the final transcript it owes.

    What interim transcripts said stands; else the audio is recognised once more; else the caller is asked to
    say it again: now, or when what the agent is saying is over.
    """
    s = turn.state
    if not turn.transcribes:
        # Only where the end of the utterance was not told after its audio had stopped.
        s.overheard = ""
        voice_alone.answer_speech(turn, at)
        return
    turn.do(ReopenRecognition(again=not s.interim and s.final is not OwedFinal.REOPENED))
    if s.interim:
        words(turn, at, s.interim)
    elif s.final is not OwedFinal.REOPENED:
        turn.final_becomes(OwedFinal.REOPENED)
        s.awaited_at = at
        # Twice as long a silence in the midst of what the agent says would be taken for its end.
        turn.release()
    else:
        was_waited_for, is_known = turn.only_bridges, s.known_ms > 0 and s.voiced_ms < LASTING_MS
        # What the agent is saying goes on first.
        s.owed_apology = s.owed_apology or (0 if was_waited_for or is_known else SAY_AGAIN)
        nothing_said(turn, at)
        if was_waited_for and not is_known:
            _ask_again_if_idle(turn)


def _ask_again_if_idle(turn: TurnCore) -> None:
    s = turn.state
    # Nobody is asked to say something again to a session that ends.
    is_ending = s.course is Course.OVER or s.ending is not None or turn.is_closing
    if s.agent is AgentActivity.IDLE and not is_ending and not turn.is_screening:
        answering.apologise(turn, SAY_AGAIN)


def text_entered(turn: TurnCore, message: TextEntered, at: float) -> None:
    """Typed text takes the floor and is answered at once."""
    if not keys.settle_input(turn, message.number):
        return
    interruption.take_floor(turn, at)
    turn.state.screening = None
    turn.state.spoke_at, turn.state.fillers = at, 0
    answering.answer(turn, at, keys.joined_with_keys(turn, message.text))
