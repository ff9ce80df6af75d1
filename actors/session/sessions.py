"""`Sessions`: one per process; starts the Session actors and is told when one ends."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec
from pykka import ActorRef

from actors.conversation import Ending, SessionRecord
from actors.messages.base import Message
from actors.messages.caller import ConnectionAttached, ConnectionDetached, EndSession, InputMessage
from actors.messages.output import OutputMessage
from actors.ports.recipient import Recipient
from actors.ports.tts import SpokenPhrase
from actors.rules.agent_language import matching
from actors.runtime.address import Address
from actors.runtime.described_errors import describe
from actors.runtime.exits import ChildExited, Exit
from actors.runtime.failure_counters import Failure, report_failure
from actors.runtime.supervised_actor import SupervisedActor, actor_of, logger
from actors.session.checkpoint import Checkpoint
from actors.session.checkpoint_transfer import checkpoint_of
from actors.session.last_words import LAST_WORDS_S, LastWords, kept_apology
from actors.session.live_session import LiveSession
from actors.session.measurements import actor_restarted
from actors.session.modes.registry import mode_named
from actors.session.plan import Engines, SessionPlan
from actors.session.record_saving import RecordSaver, conclude, record_of
from actors.session.supervisor import SessionSupervisor
from actors.session_context import SessionContext
from actors.variables import filled

LOOK_UP_S = 15.0
"""Seconds after which a session begins even if its caller has not been looked up; the lookup itself has a shorter
limit."""

LookUp = Callable[[SessionContext], Awaitable[SessionContext]]


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
        self.begin: Callable[[], None] | None = None
        """Set while the caller is looked up: starts the session with what is known of them."""

    def deliver(self, message: InputMessage) -> None:
        """As in any live session; one that ends while its caller is looked up does not wait for that."""
        super().deliver(message)
        if self.begin is not None and self._is_left(message):
            self.begin()

    def _is_left(self, message: InputMessage) -> bool:
        """Whether nobody waits for the session any more: it is ended, or a browser is gone that has said nothing."""
        is_gone = isinstance(message, ConnectionDetached) and not self._plan.call_id and not self.checkpoint.inputs
        return is_gone or isinstance(message, EndSession)

    def prepare(self, about: SessionContext, at: float) -> None:
        """Note all that is known of the session, which begins at `at`, in seconds since the epoch."""
        team = {
            name: msgspec.structs.replace(member, agent=filled(member.agent, about, at))
            for name, member in self._plan.team.items()
        }
        agent = filled(self._plan.agent, about, at)
        in_language = {
            key: msgspec.structs.replace(member, agent=filled(member.agent, about, at, key[1]))
            for key, member in self._plan.in_language.items()
        }
        self._plan = msgspec.structs.replace(
            self._plan, about=about, agent=agent, team=team, in_language=in_language, look_up=None
        )
        if not self.checkpoint.language and (language := matching(about.language, self._plan.languages)):
            self.checkpoint.set_language(language)

    @property
    def session(self) -> SessionSupervisor | None:
        """The present actor, for snapshots on the loop's thread only."""
        return actor_of(self.ref) if self.ref is not None else None


class StartSession(Message, frozen=True):
    """Start the supervisor of `entry`, a session that was opened just now."""

    entry: SessionEntry


class Sessions(SupervisedActor):
    """Starts sessions, rebuilds one whose supervisor failed once, and forgets those that have ended.

    Args:
        engines: what sessions are made with.
        on_ended: called with the id of each session that has ended.
        on_opened: called with the id of each session that begins.
        parent: told when this actor ends.
        former: the actor in whose place this one is started; the live sessions are taken over from it.
    """

    def __init__(
        self,
        engines: Engines,
        on_ended: Callable[[str], None] = lambda session_id: None,
        on_opened: Callable[[str], None] = lambda session_id: None,
        *,
        parent: Recipient[ChildExited] | None = None,
        former: "Sessions | None" = None,
    ) -> None:
        super().__init__("sessions", parent)
        self.engines = engines
        self._on_ended = on_ended
        self._on_opened = on_opened
        self.address: Address[StartSession | ChildExited] = former.address if former else Address("sessions")
        self.live: dict[str, SessionEntry] = former.live if former else {}
        self.started: int = former.started if former else 0
        self.ended: int = former.ended if former else 0
        self._emptied: list[asyncio.Future[None]] = former._emptied if former else []

    def on_start(self) -> None:
        """Take over from a former actor, whose sessions may have lost their supervisors in the meantime."""
        self.reachable_at(self.address)
        for entry in tuple(self.live.values()):
            if entry.ref is not None and not entry.ref.is_alive():
                lost = ChildExited(name="session", actor_urn=entry.ref.actor_urn, exit=Exit.FAILED)
                self._guarded(partial(self._exited, message=lost), entry)

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
        entry.connection.output_id = attached.connection_id
        entry.connection.attached = attached
        self.live[plan.session_id] = entry
        self.started += 1
        self._on_opened(plan.session_id)
        self.address.tell(StartSession(entry))
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
        """As `open`, going on from the record of a former session: the caller is greeted again only with `greets`."""
        # What is said from now on lies behind all that was said before, in the words' positions too.
        before_ms = max([(record.updated_at - record.created_at) * 1000, *(said.end_ms for said in record.messages)])
        audio_bytes = int(before_ms * plan.rate_hz / 1000) * 2
        now = self.engines.clock.now()
        return self.open(plan, output, attached, checkpoint_of(record, now, greets=greets, audio_bytes=audio_bytes))

    def on_receive(self, message: StartSession | ChildExited) -> None:
        """Start a session, or see what becomes of one whose supervisor has ended. What goes wrong ends that session."""
        match message:
            case StartSession(entry):
                if entry.ref is None and self.live.get(entry.plan.session_id) is entry:
                    self._guarded(self._start, entry)
            case ChildExited():
                for entry in tuple(self.live.values()):
                    if entry.ref is not None and entry.ref.actor_urn == message.actor_urn:
                        self._guarded(partial(self._exited, message=message), entry)

    def _guarded(self, work: Callable[[SessionEntry], None], entry: SessionEntry) -> None:
        try:
            work(entry)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the other sessions go on
            logger.error("session %s cannot go on: %s", entry.plan.session_id, describe(error))
            try:
                self._over(entry, Ending.ERROR)
            except BaseException as again:  # noqa: BLE001 - it is forgotten at least, and takes nobody's place
                logger.error("session %s could not be ended in order: %s", entry.plan.session_id, describe(again))
                self._forget(entry)

    def _start(self, entry: SessionEntry) -> None:
        """Start the supervisor once the caller has been looked up; what the session is told until then waits."""
        if (hung_up := entry.checkpoint.hung_up) is not None:
            self._over(entry, hung_up)
            return
        look_up, known = entry.plan.look_up, entry.checkpoint.context
        if look_up is not None and known is not None:
            entry.prepare(msgspec.structs.replace(entry.plan.about, context=known), self.engines.clock.wall())
            look_up = None
        begin = partial(self._begin, entry)
        if look_up is not None and self.engines.background.run(
            self._looked_up(entry, look_up), what="looking a caller up", within_s=LOOK_UP_S, then=begin
        ):
            entry.begin = begin
            return
        entry.prepare(entry.plan.about, self.engines.clock.wall())
        entry.ref = SessionSupervisor.start(session=entry, engines=self.engines, saver=entry.saver, parent=self.address)

    async def _looked_up(self, entry: SessionEntry, look_up: LookUp) -> None:
        # A task of the process: an actor that fails meanwhile takes nothing away from the session.
        about = await look_up(entry.plan.about)
        if entry.begin is not None:
            entry.checkpoint.looked_up(about.context)
            entry.prepare(about, self.engines.clock.wall())

    def _begin(self, entry: SessionEntry) -> None:
        """Start a session whose caller was looked up, as far as that has come."""
        if entry.begin is None:
            return
        entry.begin = None
        if entry.plan.look_up is not None:
            entry.prepare(entry.plan.about, self.engines.clock.wall())
        self.address.tell(StartSession(entry))

    def _exited(self, entry: SessionEntry, message: ChildExited) -> None:
        entry.ref = None
        checkpoint = entry.checkpoint
        error = message.error or "it ended"
        if checkpoint.ending is not None:
            self._over(entry)
        elif checkpoint.hung_up is not None:
            # Nobody is there to go on with, nor to be told.
            self._over(entry, checkpoint.hung_up)
        elif entry.rebuilt == 0:
            entry.rebuilt += 1
            # A supervisor that ends in the middle of the conversation is missed as much as one that fails.
            logger.error("a session is rebuilt from its checkpoint: %s", error)
            actor_restarted("session", message.error)
            self._start(entry)
        else:
            self._give_up(entry, error)

    def _give_up(self, entry: SessionEntry, error: str) -> None:
        report_failure(Failure.GIVEN_UP, logger, "a session failed too often: %s", error, actor="session")
        if (phrase := kept_apology(entry.plan, entry.connection)) is not None:
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
        self._forget(entry)
        try:
            self._on_ended(session_id)
        except BaseException as error:  # noqa: BLE001 - the session is over all the same
            logger.error("an observer of ended sessions failed: %s", describe(error))

    def _forget(self, entry: SessionEntry) -> None:
        """Count a session as ended, and stop what still runs for it."""
        session_id = entry.plan.session_id
        if self.live.get(session_id) is not entry:
            return
        del self.live[session_id]
        self.ended += 1
        if not self.live:
            for waiter in self._emptied:
                if not waiter.done():
                    waiter.set_result(None)
            self._emptied.clear()
        entry.close()

    async def emptied(self) -> None:
        """Wait until every session of this process has ended."""
        if self.live:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._emptied.append(waiter)
            await waiter
