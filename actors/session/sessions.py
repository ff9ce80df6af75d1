"""`Sessions`: one per process; starts the Session actors and is told when one ends."""

import asyncio
from collections.abc import Callable

from pykka import ActorRef

from actors.conversation import Ending, SessionRecord
from actors.messages.base import Message
from actors.messages.caller import ConnectionAttached
from actors.messages.output import OutputMessage
from actors.ports.recipient import Recipient
from actors.ports.tts import SpokenPhrase
from actors.runtime.supervised_actor import ChildExited, Exit, SupervisedActor, actor_of, describe, logger
from actors.session.checkpoint import Checkpoint, checkpoint_of
from actors.session.last_words import LAST_WORDS_S, LastWords, kept_apology
from actors.session.live_session import LiveSession
from actors.session.modes.registry import mode_named
from actors.session.plan import Engines, SessionPlan
from actors.session.record_saving import RecordSaver, conclude, record_of
from actors.session.supervisor import SessionSupervisor


class SessionEntry(LiveSession):
    """A live session with the supervisor that runs it: the session stays while its actors come and go.

    Args:
        plan: what the session is.
        checkpoint: what it goes on from.
        saver: keeps its record.
    """

    def __init__(self, plan: SessionPlan, checkpoint: Checkpoint, saver: RecordSaver) -> None:
        super().__init__(plan, mode_named(plan.mode).receives, checkpoint)
        self.saver = saver
        self.ref: ActorRef[SessionSupervisor] | None = None
        self.rebuilt = 0

    @property
    def session(self) -> SessionSupervisor | None:
        """The present actor, for snapshots on the loop's thread only."""
        return actor_of(self.ref) if self.ref is not None else None


class StartSession(Message, frozen=True):
    """Start the supervisor of `entry`."""

    entry: SessionEntry


class Sessions(SupervisedActor):
    """Starts sessions, rebuilds one whose supervisor failed once, and forgets those that have ended."""

    def __init__(
        self,
        engines: Engines,
        on_ended: Callable[[str], None] = lambda session_id: None,
        on_opened: Callable[[str], None] = lambda session_id: None,
    ) -> None:
        super().__init__("sessions", None)
        self.engines = engines
        self._on_ended = on_ended
        self._on_opened = on_opened
        self.live: dict[str, SessionEntry] = {}
        self.started = 0
        self.ended = 0
        self._emptied: list[asyncio.Future[None]] = []

    def open(
        self,
        plan: SessionPlan,
        output: Recipient[OutputMessage],
        attached: ConnectionAttached,
        checkpoint: Checkpoint | None = None,
    ) -> SessionEntry:
        """Start a session for a connection. Belongs to the loop's thread; the actor itself starts in its turn.

        Args:
            plan: what the session is.
            output: where it speaks and shows to.
            attached: what that connection can do.
            checkpoint: what it goes on from; None for a session that begins.
        """
        clock = self.engines.clock
        if checkpoint is None:
            checkpoint = Checkpoint(created_at=clock.wall(), started_at=clock.now())
        checkpoint.connection_attached()
        entry = SessionEntry(plan, checkpoint, RecordSaver(self.engines.store, self.engines.background))
        entry.connection.output = output
        entry.connection.attached = attached
        self.live[plan.session_id] = entry
        self.started += 1
        self._on_opened(plan.session_id)
        self.actor_ref.tell(StartSession(entry))
        return entry

    def restore(
        self,
        plan: SessionPlan,
        output: Recipient[OutputMessage],
        attached: ConnectionAttached,
        record: SessionRecord,
        *,
        greets: bool = False,
    ) -> SessionEntry:
        """As `open`, going on from the record of a former session: the user is not greeted again unless it `greets`."""
        return self.open(plan, output, attached, checkpoint_of(record, self.engines.clock.now(), greets=greets))

    def on_receive(self, message: StartSession | ChildExited) -> None:
        """One message. What goes wrong with a session ends that session: nobody would start this actor again."""
        match message:
            case StartSession(entry):
                self._guarded(self._start, entry)
            case ChildExited():
                for entry in tuple(self.live.values()):
                    if entry.ref is not None and entry.ref.actor_urn == message.actor_urn:
                        self._guarded(lambda entry: self._exited(entry, message), entry)

    def _guarded(self, work: Callable[[SessionEntry], None], entry: SessionEntry) -> None:
        try:
            work(entry)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other sessions go on
            logger.error("session %s cannot go on: %s", entry.plan.session_id, describe(error))
            self._over(entry, Ending.ERROR)

    def _start(self, entry: SessionEntry) -> None:
        entry.ref = SessionSupervisor.start(
            session=entry, engines=self.engines, saver=entry.saver, parent=self.actor_ref
        )

    def _exited(self, entry: SessionEntry, message: ChildExited) -> None:
        entry.ref = None
        checkpoint = entry.checkpoint
        if checkpoint.ending is not None or message.exit is Exit.NORMAL:
            self._over(entry)
        elif checkpoint.hung_up is not None:
            # Nobody is there to go on with, nor to be told.
            self._over(entry, checkpoint.hung_up)
        elif entry.rebuilt == 0:
            entry.rebuilt += 1
            logger.error("a session is rebuilt from its last snapshot: %s", message.error)
            self._start(entry)
        elif (phrase := kept_apology(entry.plan, entry.connection)) is not None:
            self._apologise(entry, phrase)
        else:
            self._over(entry, Ending.ERROR)

    def _apologise(self, entry: SessionEntry, phrase: SpokenPhrase) -> None:
        """Have the session heard to end, though none of its actors is left."""

        def over() -> None:
            words.stop()
            timer.cancel()
            self._guarded(lambda entry: self._over(entry, Ending.ERROR), entry)

        words = LastWords(phrase, session=entry, engines=self.engines, on_heard=over)
        timer = asyncio.get_running_loop().call_later(LAST_WORDS_S, over)

    def _over(self, entry: SessionEntry, failed: Ending | None = None) -> None:
        """Forget a session, once its end is shown and its record saved; `failed` is the end of one that broke down."""
        session_id = entry.plan.session_id
        if self.live.get(session_id) is not entry:
            return
        ending = failed or entry.checkpoint.ending or Ending.NORMAL
        if conclude(entry, ending, self.engines.clock) and entry.plan.stored:
            entry.saver.save(record_of(entry, "ended", self.engines.clock))
        entry.close()
        del self.live[session_id]
        self.ended += 1
        if not self.live:
            for waiter in self._emptied:
                if not waiter.done():
                    waiter.set_result(None)
            self._emptied.clear()
        try:
            self._on_ended(session_id)
        except Exception as error:  # noqa: BLE001 - the session is over all the same
            logger.error("who waits for the end of a session failed: %s", describe(error))

    async def emptied(self) -> None:
        """Wait until no session is live."""
        if self.live:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._emptied.append(waiter)
            await waiter
