"""A speech-to-speech model that goes wrong on purpose: as services do, as connections do, or as a bad adapter would.

It hears what the caller says in the audio that it is given (`caller_voice.py`), and answers (`speaking_response.py`).
"""

import asyncio
from collections.abc import Callable
from typing import Any

from actors.conversation import ChatMessage, Role
from actors.errors import ErrorKind, RealtimeError
from actors.messages.transcript import FinalTranscript, NoSpeechRecognized
from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from protocol.realtime.failure_kinds import FailureKind
from tests.fault_campaign.caller_voice import Listener, Utterance
from tests.fault_campaign.speaking_faults import HearingFault, Mishaps, cannot_open
from tests.fault_campaign.speaking_response import Response
from tests.kit.faults import Faults

TRANSCRIBED_AFTER_S = 0.5
TRANSCRIBED_LATE_S = 6.0


class SpeakingModel:
    """The model of one conversation.

    Args:
        said: what the caller says, by the number that is heard in their voice.
        mishaps: what goes wrong.
        faults: what goes wrong at the places `realtime.NAME`, of the operations of a session: those raise.
    """

    def __init__(self, said: dict[int, Utterance], mishaps: Mishaps, faults: Faults) -> None:
        self.said = said
        self.mishaps = mishaps
        self.faults = faults
        self.openings = self.responses = self.turns = 0
        self.read: list[str] = []
        """The user's words in the sessions that were asked for a response."""
        self.saying = ""
        """What is being said, or was said last."""
        self.sessions: list[SpeakingSession] = []

    @property
    def abilities(self) -> port.RealtimeAbilities:
        return port.RealtimeAbilities(word_times=self.mishaps.word_times, transcribes=True)

    def start(self) -> list[asyncio.TimerHandle]:
        """Begin to lose sessions as planned."""
        loop = asyncio.get_running_loop()
        return [loop.call_later(at, self._lose, kind) for at, kind in self.mishaps.losses]

    def _lose(self, kind: FailureKind | None) -> None:
        if self.sessions:
            self.sessions[-1].lose(kind)

    async def open(
        self, options: port.RealtimeOptions, report: Callable[[reported.RealtimeEvent], None]
    ) -> port.RealtimeSession:
        self.openings += 1
        await asyncio.sleep(0.05)
        if self.openings in self.mishaps.openings:
            await cannot_open(self.mishaps.opening)
            none: Any = None
            return none  # type: ignore[no-any-return]  # a careless adapter
        session = SpeakingSession(self, options, report)
        self.sessions.append(session)
        report(reported.RealtimeReady())
        return session

    async def close(self) -> None:
        return


class SpeakingSession:
    """One session. It knows what it was told, and what it has heard and said, in order: `items`."""

    def __init__(
        self, model: SpeakingModel, options: port.RealtimeOptions, report: Callable[[reported.RealtimeEvent], None]
    ) -> None:
        self.model = model
        self.options = options
        self._report = report
        self.items = [(message.role, message.text) for message in options.history]
        self._listener = Listener(model.said)
        self._commits = self._requests = 0
        self._response: Response | None = None
        self._is_over = False

    # what it is told

    def append(self, pcm: bytes) -> None:
        self._goes_wrong("append")
        self._listener.hear(pcm)

    def commit(self) -> None:
        self._goes_wrong("commit")
        model = self.model
        model.turns += 1
        fault = model.mishaps.hearing if model.turns in model.mishaps.turns else None
        text, item_id = self._listener.words, f"caller-{self._commits + 1}"
        self._listener.forget()
        if fault is HearingFault.NOT_COMMITTED:
            self.fail(FailureKind.HARMLESS, reported.Operation.COMMIT)
            return
        self._commits += 1
        self.items.append((Role.USER, text))
        self.tell(reported.CallerCommitted(item_id=item_id, start_ms=0, end_ms=0))
        self._transcribe(item_id, text, fault)

    def _transcribe(self, item_id: str, text: str, fault: HearingFault | None) -> None:
        told: FinalTranscript | NoSpeechRecognized = NoSpeechRecognized(1)
        if fault is HearingFault.HALF_EMOJI:
            text = f"{text} \ud83d"
        if text and fault is not HearingFault.NOTHING_UNDERSTOOD:
            told = FinalTranscript(text=text, start_ms=0, end_ms=1)
        after_s = TRANSCRIBED_LATE_S if fault is HearingFault.LATE_WORDS else TRANSCRIBED_AFTER_S
        if fault is not HearingFault.NO_WORDS:
            words = reported.CallerTranscribed(item_id, told)
            asyncio.get_running_loop().call_later(after_s, self.tell, words)
        if fault is HearingFault.LIMITED:
            self.tell(reported.RateLimited(name="requests", limit=1, remaining=0, reset_s=3.0))
        if fault is HearingFault.EXPIRING:
            self.tell(reported.RealtimeExpiring(5.0))

    def clear(self) -> None:
        self._goes_wrong("clear")
        self._listener.forget()

    def add(self, message: ChatMessage) -> None:
        self._goes_wrong("add")
        self.items.append((message.role, message.text))

    def respond(self, request: port.ResponseRequest) -> int:
        self._goes_wrong("respond")
        model = self.model
        self._requests += 1
        if self._response is not None:
            self.fail(FailureKind.HARMLESS, reported.Operation.RESPOND, self._requests)
            return self._requests
        model.responses += 1
        # What was said in two parts, with a pause between them, is read as one.
        model.read.append(" ".join(text for role, text in self.items if role is Role.USER))
        fault = model.mishaps.speaking if model.responses in model.mishaps.responses else None
        self._response = Response(self, self._requests, model.responses, request, fault)
        self._response.start()
        return self._requests

    def cancel(self, response_id: str) -> None:
        self._goes_wrong("cancel")
        if self._response is None or self._response.response_id != response_id:
            self.fail(FailureKind.HARMLESS, reported.Operation.CANCEL)
        else:
            self._response.is_cancelled = True

    def truncate(self, item_id: str, heard_ms: float) -> None:
        self._goes_wrong("truncate")

    def delete(self, item_id: str) -> None:
        self._goes_wrong("delete")

    def update(self, changes: port.SessionChanges) -> None:
        return

    async def close(self) -> None:
        self._end()
        await self.model.faults.at("realtime.close", RealtimeError(ErrorKind.INTERNAL, "fake"))

    def _goes_wrong(self, operation: str) -> None:
        self.model.faults.raise_now(f"realtime.{operation}", RuntimeError("fake"))

    # what it tells

    def tell(self, event: reported.RealtimeEvent) -> None:
        """Report an event, unless the session is over."""
        if not self._is_over:
            self._report(event)

    def lose(self, kind: FailureKind | None) -> None:
        """The connection breaks; None: nothing more is told, and the connection stays."""
        if kind is not None:
            self.tell(reported.RealtimeClosed(kind, "fake"))
        self._end()

    def _end(self) -> None:
        self._is_over = True
        if self._response is not None:
            self._response.stop()

    def fail(self, kind: FailureKind, operation: reported.Operation, request: int = 0) -> None:
        """Tell that an order has failed, as over a network: after it has returned."""
        event = reported.RealtimeFailed(kind=kind, operation=operation, detail="fake", request=request)
        asyncio.get_running_loop().call_later(0.02, self.tell, event)

    def response_over(self) -> None:
        """Another response may be asked for."""
        self._response = None
