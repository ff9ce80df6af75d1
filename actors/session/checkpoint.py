"""The checkpoint of a session: all that its successor goes on from, in one Struct that nobody else writes.

A child that is restarted, a supervisor that is rebuilt and another process each get a `Checkpoint` and go on from it
in the same way; a session that begins gets an empty one, and a session that is restored gets one made of its record.
The actors of a session change it only through its methods, each named for what has happened. All of it belongs to the
event loop's thread. It is plain data: `checkpoint_transfer.py` makes JSON of it, and takes it to another clock.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from actors.conversation import (
    ABANDONED,
    ChatMessage,
    Ending,
    ExpectedAnswer,
    HandoffMade,
    Memory,
    UtteranceKind,
)
from actors.rules.agent_language import LanguageHeard
from actors.rules.history import History
from actors.rules.summary import Summary
from actors.rules.transcription import TranscriptionSnapshot
from actors.rules.turn_taking.moving import moved, unanswerable_reply
from actors.rules.turn_taking.state import TurnSnapshot
from actors.session.checkpoint_replies import CheckpointReplies
from actors.session.recognition.audio_track import AudioTrack


class LostConnection(msgspec.Struct, frozen=True):
    """The connection that carried the session is gone; another one may take its place for a while."""

    connection_id: str
    until: float
    """When the session ends unless a connection has come back, in seconds of the session's clock."""


class AskedQuestion(msgspec.Struct, frozen=True):
    """What the agent has asked last, and what kind of answer it gets."""

    question: str
    expected: ExpectedAnswer


class Checkpoint(CheckpointReplies, msgspec.Struct, kw_only=True):
    """The state of one session that outlives each of its actors; that of its replies is in `CheckpointReplies`."""

    created_at: float = 0.0
    """When the conversation began, in seconds since the epoch."""
    started_at: float = 0.0
    """When the session began, in seconds of the session's clock."""

    context: dict[str, Any] | None = None
    """What was known of the session before anybody spoke, as `SessionContext.context`; None if it was not looked up."""

    agent: str = ""
    """The name of the agent that has the conversation."""
    handoffs: tuple[HandoffMade, ...] = ()
    """The handoffs by which that agent got the conversation."""
    language: str = ""
    """The language of the conversation, one of the agent's; empty for its first."""
    language_heard: LanguageHeard = LanguageHeard()
    """What the caller's last utterance says about the language of the conversation."""

    # the conversation
    turn: TurnSnapshot | None = None
    """The state of turn-taking; None in a session that has not begun."""
    transcription: TranscriptionSnapshot | None = None
    """The state of a session that only listens; None in one that has not begun."""
    messages: tuple[ChatMessage, ...] = ()
    """What the caller said, what was heard of the agent, and what the tools answered. A tool that is under way is a
    request without an answer here."""
    memory: Memory = {}
    """The language model's notes."""
    memory_before: Memory = {}
    """The language model's notes as they were before the turn in hand."""

    summary: Summary | None = None
    """What the language model reads in place of the beginning of the conversation."""

    # what it has cost
    spent_tokens: int = 0
    """Tokens that the language model has read and written in this session."""
    spent_tool_calls: int = 0
    """Calls of tools in this session."""

    # the caller
    tracks: dict[str, AudioTrack] = {}
    """The audio that has come in from each speaker, by label; the label is empty where all voices come in one
    stream."""
    participants: dict[str, str] = {}
    """The telephone network's ids of the speakers who are told apart, by label (`rules/speakers.py`)."""
    inputs: int = 0
    """How many texts and keys the caller has entered; each one's number is this count when it came."""
    asked: AskedQuestion | None = None
    """The question that the caller's next words answer; None if the agent has asked none."""
    user_at: float | None = None
    """When the caller last spoke, typed or pressed a key, in seconds of the session's clock; None if never."""
    lost: LostConnection | None = None
    """Set while the session waits for its connection to come back."""

    realtime_given_up: bool = False
    """Whether the speech-to-speech model has been given up in this session, which goes on with speech to text, a text
    model and text to speech."""

    # the end
    ending: Ending | None = None
    """How the session ended, None while it has not; a session that has ended is never rebuilt."""
    hung_up: Ending | None = None
    """How the session was ordered to end at once, None if it was not; a supervisor that fails after that is not
    replaced."""
    ended_reason: str = ""
    """The reason that is recorded in place of `ending`: `ABANDONED`; empty if `ending` is recorded."""
    concluded: Ending | None = None
    """The end as it was shown to the client, once what was heard until then is recorded; None before that."""

    @property
    def turn_number(self) -> int:
        """The number of the turn in hand, from 1; 0 before the first one."""
        conversing = self.turn.turn_number if self.turn is not None else 0
        return max(conversing, self.transcription.number if self.transcription is not None else 0)

    # what others keep of it

    def state(self) -> tuple[object, ...]:
        """All that a successor must not miss; equal to a former one for as long as nothing of it has changed."""
        return (
            self.agent,
            self.language,
            self.turn,
            self.transcription,
            self.messages[-1:],
            len(self.messages),
            self.summary,
            tuple((p.reply, len(p.pieces), p.finished, p.resume_at, p.heard) for p in self.pending_replies.values()),
            self.stopped_through,
            len(self.text_before_tools),
            tuple(self.tool_results),
            self.inputs,
            self.lost,
            self.realtime_given_up,
        )

    def caller_audio_lost(self, *, greets_idle: bool) -> None:
        """Note that the caller's audio so far is lost with its process (`rules/turn_taking/moving.py`)."""
        for track in self.tracks.values():
            track.final_owed = False
        self.unwritten_reply_unheard()
        if self.turn is not None:
            self.reply_over(unanswerable_reply(self.turn, self.messages))
            self.turn = moved(
                self.turn, has_reply=bool(self.pending_replies), greets_idle=greets_idle, messages=self.messages
            )

    def unwritten_reply_unheard(self) -> None:
        """Note that the reply in hand counts as not heard where none of its words is known: its sound is gone with the
        model that spoke it, and nobody could go on with it."""
        turn = self.turn
        if turn is None:
            return
        replies = [
            p for p in self.pending_replies.values() if p.turn == turn.turn_number and p.kind is UtteranceKind.REPLY
        ]
        if replies and not any(pending.text for pending in replies):
            self.turn = msgspec.structs.replace(turn, is_audible=False)

    def times_moved(self, shift_s: float) -> None:
        """Move all times of the session's clock to a clock that is `shift_s` seconds ahead of the former one."""
        self.started_at += shift_s
        if self.user_at is not None:
            self.user_at += shift_s
        if self.lost is not None:
            self.lost = msgspec.structs.replace(self.lost, until=self.lost.until + shift_s)

    # the conversation

    def conversation_changed(self, turn: TurnSnapshot, history: History) -> None:
        """Note the state of turn-taking and the conversation as they are after a message."""
        self.turn = msgspec.structs.replace(turn)
        self.history_changed(history)

    def history_changed(self, history: History) -> None:
        """Note the messages of the conversation and the language model's notes as they are now."""
        self.messages = tuple(history.messages)
        self.memory, self.memory_before, self.summary = history.memory, history.memory_before, history.summary

    def transcription_changed(self, state: TranscriptionSnapshot) -> None:
        """Note the state of a session that only listens."""
        self.transcription = state.copied()

    def transcribed(self, message: ChatMessage, state: TranscriptionSnapshot) -> None:
        """Add what was said in a session that only listens, and note the state after it: both, or neither."""
        self.messages, self.transcription = (*self.messages, message), state.copied()

    def looked_up(self, context: Mapping[str, Any]) -> None:
        """Note what is known of the session before a word is said: whoever goes on with it need not look it up."""
        self.context = dict(context)

    def set_agent(self, name: str) -> None:
        """Set the name of the agent that has the conversation, where it was not handed off."""
        self.agent = name

    def handed_off(self, made: HandoffMade) -> None:
        """Note that another agent has the conversation from now on."""
        self.agent, self.handoffs = made.to_agent, (*self.handoffs, made)

    def set_language(self, language: str) -> None:
        """Set the language in which the conversation goes on."""
        self.language, self.language_heard = language, LanguageHeard()

    def caller_spoke_in(self, heard: LanguageHeard) -> None:
        """Note what the caller's last utterance says of the language of the conversation."""
        self.language_heard = heard

    # what it has cost

    def spent(self, tokens: int = 0, tool_calls: int = 0) -> None:
        """Add to what the session has cost."""
        self.spent_tokens += tokens
        self.spent_tool_calls += tool_calls

    # the caller

    def next_input(self) -> int:
        """Number one more text or key that the caller has entered."""
        self.inputs += 1
        return self.inputs

    def user_active(self, at: float) -> None:
        """Note that the caller spoke, typed or pressed a key at `at`, in seconds of the session's clock."""
        self.user_at = at

    def agent_asked(self, asked: AskedQuestion | None) -> None:
        """Note the question with which the agent's last utterance ends; None if it ends with none."""
        self.asked = asked

    def track(self, speaker: str = "") -> AudioTrack:
        """What has been dealt with of a speaker's audio; a new track if none of it has come before."""
        track = self.tracks.get(speaker)
        if track is None:
            track = self.tracks[speaker] = AudioTrack()
        return track

    def connection_lost(self, connection_id: str, until: float) -> None:
        """Note that the session waits for another connection, until `until` in seconds of the session's clock."""
        self.lost = LostConnection(connection_id, until)

    def connection_attached(self) -> None:
        """Note that a connection carries the session."""
        self.lost = None

    def give_up_realtime(self) -> None:
        """Note that the session goes on without its speech-to-speech model."""
        self.realtime_given_up = True

    # the end

    def end_ordered(self, ending: Ending) -> None:
        """Note the order to end at once; the first one stands."""
        self.hung_up = self.hung_up or ending

    def nobody_came_back(self) -> None:
        """Note that the session ends because its connection was not replaced in time."""
        self.ended_reason = ABANDONED

    def ended(self, ending: Ending) -> None:
        """Note that the session is ending, and how; nothing is rebuilt from it any more."""
        self.ending = ending

    def conclude(self, ending: Ending) -> bool:
        """Note that the end is being shown and recorded; False if that was done before."""
        if self.concluded is not None:
            return False
        self.ending = self.concluded = ending
        return True
