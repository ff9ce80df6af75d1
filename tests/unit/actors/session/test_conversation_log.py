"""The conversation as it is recorded: what was heard of each reply, in which language, and what went wrong."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from actors.conversation import ExpectedAnswer, PositionPrecision, Role, UtteranceKind
from actors.messages.lifecycle import LanguageChanged, TurnRecorded
from actors.messages.output import ReplyHeard
from actors.messages.playback import PlaybackFinished, PlaybackPosition, PlaybackStopped
from actors.messages.transcript import FinalTranscript
from actors.rules.pending_reply import PendingReply
from actors.rules.turn_taking.machine import TurnTaking
from actors.runtime.clock import LoopClock, run_virtual
from actors.session.checkpoint import AskedQuestion, Checkpoint
from actors.session.connection import SessionConnection
from actors.session.conversation_log import ConversationLog
from actors.session.plan import SessionPlan, TeamMember
from tests.kit.session_kit import AGENT, plan_of

EXACT = PositionPrecision.EXACT
TWO_TONGUES = msgspec.structs.replace(AGENT, languages=("en-US", "de-DE"))


class Told:
    def __init__(self) -> None:
        self.messages: list[Any] = []

    def tell(self, message: Any) -> None:
        self.messages.append(message)


class Record:
    """A conversation, who is shown it, and who is told that there is more to save."""

    def __init__(self) -> None:
        self.checkpoint = Checkpoint(agent=AGENT.name)
        self.supervisor, self.shown = Told(), Told()
        connection = SessionConnection(self.supervisor)  # type: ignore[arg-type]
        connection.output = self.shown
        self.log = ConversationLog(
            checkpoint=self.checkpoint,
            turn=TurnTaking(AGENT),
            connection=connection,
            supervisor=self.supervisor,  # type: ignore[arg-type]
            clock=LoopClock(),
        )

    def pending(self, reply: int, text: str, turn: int = 1, heard: PlaybackPosition | None = None) -> None:
        self.checkpoint.reply_begun(PendingReply(reply=reply, turn=turn, kind=UtteranceKind.REPLY))
        self.checkpoint.reply_written(reply, text)
        if heard is not None:
            self.checkpoint.reply_heard(heard)

    @property
    def heard(self) -> list[tuple[str, bool]]:
        return [(message.text, message.interrupted) for message in self.shown.messages if type(message) is ReplyHeard]


def at(reply: int, text_end: int) -> PlaybackPosition:
    return PlaybackPosition(reply=reply, text_end=text_end, heard_ms=20.0 * text_end, precision=EXACT)


def with_record(act: Any) -> None:
    async def main() -> None:
        act(Record())

    run_virtual(main())


def test_a_reply_that_was_heard_is_recorded_shown_and_to_be_saved() -> None:
    def act(record: Record) -> None:
        record.pending(1, "Until nine. ")
        record.log.playback_finished(PlaybackFinished(reply=1, precision=EXACT, heard_ms=900.0, text_end=12))
        assert record.heard == [("Until nine.", False)]
        assert [message.text for message in record.checkpoint.messages] == ["Until nine."]
        assert record.supervisor.messages == [TurnRecorded(1)]
        assert record.checkpoint.pending_replies == {}

    with_record(act)


def test_a_report_that_comes_twice_is_recorded_once() -> None:
    def act(record: Record) -> None:
        record.pending(1, "Until nine.")
        report = PlaybackFinished(reply=1, precision=EXACT, heard_ms=900.0, text_end=11)
        for _ in range(2):
            record.log.playback_finished(report)
        assert record.heard == [("Until nine.", False)]

    with_record(act)


def test_of_replies_that_are_stopped_the_heard_words_are_recorded_and_the_others_dropped() -> None:
    def act(record: Record) -> None:
        record.pending(1, "Until nine in the evening.")
        record.pending(2, "Anything else?")
        record.pending(3, "Not stopped.")
        record.log.playback_stopped(PlaybackStopped(2, (at(1, 9),)))
        assert record.heard == [("Until", True)]
        assert list(record.checkpoint.pending_replies) == [3]

    with_record(act)


@pytest.mark.parametrize(("former", "present", "text"), [(10, 5, "Until nine"), (5, 10, "Until nine"), (5, 0, "Until")])
def test_the_furthest_of_two_synthesizers_counts(former: int, present: int, text: str) -> None:
    def act(record: Record) -> None:
        record.pending(1, "Until nine.", heard=at(1, former))
        record.log.playback_cut(at(1, present))
        assert record.heard == [(text, True)]

    with_record(act)


def test_a_reply_of_which_nothing_was_heard_leaves_no_trace() -> None:
    def act(record: Record) -> None:
        record.pending(1, "Until nine.")
        record.log.playback_cut(at(1, 0))
        record.log.playback_cut(at(7, 5))
        assert record.heard == []
        assert record.checkpoint.messages == ()

    with_record(act)


def test_a_successor_hears_of_reports_that_were_not_recorded() -> None:
    def act(record: Record) -> None:
        record.pending(1, "Until nine.")
        assert record.log.unrecorded_reports() == []
        report = PlaybackFinished(reply=1, precision=EXACT, heard_ms=900.0, text_end=11)
        record.checkpoint.playback_finished(report)
        assert record.log.unrecorded_reports() == [report]

    with_record(act)


def test_an_order_that_failed_later_is_told_to_the_model_alone() -> None:
    def act(record: Record) -> None:
        record.log.note_failed_order("the transfer was refused", 2)
        (note,) = record.checkpoint.messages
        assert (note.role, note.turn) == (Role.NOTE, 2)
        assert "an earlier order in this call failed: the transfer was refused" in note.text
        assert record.shown.messages == []

    with_record(act)


def test_the_first_words_come_before_the_first_turn() -> None:
    def act(record: Record) -> None:
        record.log.note_first_words("Hello?")
        assert [(m.role, m.text, m.turn) for m in record.checkpoint.messages] == [(Role.USER, "Hello?", 0)]
        assert record.shown.messages == [FinalTranscript(text="Hello?")]

    with_record(act)


def plan(in_language: Mapping[tuple[str, str], TeamMember]) -> SessionPlan:
    return plan_of(TWO_TONGUES, in_language=in_language)


def test_the_conversation_follows_a_caller_who_speaks_another_of_its_languages() -> None:
    member = TeamMember(agent=TWO_TONGUES, tools={}, kept=lambda rate_hz: {})
    spoken = plan({(TWO_TONGUES.name, ""): member, (TWO_TONGUES.name, "de-DE"): member})

    def act(record: Record) -> None:
        record.log.follow_language("good morning to you all", "en-GB", spoken)
        assert record.supervisor.messages == []
        for _ in range(3):
            record.log.follow_language("ich möchte gerne einen Termin vereinbaren", "de-DE", spoken)
        assert record.log.language == record.checkpoint.language == "de-DE"
        assert record.supervisor.messages == [LanguageChanged("")]

    with_record(act)


def test_an_agent_that_speaks_one_way_only_follows_nobody() -> None:
    def act(record: Record) -> None:
        for language in ("de-DE", ""):
            record.log.follow_language("ich möchte gerne einen Termin vereinbaren", language, plan({}))
        assert record.log.language == ""
        assert record.supervisor.messages == []

    with_record(act)


def test_what_is_kept_is_what_a_successor_begins_with() -> None:
    def act(record: Record) -> None:
        record.log.history.add_user_words("are you open", 1, 0.0, continues=False, confidence=0.9)
        before = record.checkpoint.messages
        record.log.keep()
        record.checkpoint.agent_asked(AskedQuestion("Your name?", ExpectedAnswer.NAME))
        assert before == ()
        assert [message.text for message in record.checkpoint.messages] == ["are you open"]
        assert record.checkpoint.turn is not None

    with_record(act)
