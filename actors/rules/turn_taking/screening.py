"""Screening of a call that the agent has placed: whether a person has answered it or an answering machine (voicemail).

The agent listens until the other side has said something and fallen silent; `rules/answering_machine.py` judges what
was heard. A person is greeted, and what they said first is noted, or answered after the greeting where it was more than
a hello and the greeting asks nothing itself. They still count as a possible machine until they have answered to the
greeting. A machine is hung up on, or is left a message: after its tone, or after a silence in which none came. Somebody
who says hello to an agent that waits for the tone is a person after all, and is greeted.
"""

import msgspec

from actors.agent import VoicemailAction
from actors.conversation import Ending, UtteranceKind
from actors.messages.playback import StopReason
from actors.messages.transcript import ToneEnded
from actors.rules.answering_machine import Heard, Judgement, Verdict, judged
from actors.rules.backchannel import meaningful_words
from actors.rules.questions import question_s
from actors.rules.turn_taking import answering, endings
from actors.rules.turn_taking.core import TurnCore
from actors.rules.turn_taking.effects import NoteWords, ReportMachine
from actors.rules.turn_taking.state import CallerActivity, Interruption, Screening, ScreeningStage
from actors.rules.utterances import joined_utterance

GREET_AFTER_S = 2.0
"""Seconds of silence after which a person who has said nothing intelligible is greeted."""
DOUBT_S = 2.0
"""Seconds that the agent listens longer before it greets, after one sign of a machine."""
LISTENS_S = 45.0
"""Seconds after which a person who never falls silent is greeted nevertheless."""
NO_TONE_S = 4.0
"""Seconds of silence without a tone after which a machine is taken to be recording."""
MACHINE_S = 60.0
"""Seconds after which a machine that never falls silent, such as a radio, is hung up on."""
PAUSE_S = 3.0
"""Seconds of silence that ask for an answer: what is said after them does not belong to the same monologue. Nor does
what is said into the greeting, for only time in which nobody else speaks counts."""
HELLO_WORDS = 6
"""The most words, hellos apart, that are taken for a name or a hello, to which the greeting is the answer."""


def listen(turn: TurnCore, at: float) -> None:
    """Begin to listen to whoever has answered the call."""
    turn.state.screening = Screening(since=at)


def go_on(turn: TurnCore, at: float) -> None:
    """Begin all waits anew, by the present clock; end the screening where the present agent ignores machines."""
    former = turn.state.screening
    if turn.agent.voicemail is VoicemailAction.IGNORE:
        turn.state.screening = None
    elif former is not None:
        talks_since = None if former.talks_since is None else at
        turn.state.screening = msgspec.structs.replace(former, since=at, talks_since=talks_since)
        if former.stage is ScreeningStage.LISTENING and former.words:
            # The last of them may be known from a process that did not come to judge them.
            _judge(turn, at)


def voice_began(turn: TurnCore, at: float) -> None:
    """An utterance begins: a new monologue, if the last one is over since long, or the agent speaks."""
    s = turn.state
    if s.screening is None:
        return
    if s.screening.talks_since is None or at - s.voice_at > PAUSE_S or turn.is_sounding:
        s.screening = msgspec.structs.replace(s.screening, talks_since=at)


def takes(turn: TurnCore, at: float, text: str) -> bool:
    """Judge words of whoever has answered; whether they need no answer, now at least."""
    s = turn.state
    former = s.screening
    if former is None:
        return False
    if former.stage is ScreeningStage.MACHINE:
        if _is_hello(turn, text):
            s.screening = Screening(words=text, talks_since=at, since=at)
        return True
    s.screening = msgspec.structs.replace(former, words=joined_utterance(former.words, text))
    if _judge(turn, at).verdict is Verdict.MACHINE:
        return True
    if former.stage is ScreeningStage.LISTENING:
        # Greeted when they have fallen silent: that is a wait.
        return True
    if not turn.is_busy and s.interruption is Interruption.NONE:
        # They let the greeting be said and answer to it, as no machine does.
        s.screening = None
    return False


def words_known(turn: TurnCore, at: float, text: str) -> bool:
    """Judge words that come late, of voice that is answered without them, or not; whether they need no answer."""
    return bool(text.strip()) and takes(turn, at, text)


def speech_answered(turn: TurnCore) -> None:
    """Voice is answered whose words may come or not: who is answered for the second time is no machine."""
    if turn.state.turn_number > 0:
        turn.state.screening = None


def tone_ended(turn: TurnCore, _message: ToneEnded, at: float) -> None:
    """A tone was heard: a machine records from now on. Before any voice it may be anything."""
    s = turn.state
    if s.screening is None or s.screening.talks_since is None:
        return
    s.screening = msgspec.structs.replace(s.screening, has_tone=True)
    if s.screening.stage is ScreeningStage.MACHINE:
        _leave_message(turn, at)
    else:
        _judge(turn, at)


def _judge(turn: TurnCore, at: float) -> Judgement:
    """Who seems to have answered; if that is a machine, do what the agent's file says."""
    judgement = _judgement(turn)
    if judgement.verdict is Verdict.MACHINE:
        _found(turn, at, judgement.signs)
    return judgement


def _judgement(turn: TurnCore) -> Judgement:
    s = turn.state
    assert s.screening is not None
    since = s.screening.talks_since
    talks_s = max(0.0, s.voice_at - since) if since is not None else 0.0
    heard = Heard(text=s.screening.words, talks_s=talks_s, has_tone=s.screening.has_tone)
    return judged(heard, turn.agent.languages)


def _found(turn: TurnCore, at: float, signs: tuple[str, ...]) -> None:
    s = turn.state
    assert s.screening is not None
    turn.silence(at, StopReason.SUPERSEDED)
    turn.cancel_thinking()
    s.waiting_text = s.tail_text = s.asked = ""
    s.owed_apology = 0
    turn.do(ReportMachine(signs))
    if turn.agent.voicemail is not VoicemailAction.LEAVE_MESSAGE or not turn.agent.phrases.voicemail:
        turn.end(Ending.VOICEMAIL)
    elif s.screening.has_tone:
        _leave_message(turn, at)
    else:
        s.screening = msgspec.structs.replace(s.screening, stage=ScreeningStage.MACHINE, since=at)


def _leave_message(turn: TurnCore, at: float) -> None:
    turn.state.screening = None
    endings.last_words(turn, at, UtteranceKind.VOICEMAIL, Ending.MESSAGE_LEFT)


def _is_hello(turn: TurnCore, text: str) -> bool:
    """Whether `text` only asks whether anybody is there, as a person does to whom nobody speaks."""
    words = turn.words
    return meaningful_words(text) > 0 and not meaningful_words(text, words.attention)


def due(turn: TurnCore) -> float | None:
    """By when whoever has answered is taken to have said what they have to say; None where that is not awaited."""
    s = turn.state
    screening = s.screening
    if screening is None or screening.stage is ScreeningStage.GREETED or s.on_hold_since is not None:
        return None
    is_machine = screening.stage is ScreeningStage.MACHINE
    at_last = screening.since + (MACHINE_S if is_machine else LISTENS_S)
    if s.caller is not CallerActivity.SILENT:
        return at_last
    silent_since = max(screening.since if not screening.words else 0.0, s.voice_at)
    return min(at_last, silent_since + _patience_s(turn, screening))


def _patience_s(turn: TurnCore, screening: Screening) -> float:
    if screening.stage is ScreeningStage.MACHINE:
        return NO_TONE_S
    if not screening.words:
        return GREET_AFTER_S
    return DOUBT_S if _judgement(turn).verdict is Verdict.DOUBTFUL else 0.0


def nothing_more_heard(turn: TurnCore, at: float) -> None:
    """Whoever has answered has fallen silent, or never does: greet a person, leave a machine its message."""
    s = turn.state
    assert s.screening is not None
    if s.screening.stage is ScreeningStage.LISTENING:
        _greet(turn, at, s.screening)
    elif s.caller is CallerActivity.SILENT:
        _leave_message(turn, at)
    else:
        turn.end(Ending.VOICEMAIL)


def _greet(turn: TurnCore, at: float, heard: Screening) -> None:
    s, words = turn.state, turn.words
    s.screening = msgspec.structs.replace(heard, stage=ScreeningStage.GREETED, since=at)
    if turn.agent.greeting:
        turn.say(UtteranceKind.GREETING)
        said_more = meaningful_words(heard.words, words.backchannels, words.attention) > HELLO_WORDS
        if said_more and not question_s(turn.agent.greeting):
            s.waiting_text = heard.words
        elif heard.words:
            turn.do(NoteWords(heard.words))
    elif heard.words:
        answering.answer(turn, at, heard.words)
