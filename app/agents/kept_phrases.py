"""The kept phrases of agents, by mode: a speech-to-speech model may have said them in its own voice."""

from collections.abc import Collection, Iterator, Mapping

from actors.agent import Agent
from actors.ports.tts import SpokenPhrase
from actors.runtime.background_tasks import BackgroundTasks
from actors.session.modes.registry import mode_named
from actors.session.modes.voice_live import VOICE_LIVE
from actors.session.plan import Engines
from actors.variables import filled_with_defaults
from app.agents.prompt_cache import PromptCache
from app.providers.realtime.phrase_voice import PhraseVoice
from config.groups.realtime import PhrasesIn
from config.settings import Settings
from protocol.browser import OUTPUT_RATE_HZ


class _InOwnVoice(Mapping[str, SpokenPhrase]):
    """What a model has said, and in another voice what it has not said, or not word for word, now and later.

    Greetings are always in the model's own voice, made while the call lasts if need be: `said_live` is never in
    another voice.
    """

    def __init__(
        self, own: Mapping[str, SpokenPhrase], others: Mapping[str, SpokenPhrase], said_live: frozenset[str]
    ) -> None:
        self._own = own
        self._others = others
        self._said_live = said_live

    def __getitem__(self, text: str) -> SpokenPhrase:
        return self._own[text] if text in self._own or text in self._said_live else self._others[text]

    def __iter__(self) -> Iterator[str]:
        return iter(self._own.keys() | (self._others.keys() - self._said_live))

    def __len__(self) -> int:
        return len(self._own.keys() | (self._others.keys() - self._said_live))


class KeptPhrases:
    """What sessions say at once.

    Args:
        synthesized: in the voice of the synthesizer, for every mode.
        spoken: in that of the speech-to-speech model, for its mode; None: the synthesizer's are said there, too.
        at_start: the model's are made when the process starts, for calls have its mode; else for the first that has.
        calls_hz: the rate of telephone calls; None where none can come.
    """

    def __init__(
        self,
        synthesized: PromptCache,
        spoken: PromptCache | None = None,
        *,
        at_start: bool = False,
        calls_hz: int | None = None,
    ) -> None:
        self._synthesized = synthesized
        self._spoken = spoken
        self._at_start = at_start
        self._calls_hz = calls_hz

    async def prepare(self, agents: list[Agent]) -> None:
        """Make what a synthesizer keeps of each agent; what calls need of it, and a model, is made in the background.

        So the first call is greeted as soon as any other, and has an apology if synthesis fails in it.
        """
        await self._synthesized.prepare(agents)
        if self._calls_hz is not None:
            for agent in agents:
                self._synthesized.at(agent, self._calls_hz)
        if self._spoken is not None and self._at_start:
            for agent in agents:
                self._spoken.at(agent, OUTPUT_RATE_HZ)

    def at(self, agent: Agent, rate_hz: int, mode: str) -> Mapping[str, SpokenPhrase]:
        """The phrases of `agent` for sessions of this mode, by text; those that are missing yet come to it later."""
        synthesized = self._synthesized.at(agent, rate_hz)
        if self._spoken is None or mode != VOICE_LIVE:
            return synthesized
        introduced = filled_with_defaults(agent)
        said_live = frozenset({introduced.greeting, introduced.introduction})
        return _InOwnVoice(self._spoken.at(agent, rate_hz), synthesized, said_live)

    def replace(self, agent: Agent, agents: Collection[Agent]) -> None:
        """Make anew what is kept of a changed agent: see `PromptCache.replace`."""
        self._synthesized.replace(agent, agents)
        if self._spoken is not None:
            self._spoken.replace(agent, agents)


def kept_phrases(settings: Settings, engines: Engines, background: BackgroundTasks) -> KeptPhrases:
    """Where a worker keeps its phrases, in the voice or voices that the settings name."""
    synthesized = PromptCache(engines.synthesizer, background)
    has_calls = settings.acs.connection_string is not None or bool(settings.acs.endpoint)
    calls_hz = settings.telephony.sample_rate if has_calls else None
    if engines.realtime is None or settings.realtime.phrases is PhrasesIn.SYNTHESIZER:
        return KeptPhrases(synthesized, calls_hz=calls_hz)
    spoken = PromptCache(PhraseVoice(engines.realtime), background)
    at_start = mode_named(settings.agents.streaming_mode.value).name == VOICE_LIVE
    return KeptPhrases(synthesized, spoken, at_start=at_start, calls_hz=calls_hz)
