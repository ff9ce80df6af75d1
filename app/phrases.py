"""Phrases kept as PCM: they can be said when the synthesizer itself has failed, and at once when it has not."""

import asyncio
import logging
from collections.abc import Mapping

from actors.agent import Agent, Voice
from actors.background import Background
from actors.errors import ErrorKind, SynthesizerError
from actors.ports import AudioSynthesized, SpeechSynthesizer, SynthesisEvent, SynthesisFailed, SynthesisFinished
from protocol.browser import OUTPUT_RATE_HZ

log = logging.getLogger(__name__)

RENDER_TIMEOUT_S = 10.0


class KeptPhrases:
    """The kept phrases of every agent, by rate."""

    def __init__(self, synthesizer: SpeechSynthesizer, background: Background) -> None:
        self._synthesizer = synthesizer
        self._background = background
        self._pcm: dict[tuple[Voice, int], dict[str, bytes]] = {}
        self._wanted: set[tuple[str, int]] = set()

    async def prepare(self, agents: list[Agent], rate_hz: int = OUTPUT_RATE_HZ) -> None:
        """Synthesise what each agent keeps, at `rate_hz`; what cannot be made is logged and left out."""
        for agent in agents:
            await self._prepare(agent, rate_hz)

    def at(self, agent: Agent, rate_hz: int) -> Mapping[str, bytes]:
        """The phrases of `agent` at a rate; for one never asked for they are made in the background."""
        if (agent.name, rate_hz) not in self._wanted:
            self._background.run(self._prepare(agent, rate_hz))
        return self._pcm.setdefault((agent.voice, rate_hz), {})

    async def _prepare(self, agent: Agent, rate_hz: int) -> None:
        self._wanted.add((agent.name, rate_hz))
        kept = self._pcm.setdefault((agent.voice, rate_hz), {})
        for text in _phrases(agent):
            if text not in kept:
                try:
                    kept[text] = await render(self._synthesizer, text, agent.voice, rate_hz)
                except SynthesizerError as error:
                    log.warning("a phrase of agent %s could not be kept: %s", agent.name, error)
                    return


def _phrases(agent: Agent) -> list[str]:
    p = agent.phrases
    texts = [p.apology, p.say_again, p.hold_on, p.goodbye, *p.fillers, *p.no_input, agent.greeting]
    return [text for text in texts if text]


async def render(synthesizer: SpeechSynthesizer, text: str, voice: Voice, rate_hz: int) -> bytes:
    """All audio of `text`, PCM16LE mono.

    Raises:
        SynthesizerError: the engine failed, or took more than RENDER_TIMEOUT_S.
    """
    done: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
    chunks: list[bytes] = []

    def report(event: SynthesisEvent) -> None:
        match event:
            case AudioSynthesized(_, pcm):
                chunks.append(pcm)
            case SynthesisFinished():
                if not done.done():
                    done.set_result(b"".join(chunks))
            case SynthesisFailed(_, kind, detail):
                if not done.done():
                    done.set_exception(SynthesizerError(kind, detail))
            case _:
                pass

    try:
        async with asyncio.timeout(RENDER_TIMEOUT_S):
            stream = await synthesizer.open(voice, rate_hz, report)
            try:
                stream.write(1, text)
                stream.finish(1)
                return await done
            finally:
                await stream.close()
    except TimeoutError:
        raise SynthesizerError(ErrorKind.TIMEOUT, "a phrase took too long") from None
