"""The kept phrases of agents, by mode: a speech-to-speech model may have said them in its own voice."""

from collections import ChainMap
from collections.abc import Collection, Mapping

from actors.agent import Agent
from actors.ports.tts import SpokenPhrase
from actors.runtime.background_tasks import BackgroundTasks
from actors.session.modes.registry import mode_named
from actors.session.modes.voice_live import VOICE_LIVE
from actors.session.plan import Engines
from app.agents.prompt_cache import PromptCache
from app.providers.realtime.phrase_voice import PhraseVoice
from config.groups.realtime import PhrasesIn
from config.settings import Settings
from protocol.browser import OUTPUT_RATE_HZ


class KeptPhrases:
    """What sessions say at once.

    Args:
        synthesized: in the voice of the synthesizer, for every mode.
        spoken: in that of the speech-to-speech model, for its mode; None: the synthesizer's are said there, too.
        at_start: the model's are made when the process starts, for calls have its mode; else for the first that has.
    """

    def __init__(self, synthesized: PromptCache, spoken: PromptCache | None = None, *, at_start: bool = False) -> None:
        self._synthesized = synthesized
        self._spoken = spoken
        self._at_start = at_start

    async def prepare(self, agents: list[Agent]) -> None:
        """Make what a synthesizer keeps of each agent; what a model is to say is made in the background."""
        await self._synthesized.prepare(agents)
        if self._spoken is not None and self._at_start:
            for agent in agents:
                self._spoken.at(agent, OUTPUT_RATE_HZ)

    def at(self, agent: Agent, rate_hz: int, mode: str) -> Mapping[str, SpokenPhrase]:
        """The phrases of `agent` for sessions of this mode, by text; those that are missing yet come to it later."""
        synthesized = self._synthesized.at(agent, rate_hz)
        if self._spoken is None or mode != VOICE_LIVE:
            return synthesized
        # What the model has not said, or not word for word, is better said in another voice than not at all.
        return ChainMap(self._spoken.at(agent, rate_hz), synthesized)

    def replace(self, agent: Agent, agents: Collection[Agent]) -> None:
        """Make anew what is kept of a changed agent: see `PromptCache.replace`."""
        self._synthesized.replace(agent, agents)
        if self._spoken is not None:
            self._spoken.replace(agent, agents)


def kept_phrases(settings: Settings, engines: Engines, background: BackgroundTasks) -> KeptPhrases:
    """Where a worker keeps its phrases, in the voice or voices that the settings name."""
    synthesized = PromptCache(engines.synthesizer, background)
    if engines.realtime is None or settings.realtime.phrases is PhrasesIn.SYNTHESIZER:
        return KeptPhrases(synthesized)
    spoken = PromptCache(PhraseVoice(engines.realtime), background)
    return KeptPhrases(
        synthesized, spoken, at_start=mode_named(settings.agents.streaming_mode.value).name == VOICE_LIVE
    )
