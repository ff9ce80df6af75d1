"""The record of a session: what is in it, how it is saved, and how it is closed when the session ends."""

from actors.conversation import Ending, SessionRecord
from actors.errors import StoreError
from actors.messages.output import ErrorShown, ReplyHeard, SessionEnded
from actors.messages.transcript import FinalTranscript
from actors.ports.clock import Clock
from actors.ports.store import SessionStore
from actors.rules.history import History
from actors.rules.transcription import Transcription, as_message
from actors.rules.turn_taking.moving import unanswered_words
from actors.rules.turn_taking.state import TurnSnapshot
from actors.runtime.background_tasks import BackgroundTasks
from actors.runtime.failure_counters import Failure, report_failure
from actors.runtime.supervised_actor import logger
from actors.session.live_session import LiveSession

SAVE_S = 10.0
"""Seconds for which a store may take to save a record; then it is not waited for."""


class RecordSaver:
    """Saves records in the background, one at a time and in order, however slow the store is.

    Of the records that come while one is being saved only the newest is: it holds what the others do.

    Not a task of the session's actor: the last record is saved when the actor is already gone.
    """

    __slots__ = ("_background", "_next", "_saving", "_store")

    def __init__(self, store: SessionStore, background: BackgroundTasks) -> None:
        self._store = store
        self._background = background
        self._saving = False
        self._next: SessionRecord | None = None

    def save(self, record: SessionRecord) -> None:
        """Keep `record` in place of the session's former one."""
        if self._saving:
            self._next = record
            return
        self._saving = self._background.run(
            self._save(record), what="the saving of a session", within_s=SAVE_S, then=self._saved
        )

    async def _save(self, record: SessionRecord) -> None:
        try:
            await self._store.save(record)
        except StoreError as error:
            report_failure(Failure.STORE, logger, "a session could not be stored: %s", error, operation="save")

    def _saved(self) -> None:
        self._saving = False
        following, self._next = self._next, None
        if following is not None:
            self.save(following)


def record_of(session: LiveSession, state: str, clock: Clock) -> SessionRecord:
    """The session as it is stored; `state` is shown of it while it lives."""
    plan, checkpoint = session.plan, session.checkpoint
    return SessionRecord(
        session_id=plan.session_id,
        mode=plan.mode,
        agent=plan.agent.name,
        state="ended" if checkpoint.ending else state,
        created_at=checkpoint.created_at,
        updated_at=clock.wall(),
        turn=checkpoint.turn_number,
        resume_token=plan.resume_token,
        call_id=plan.call_id,
        messages=checkpoint.messages,
        memory=checkpoint.memory,
        handoffs=checkpoint.handoffs,
        ended_reason=checkpoint.ended_reason or checkpoint.ending or "",
        given=plan.given,
    )


def conclude(session: LiveSession, ending: Ending, clock: Clock) -> bool:
    """Put what was heard to the end into the conversation, and show the end; False if that was done before."""
    if not session.checkpoint.conclude(ending):
        return False
    connection = session.connection
    _record_unfinished(session, clock)
    _record_transcribed(session, clock)
    if ending is Ending.ERROR:
        connection.show(ErrorShown(session.plan.agent.phrases.apology))
    connection.show(SessionEnded(ending))
    connection.output = None
    return True


def _record_unfinished(session: LiveSession, clock: Clock) -> None:
    """Put what was heard of the replies that the end has cut off into the conversation, and what was said meanwhile."""
    checkpoint, connection = session.checkpoint, session.connection
    pending = checkpoint.pending_replies
    history = History(checkpoint.messages, checkpoint.memory, checkpoint.memory_before)
    for said in history.end((pending[reply] for reply in sorted(pending)), clock.wall()):
        connection.show(
            ReplyHeard(
                turn=said.turn,
                kind=said.kind,
                text=said.text,
                precision=said.precision,
                interrupted=said.interrupted,
            )
        )
    # Whoever types and hangs up at once may be gone before the conversation has begun.
    words, continues = unanswered_words(checkpoint.turn or TurnSnapshot(), session.unread_inputs())
    if words:
        last = FinalTranscript(text=words, turn=checkpoint.turn_number)
        history.add_user_words(words, last.turn, clock.wall(), continues=continues, confidence=last.confidence)
        connection.show(last)
    checkpoint.replies_recorded()
    checkpoint.history_changed(history)


def _record_transcribed(session: LiveSession, clock: Clock) -> None:
    """Put what was being said in a session that only listens into its transcript, as far as it was understood."""
    checkpoint = session.checkpoint
    if checkpoint.transcription is None:
        return
    listening = Transcription(session.plan.agent.limits, checkpoint.transcription.copied())
    for final in listening.unfinished():
        checkpoint.transcribed(as_message(final, clock.wall()), listening.state)
        session.connection.show(final)
