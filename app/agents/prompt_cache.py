"""Prompt cache: an agent's fixed phrases as synthesised audio (TTS), said at once, and even when TTS has failed."""

import asyncio
import logging
from collections.abc import Collection, Iterator

from actors.agent import Agent, Voice, VoicemailAction
from actors.errors import ErrorKind, SynthesizerError
from actors.ports.tts import (
    SYNTHESIS_EVENTS,
    AudioSynthesized,
    SpeechSynthesizer,
    SpokenPhrase,
    SpokenWord,
    SynthesisEvent,
    SynthesisFailed,
    SynthesisFinished,
    WordSynthesized,
)
from actors.rules.agent_language import in_all_languages
from actors.rules.reply_bounds import most_audio_ms
from actors.rules.well_typed import violation
from actors.runtime.background_tasks import BackgroundTasks
from actors.runtime.containment import comes_from_outside
from actors.session.engine_violations import EngineViolations, required_stream
from actors.session.synthesis.pronounced_synthesis import open_pronounced
from actors.variables import filled_with_defaults
from app.plugins import in_one_line
from protocol.browser import OUTPUT_RATE_HZ

log = logging.getLogger(__name__)

BRIEFING_TOOL = "transfer_with_briefing"
"""The name of the tool by which an agent calls a person on behalf of its caller."""
RENDER_TIMEOUT_S = 10.0
START_RETRIES = 5
"""How often synthesis is asked again, at the start of a process, after it took too long: a loaded machine may need more
time to load an engine than any phrase takes."""


class PromptCache:
    """Holds the audio of every agent's phrases, by voice and sample rate."""

    def __init__(self, synthesizer: SpeechSynthesizer, background: BackgroundTasks) -> None:
        self._synthesizer = synthesizer
        self._background = background
        self._spoken: dict[tuple[Voice, int], dict[str, SpokenPhrase]] = {}
        self._wanted: dict[tuple[str, Voice, int], list[str]] = {}
        """The phrases that were asked for, by agent, voice and sample rate."""

    async def prepare(self, agents: list[Agent], rate_hz: int = OUTPUT_RATE_HZ) -> None:
        """Synthesise what each agent keeps, at `rate_hz`; what cannot be made is left out, each reason logged once."""
        failed: dict[str, list[str]] = {}
        retries = iter(range(START_RETRIES))
        for agent in (spoken for each in agents for spoken in in_all_languages(each)):
            if failure := await self._failure(agent, rate_hz, retries):
                failed.setdefault(failure, []).append(agent.name)
        for failure, names in failed.items():
            _tell_failed(failure, names)

    def at(self, agent: Agent, rate_hz: int) -> dict[str, SpokenPhrase]:
        """Return the phrases of `agent` at a sample rate by text; those never asked for are made in the background."""
        wanted = self._wanted.setdefault((agent.name, agent.voice, rate_hz), [])
        if not set(_phrases(agent)) <= set(wanted):
            wanted += _phrases(agent)
            self._background.run(self._prepare(agent, rate_hz))
        return self._spoken.setdefault((agent.voice, rate_hz), {})

    def replace(self, agent: Agent, agents: Collection[Agent]) -> None:
        """Make in the background what a changed agent keeps, at the rates it was kept at, and forget the voices that
        none of `agents` has any more: a live session that holds their phrases still has them.
        """
        rates_hz = {rate_hz for name, _, rate_hz in self._wanted if name == agent.name}
        voices = {spoken.voice for each in agents for spoken in in_all_languages(each)}
        self._wanted = {key: texts for key, texts in self._wanted.items() if key[1] in voices}
        self._spoken = {key: kept for key, kept in self._spoken.items() if key[0] in voices}
        for rate_hz in sorted(rates_hz):
            self.at(agent, rate_hz)

    async def _prepare(self, agent: Agent, rate_hz: int) -> None:
        if failure := await self._failure(agent, rate_hz, iter(())):
            _tell_failed(failure, [agent.name])

    async def _failure(self, agent: Agent, rate_hz: int, retries: Iterator[int]) -> str:
        """Synthesise what an agent keeps; returns the first failure, or an empty text.

        `retries`: has an item for each time that synthesis may be asked again after a time-out.
        """
        texts = _phrases(agent)
        self._wanted.setdefault((agent.name, agent.voice, rate_hz), []).extend(texts)
        kept = self._spoken.setdefault((agent.voice, rate_hz), {})
        failure = ""
        for text in texts:
            while text not in kept:
                try:
                    kept[text] = await render(self._synthesizer, text, agent.voice, rate_hz)
                except SynthesizerError as error:
                    if error.is_of_the_request:
                        # This phrase cannot be spoken, and others can.
                        failure = failure or str(error)
                        break
                    if error.kind is not ErrorKind.TIMEOUT or next(retries, None) is None:
                        return str(error)
        return failure


def _tell_failed(failure: str, agents: list[str]) -> None:
    log.warning("phrases of agent %s could not be made in advance: %s", ", ".join(agents), failure)


def _phrases(agent: Agent) -> list[str]:
    """The greeting before all else: somebody may be waiting for it. What differs from call to call is left out."""
    agent = filled_with_defaults(agent)
    p = agent.phrases
    texts = [
        agent.greeting,
        agent.introduction,
        p.apology,
        p.say_again,
        p.hold_on,
        p.goodbye,
        p.cut_off,
        *p.fillers,
        *p.no_input,
    ]
    texts += [p.no_answer, p.busy, p.refused]
    if any(name.endswith(BRIEFING_TOOL) for name in agent.tools):
        texts += [*p.connecting, p.consult_question, p.consult_declined, p.consult_over]
    if agent.voicemail is VoicemailAction.LEAVE_MESSAGE:
        texts.append(p.voicemail)
    texts += [rail.say for rail in agent.guardrails if rail.ends_reply]
    return [text for text in texts if text]


class _Rendering:
    """The audio of one phrase while it is made. `done` gets the phrase, or the SynthesizerError that it came to."""

    def __init__(self, text: str, rate_hz: int) -> None:
        self.done: asyncio.Future[SpokenPhrase] = asyncio.get_running_loop().create_future()
        self._chunks: list[bytes] = []
        self._words: list[SpokenWord] = []
        self._most_words = len(text) + 1
        self._left_bytes = int(most_audio_ms(len(text)) * rate_hz * 2 / 1_000)
        self._violations = EngineViolations("synthesizer")

    def report(self, event: SynthesisEvent) -> None:
        """Take up what the engine reports; anything after the end is ignored."""
        if self.done.done():
            return
        if wrong := violation(event, SYNTHESIS_EVENTS):
            # Half a sample that was kept would be one in every call.
            self._violations.pass_over(wrong)
            return
        match event:
            case AudioSynthesized(_, pcm):
                self._chunks.append(pcm)
                self._left_bytes -= len(pcm)
                if self._left_bytes < 0:
                    self.done.set_exception(SynthesizerError(ErrorKind.INTERNAL, "audio of a phrase, and no end"))
            case WordSynthesized(text_start=text_start, text_end=text_end, audio_ms=audio_ms):
                if len(self._words) < self._most_words:
                    self._words.append(SpokenWord(text_start, text_end, audio_ms))
            case SynthesisFinished():
                self.done.set_result(SpokenPhrase(b"".join(self._chunks), tuple(self._words)))
            case SynthesisFailed(_, kind, detail):
                self.done.set_exception(SynthesizerError(kind, detail))
            case _:
                pass


async def render(synthesizer: SpeechSynthesizer, text: str, voice: Voice, rate_hz: int) -> SpokenPhrase:
    """All audio of `text`, and when its words are heard.

    Raises:
        SynthesizerError: the engine failed, or took more than RENDER_TIMEOUT_S.
    """
    rendering, task = _Rendering(text, rate_hz), asyncio.current_task()
    try:
        async with asyncio.timeout(RENDER_TIMEOUT_S):
            stream = required_stream(await open_pronounced(synthesizer, voice, rate_hz, rendering.report))
            try:
                stream.write(1, text)
                stream.finish(1)
                return await rendering.done
            finally:
                await stream.close()
    except TimeoutError:
        raise SynthesizerError(ErrorKind.TIMEOUT, "a phrase took too long") from None
    except SynthesizerError:
        raise
    except BaseException as error:
        if comes_from_outside(error, task):
            raise
        # Somebody's own engine may raise anything: neither the start nor the other phrases depend on this one.
        raise SynthesizerError(ErrorKind.INTERNAL, in_one_line(error, with_text=False)) from None
