"""A response of the speech-to-speech model that goes wrong on purpose.

It has words that no other answer has, in audio that can be read (`speech_as_text.py`).
"""

import asyncio
from typing import TYPE_CHECKING, Any

from actors.conversation import Role
from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from actors.ports.llm import ToolCalled
from actors.session.realtime.spoken_reply import GO_ON
from protocol.realtime.failure_kinds import FailureKind
from tests.fault_campaign.faulty_engines import HAND_OFF, sentences, wanted_slot
from tests.fault_campaign.speaking_faults import (
    FAILS,
    FAILS_LATER,
    LOST_LATER,
    LOST_WITH_CALL,
    NOT_TAKEN,
    SPEEDS,
    SpeakingFault,
)
from tests.fault_campaign.speech_as_text import CHARACTER_MS, spell

if TYPE_CHECKING:
    from tests.fault_campaign.speaking_model import SpeakingSession

CHUNK_MS = 100
SPEED = 5.0
"""Audio comes so many times faster than it plays."""
FIRST_NUMBER = 1_000
"""Of the answers, so that none has the words of another engine's."""
MOST = 100_000
"""A model that goes on without end goes on for so long, more than half an hour."""
SPOKEN_OF_MANY = 30
"""Of words without end, so many have audio."""
LATE_CHUNKS = 2
"""Audio of a cancelled response that still comes."""


class Response:
    """One response, to the order `request` of its session, and number `number` of the conversation."""

    def __init__(
        self,
        session: "SpeakingSession",
        request: int,
        number: int,
        order: port.ResponseRequest,
        fault: SpeakingFault | None,
    ) -> None:
        self.response_id = f"response-{number}"
        self.is_cancelled = False
        self._session = session
        self._request = request
        self._number = number
        self._order = order
        self._fault = fault
        self._item_id = f"item-{number}"
        self._speed = SPEEDS.get(fault, SPEED) if fault is not None else SPEED
        self._rate_hz = session.options.speaks_hz or session.options.rate_hz
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to make it."""
        self._task = asyncio.ensure_future(self._respond())

    def stop(self) -> None:
        """Make nothing more of it."""
        if self._task is not None:
            self._task.cancel()

    async def _respond(self) -> None:
        session, fault = self._session, self._fault
        await asyncio.sleep(0.1)
        if fault is SpeakingFault.STALLS:
            return
        if fault in NOT_TAKEN:
            await self._not_taken(NOT_TAKEN[fault])
            return
        if fault is SpeakingFault.UNASKED:
            session.tell(reported.ResponseStarted("unasked", 0))
            session.tell(reported.ResponseTranscript("unasked", "item-unasked", "nobody wants this"))
            session.tell(reported.ResponseFinished(response_id="unasked", status=reported.ResponseStatus.COMPLETED))
        session.tell(reported.ResponseStarted(self.response_id, self._request))
        if fault is SpeakingFault.BEGUN_TWICE:
            session.tell(reported.ResponseStarted(self.response_id, self._request))
        if not await self._comes_to_nothing():
            await self._make()

    async def _not_taken(self, kind: FailureKind) -> None:
        session, loop = self._session, asyncio.get_running_loop()
        session.response_over()
        session.fail(kind, reported.Operation.RESPOND, self._request)
        if kind in (FailureKind.TRANSIENT, FailureKind.FATAL):
            loop.call_later(0.05, session.lose, kind)
        if kind is FailureKind.HARMLESS:
            # The other one, which was active, comes to its end.
            await asyncio.sleep(0.5)
            session.tell(reported.ResponseFinished(response_id="other", status=reported.ResponseStatus.COMPLETED))

    async def _comes_to_nothing(self) -> bool:
        """Whether it goes wrong before its first word, or has none."""
        match self._fault:
            case SpeakingFault.LOST:
                self._session.lose(FailureKind.TRANSIENT)
            case SpeakingFault.STALLS_BEGUN:
                pass
            case SpeakingFault.FILTERED:
                self._finish(reported.ResponseStatus.FILTERED)
            case SpeakingFault.CANCELLED:
                self._finish(reported.ResponseStatus.CANCELLED)
            case SpeakingFault.EMPTY:
                self._finish(reported.ResponseStatus.COMPLETED)
            case SpeakingFault.UNKNOWN_TOOL:
                self._call(ToolCalled(call_id="", name="nonsense", arguments="{}"))
            case SpeakingFault.DEEP_ARGUMENTS:
                arguments = '{"slot":' * 100_000 + "1" + "}" * 100_000
                self._call(ToolCalled(call_id="deep", name="book_slot", arguments=arguments))
            case SpeakingFault.HUGE_ARGUMENTS:
                arguments = f'{{"slot": "{"x" * 4_000_000}"}}'
                self._call(ToolCalled(call_id="huge", name="book_slot", arguments=arguments))
            case SpeakingFault.ENDLESS_CALLS:
                await self._call_without_end()
            case SpeakingFault.ENDLESS_WORDS:
                await self._talk_without_end()
            case None:
                return False
            case fault:
                if fault not in FAILS:
                    return False
                self._finish(reported.ResponseStatus.FAILED, FAILS[fault])
        return True

    async def _make(self) -> None:
        model, items = self._session.model, self._session.items
        if self._order.instructions.endswith(GO_ON):
            text = model.saying.removeprefix(items[-1][1]).lstrip() or "That is all."
        elif (call := self._wanted()) is not None:
            self._call(call)
            return
        else:
            text = model.saying = "".join(sentences(FIRST_NUMBER + self._number)).rstrip()
        for number, part in enumerate(self._parts(text)):
            self._item_id = f"item-{self._number}-{number}"
            if self._fault is not SpeakingFault.NO_WORDS:
                self._tell_words(part)
            if self._fault is not SpeakingFault.NO_AUDIO and not await self._speak(part):
                return
        items.append((Role.ASSISTANT, text))
        if self._fault is SpeakingFault.NEVER_FINISHED:
            return
        status = reported.ResponseStatus.CANCELLED if self.is_cancelled else reported.ResponseStatus.COMPLETED
        self._finish(reported.ResponseStatus.CUT if self._fault is SpeakingFault.CUT else status)
        if self._fault is SpeakingFault.FINISHED_TWICE:
            self._session.tell(reported.ResponseFinished(response_id=self.response_id, status=status))

    def _parts(self, text: str) -> list[str]:
        """What is said in an item each."""
        if self._fault is not SpeakingFault.IN_PARTS:
            return [text]
        sentences_of = [f"{sentence}. " for sentence in text.removesuffix(".").split(". ")]
        return [*sentences_of[:-1], sentences_of[-1].rstrip()]

    def _wanted(self) -> ToolCalled | None:
        """The tool that the model calls, if what it was told last asks for one."""
        items = self._session.items
        role, text = items[-1] if items else (Role.USER, "")
        tools = [tool.name for tool in self._session.options.tools]
        other = next((name for name in tools if name.startswith("handoff_to_")), "")
        call_id = f"call-{self._number}"
        if role is Role.USER and HAND_OFF in text and other:
            return ToolCalled(call_id=call_id, name=other, arguments="{}")
        if role is Role.USER and tools and (slot := wanted_slot(text)):
            return ToolCalled(call_id=call_id, name=tools[0], arguments=f'{{"slot": "{slot}"}}')
        return None

    def _call(self, call: ToolCalled) -> None:
        self._tell_call(call)
        match self._fault:
            case SpeakingFault.CALLS_UNFINISHED:
                pass
            case SpeakingFault.CALLS_FAILS:
                self._finish(reported.ResponseStatus.FAILED, FailureKind.TRANSIENT)
            case fault if fault in LOST_WITH_CALL:
                self._session.lose(LOST_WITH_CALL[fault])
            case _:
                self._finish(reported.ResponseStatus.COMPLETED)

    def _tell_call(self, call: ToolCalled) -> None:
        self._session.tell(reported.ResponseToolCalled(self.response_id, "item-of-a-tool", call))

    async def _call_without_end(self) -> None:
        for number in range(MOST):
            if self.is_cancelled:
                break
            self._tell_call(ToolCalled(call_id=f"endless-{number}", name="nonsense", arguments="{}"))
            await asyncio.sleep(0.02)
        self._finish(reported.ResponseStatus.CANCELLED)

    async def _talk_without_end(self) -> None:
        at = 0
        for number in range(MOST):
            if self.is_cancelled:
                break
            text = f"r{FIRST_NUMBER + self._number}w{number} "
            self._session.tell(reported.ResponseTranscript(self.response_id, self._item_id, text))
            if number < SPOKEN_OF_MANY:
                self._time_words(text.rstrip(), at)
                self._tell_audio(spell(text, self._rate_hz))
            at += len(text)
            await asyncio.sleep(0.02)
        self._finish(reported.ResponseStatus.CANCELLED)

    def _tell_words(self, text: str) -> None:
        none: Any = None
        match self._fault:
            case SpeakingFault.NO_TEXT:
                self._session.tell(reported.ResponseTranscript(self.response_id, self._item_id, none))
            case SpeakingFault.NO_EVENT:
                self._session.tell(none)
            case SpeakingFault.HALF_EMOJI:
                self._session.tell(reported.ResponseTranscript(self.response_id, self._item_id, "\ud83d "))
            case _:
                pass
        self._session.tell(reported.ResponseTranscript(self.response_id, self._item_id, text))
        if self._fault is SpeakingFault.HUGE_WORDS:
            self._session.tell(reported.ResponseTranscript(self.response_id, self._item_id, " x" * 2_000_000))
        self._time_words(text)

    def _time_words(self, text: str, at: int = 0) -> None:
        """Tell where the words lie, if this model does; the text begins `at` so many characters of the audio."""
        for word in text.split(" ") if self._session.model.mishaps.word_times else ():
            self._session.tell(
                reported.ResponseWord(
                    response_id=self.response_id,
                    item_id=self._item_id,
                    text=word,
                    audio_ms=at * CHARACTER_MS,
                    duration_ms=len(word) * CHARACTER_MS,
                )
            )
            at += len(word) + 1

    async def _speak(self, text: str) -> bool:
        """Tell the audio of the text; False if the response ends in the middle of it."""
        audio, chunk = spell(text, self._rate_hz), self._rate_hz * CHUNK_MS // 1_000 * 2
        if self._fault is SpeakingFault.ENDLESS:
            audio, chunk = audio * 60, chunk * 20
        late = LATE_CHUNKS
        for begin in range(0, len(audio), chunk):
            late -= self.is_cancelled
            if late < 0:
                return True
            if begin > len(audio) // 2 and not self._goes_on():
                return False
            await asyncio.sleep(chunk / self._rate_hz / 2 / self._speed)
            if self._fault is SpeakingFault.HALF_A_SAMPLE:
                self._tell_audio(b"abc")
            self._tell_audio(audio[begin : begin + chunk])
        if self._fault is not SpeakingFault.NO_AUDIO_END:
            self._session.tell(reported.ResponseAudioFinished(self.response_id, self._item_id))
        return True

    def _tell_audio(self, pcm: bytes) -> None:
        self._session.tell(reported.ResponseAudio(self.response_id, self._item_id, pcm))

    def _goes_on(self) -> bool:
        """Whether it goes on in the middle."""
        match self._fault:
            case SpeakingFault.FILTERED_LATER:
                self._finish(reported.ResponseStatus.FILTERED)
            case SpeakingFault.STALLS_LATER:
                pass
            case fault if fault in FAILS_LATER:
                self._finish(reported.ResponseStatus.FAILED, FAILS_LATER[fault])
            case fault:
                if fault not in LOST_LATER:
                    return True
                self._session.lose(LOST_LATER[fault])
        return False

    def _finish(self, status: reported.ResponseStatus, failure: FailureKind | None = None) -> None:
        self._session.response_over()
        finished = reported.ResponseFinished(
            response_id=self.response_id, status=status, failure=failure, detail="fake"
        )
        self._session.tell(finished)
