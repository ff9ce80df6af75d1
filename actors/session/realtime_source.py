"""The replies of a speech-to-speech model: one session of it at a time, which is replaced when it is lost."""

import asyncio
from collections.abc import Callable, Iterable, Sequence

import msgspec

from actors.conversation import ChatMessage, Role, UtteranceKind
from actors.errors import ErrorKind, ProviderError
from actors.messages.model import ModelFailed
from actors.messages.playback import PlaybackPosition
from actors.ports import realtime as port
from actors.ports.clock import Clock, Timer
from actors.ports.llm import ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.rules.spoken_items import SpokenItem, unheard
from actors.runtime.closing import close_in_background
from actors.runtime.session_trace import Stage, peer_of
from actors.runtime.supervised_actor import SupervisedActor, logger, tell_quietly
from actors.session.caller_speech import CallerSpeech
from actors.session.engine_events import ModelReported, RealtimeChecked, RealtimeReported
from actors.session.generation import CHAT, usage
from actors.session.spoken_reply_writer import SpokenReplyWriter
from protocol.realtime.failure_kinds import FailureKind

OPEN_TIMEOUT_S = 6.0
OWED_S = 8.0
"""A model that owes anything and has told nothing for so long has stalled."""
CANCELLED_S = 3.0
"""The end of a response that was cancelled comes within this, or the session has stalled."""
CHECK_S = 0.5
RETRY_S = (0.0, 0.5, 1.0, 2.0)
"""The pauses before the attempts to open another session; with as many failures in a row the model is given up."""
MAX_REPLY_MS = 180_000.0
"""A reply with more audio than this is cut: the conversation goes on with what there is of it."""


class RealtimeSource:
    """Makes the replies of one conversation, in sessions of a speech-to-speech model. Implements `ReplySource`.

    Args:
        actor: whose tasks and messages are used: it is told `RealtimeReported`, `RealtimeChecked` and `ModelFailed`.
        model: the engine.
        options: called for what a new session is asked for, without its history.
        history: called for the conversation that a new session begins with.
        speech: the caller's voice.
        writer: takes the audio.
        reply_of: called with a turn, the number of its reply.
        clock: the time, and the timer of the watch.
        report: told each event of the reply, as that of a model which only writes.
        on_given_up: called when the model cannot be used any more, with the cause.
    """

    def __init__(
        self,
        *,
        actor: SupervisedActor,
        model: port.RealtimeModel,
        options: Callable[[], port.RealtimeOptions],
        history: Callable[[], Sequence[ChatMessage]],
        speech: CallerSpeech,
        writer: SpokenReplyWriter,
        reply_of: Callable[[int], int],
        clock: Clock,
        report: Callable[[ModelReported], None],
        on_given_up: Callable[[str], None],
    ) -> None:
        self.tool_calls: list[ToolCalled] = []
        self._actor = actor
        self._model = model
        self._options = options
        self._history = history
        self._speech = speech
        self._writer = writer
        self._reply_of = reply_of
        self._clock = clock
        self._report = report
        self._on_given_up = on_given_up
        self._serial = 0
        self._session: port.RealtimeSession | None = None
        self._attempts = 0
        self._given_up = False
        self._known: set[tuple[Role, str, str, int]] = set()
        """What the session's conversation holds of ours."""
        self._request: ModelRequest | None = None
        """The reply that is to be made, or is being made."""
        self._number = 0
        """Of the response that is asked for and has not ended; 0: none is."""
        self._response = ""
        self._is_cancelled = False
        self._has_text = False
        self._items: dict[str, SpokenItem] = {}
        self._told_at = 0.0
        self._check: Timer | None = None
        self._is_expiring = False

    # the session

    def open(self, delay_s: float = 0.0) -> None:
        """Open a session, with all that was said; the former one is closed."""
        self.close()
        self._serial += 1
        self._actor.spawn(self._connect(self._serial, delay_s), "realtime", self._open_failed(self._serial))

    def close(self) -> None:
        """Close the session, if there is one."""
        session, self._session = self._session, None
        self._speech.connect(None)
        self._number, self._response, self._is_cancelled, self._is_expiring = 0, "", False, False
        self._items.clear()
        close_in_background(session)

    async def _connect(self, serial: int, delay_s: float) -> None:
        ref = self._actor.actor_ref

        def report(event: port.RealtimeEvent) -> None:
            if ref.is_alive():
                ref.tell(RealtimeReported(serial, event))

        await asyncio.sleep(delay_s)
        spoken = self._speech.turns_to_hear
        # What was spoken and not answered is given to the session as sound.
        history = [m for m in self._history() if m.role is not Role.USER or m.turn not in spoken]
        options = msgspec.structs.replace(self._options(), history=tuple(history))
        session = await asyncio.wait_for(self._model.open(options, report), OPEN_TIMEOUT_S)
        if serial != self._serial or not ref.is_alive():
            await session.close()
            return
        self._session = session
        self._known = {_key(message) for message in self._history()}
        self._speech.connect(session)
        self._respond()

    def _open_failed(self, serial: int) -> Callable[[BaseException], None]:
        def failed(error: BaseException) -> None:
            kind, retry_after_s = FailureKind.TRANSIENT, None
            if isinstance(error, ProviderError):
                kind = FailureKind.TRANSIENT if error.retryable else FailureKind.FATAL
                retry_after_s = error.retry_after_s
            logger.warning("a speech-to-speech session cannot be opened: %s", error or type(error).__name__)
            closed = port.RealtimeClosed(kind, str(error) or type(error).__name__, retry_after_s)
            tell_quietly(self._actor.actor_ref, RealtimeReported(serial, closed))

        return failed

    def _lost(self, kind: FailureKind, detail: str, retry_after_s: float | None = None) -> None:
        """The session is gone: another one goes on with what was heard."""
        has_begun = self._request is not None and self._has_text
        self.close()
        if kind is FailureKind.FATAL or self._attempts >= len(RETRY_S):
            self._given_up = True
            self._on_given_up(detail)
            return
        if has_begun:
            # What has come of the reply is heard to its end; the caller says what is missing.
            self._finish(ReplyGenerated(cut=True))
        delay_s = max(RETRY_S[self._attempts], min(retry_after_s or 0.0, 5.0))
        self._attempts += 1
        self.open(delay_s)

    def renew_in_silence(self) -> None:
        """Replace a session that is about to expire, if nothing is being said."""
        if self._is_expiring and self._request is None and not self._number:
            self.open()

    # the reply

    def start(self, request: ModelRequest) -> None:
        """Have the model answer all that it was told, as soon as it can."""
        self.tool_calls = []
        self._request, self._has_text = request, False
        trace = self._actor.trace
        trace.peers[Stage.MODEL] = peer_of(self._model)
        trace.begin(Stage.MODEL, attributes=CHAT | {"gen_ai.conversation.id": request.session_id})
        self._owes()
        self._respond()

    def cancel(self) -> None:
        """Have nothing more made of the reply in hand; what comes of it still is dropped."""
        self._request, self.tool_calls = None, []
        self._actor.trace.end(Stage.MODEL, attributes={"earshot.cancelled": True})
        if self._number and not self._is_cancelled:
            self._is_cancelled = True
            self._owes()
            if self._response and self._session is not None:
                self._session.cancel(self._response)

    def _respond(self) -> None:
        session = self._session
        if session is None or self._request is None or self._number:
            return
        spoken = self._speech.turns_to_hear
        for message in self._request.messages:
            if _key(message) in self._known:
                continue
            self._known.add(_key(message))
            is_spoken = message.role is Role.USER and message.turn in spoken
            is_own = message.role is Role.ASSISTANT and (message.tool_requests or message.kind is UtteranceKind.REPLY)
            if not is_spoken and not is_own:
                session.add(message)
        self._number = session.respond(port.ResponseRequest())

    def stopped(self, through_reply: int, cut: Iterable[PlaybackPosition]) -> None:
        """Have the model forget what was not heard of the replies up to this number."""
        heard = {position.reply: position.heard_ms for position in cut}
        for reply in sorted({item.reply for item in self._items.values() if item.reply <= through_reply}):
            items = [item for item in self._items.values() if item.reply == reply]
            for part in unheard(items, heard.get(reply, 0.0)):
                if self._session is not None:
                    self._session.truncate(part.item_id, part.heard_ms)
            self.heard(reply)

    def heard(self, reply: int) -> None:
        """All of this reply that will be heard was heard."""
        self._items = {item_id: item for item_id, item in self._items.items() if item.reply != reply}

    # what the session reports

    def reported(self, message: RealtimeReported) -> None:
        """Take up one event of the session."""
        if message.session != self._serial or self._given_up:
            return
        self._told_at = self._clock.now()
        event = message.event
        match event:
            case port.RealtimeReady():
                self._attempts = 0
            case port.CallerCommitted(item_id=item_id):
                self._speech.committed(item_id)
            case port.ResponseStarted(response_id, request):
                self._started(response_id, request)
            case port.ResponseFinished():
                self._finished(event)
            case port.RealtimeFailed():
                self._failed(event)
            case port.RealtimeExpiring():
                self._is_expiring = True
                self.renew_in_silence()
            case port.RealtimeClosed(kind, detail, retry_after_s):
                self._lost(kind, detail, retry_after_s)
            case port.ResponseAudio() | port.ResponseAudioFinished() | port.ResponseTranscript():
                if event.response_id == self._response and not self._is_cancelled:
                    self._made(event)
            case port.ResponseToolCalled(response_id=response_id, call=call):
                if response_id == self._response and not self._is_cancelled:
                    self._tell(call)
            case _:
                pass

    def _started(self, response_id: str, request: int) -> None:
        if request == self._number:
            self._response = response_id
            if self._is_cancelled and self._session is not None:
                self._session.cancel(response_id)
        elif self._session is not None:
            self._session.cancel(response_id)

    def _made(self, event: port.ResponseAudio | port.ResponseAudioFinished | port.ResponseTranscript) -> None:
        request = self._request
        if request is None:
            return
        reply = self._reply_of(request.turn)
        if isinstance(event, port.ResponseTranscript):
            self._has_text = True
            self._tell(TextGenerated(event.text))
            return
        item = self._items.setdefault(event.item_id, SpokenItem(item_id=event.item_id, reply=reply))
        if isinstance(event, port.ResponseAudioFinished):
            item.is_complete = True
            return
        item.audio_ms += self._writer.play(reply, request.turn, event.pcm)
        if sum(each.audio_ms for each in self._items.values() if each.reply == reply) > MAX_REPLY_MS:
            logger.warning("a reply was cut: it had more than %d s of audio", MAX_REPLY_MS / 1_000)
            self._finish(ReplyGenerated(cut=True))
            self.cancel()

    def _finished(self, event: port.ResponseFinished) -> None:
        if event.response_id != self._response:
            return
        was_cancelled = self._is_cancelled
        self._number, self._response, self._is_cancelled = 0, "", False
        if was_cancelled:
            self._respond()
        elif event.status in (port.ResponseStatus.FAILED, port.ResponseStatus.FILTERED):
            self._reply_failed(event.detail or event.status.value)
        else:
            self._finish(
                ReplyGenerated(
                    event.prompt_tokens, event.completion_tokens, cut=event.status is port.ResponseStatus.CUT
                )
            )

    def _finish(self, event: ReplyGenerated) -> None:
        request, self._request = self._request, None
        if request is not None:
            self._actor.trace.end(Stage.MODEL, attributes=usage(event))
            self._speech.answered()
            self._report(ModelReported(request.turn, event))

    def _failed(self, event: port.RealtimeFailed) -> None:
        if event.request and event.request == self._number:
            self._number = 0
            self._reply_failed(event.detail)

    def _reply_failed(self, detail: str) -> None:
        request, self._request = self._request, None
        if request is not None:
            self._actor.trace.end(Stage.MODEL, error=ErrorKind.UNAVAILABLE)
            tell_quietly(self._actor.actor_ref, ModelFailed(request.turn, ErrorKind.UNAVAILABLE, detail))

    def _tell(self, event: TextGenerated | ToolCalled) -> None:
        if self._request is not None:
            self._report(ModelReported(self._request.turn, event))

    # stalls

    def _owes(self) -> None:
        self._told_at = self._clock.now()
        if self._check is None:
            self._check = self._clock.call_later(CHECK_S, self._actor.actor_ref, RealtimeChecked())

    def check(self) -> None:
        """Look whether the session has told what it owes; one that has not for too long is replaced."""
        self._check = None
        if self._session is None or (self._request is None and not self._number):
            if self._request is not None:
                self._owes()
            return
        silent_s = self._clock.now() - self._told_at
        if silent_s > (CANCELLED_S if self._is_cancelled else OWED_S):
            logger.warning("a speech-to-speech session has stalled and is replaced")
            self._lost(FailureKind.TRANSIENT, f"nothing came for {silent_s:.0f} s")
            return
        self._check = self._clock.call_later(CHECK_S, self._actor.actor_ref, RealtimeChecked())


def _key(message: ChatMessage) -> tuple[Role, str, str, int]:
    """What tells messages of a conversation apart, though the words of one may become known later."""
    said = "" if message.role is Role.USER else message.text[:40]
    return message.role, message.call_id or said, message.kind if message.role is Role.ASSISTANT else "", message.turn
