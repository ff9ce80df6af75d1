"""Whose voice a session's fixed phrases have: the model's in its own mode, as far as it has said them."""

import asyncio

import msgspec

from actors.runtime.background_tasks import BackgroundTasks
from actors.runtime.clock import run_virtual
from actors.session.modes.media import MEDIA
from actors.session.modes.voice_live import VOICE_LIVE
from app.agents.kept_phrases import KeptPhrases
from app.agents.prompt_cache import PromptCache
from app.providers.realtime.phrase_voice import PhraseVoice
from tests.kit.fake_realtime import FakeRealtime
from tests.kit.fakes import FakeSynthesizer
from tests.kit.session_kit import AGENT

GREETED = msgspec.structs.replace(AGENT, greeting="Good morning.")
RATE_HZ = 16_000


def kept(model: FakeRealtime, *, at_start: bool = False) -> KeptPhrases:
    background = BackgroundTasks()
    synthesized = PromptCache(FakeSynthesizer(), background)
    return KeptPhrases(synthesized, PromptCache(PhraseVoice(model), background), at_start=at_start)


def test_a_model_says_the_phrases_of_its_own_mode_alone() -> None:
    async def main() -> None:
        model = FakeRealtime("Good morning!", *["Something else."] * 30)
        phrases = kept(model)
        await phrases.prepare([GREETED])
        assert not model.sessions, "nobody has that mode"
        own, others = phrases.at(GREETED, RATE_HZ, VOICE_LIVE), phrases.at(GREETED, RATE_HZ, MEDIA)
        # It greets in its own voice or, while the call lasts, says what it has not said before.
        assert "Good morning." not in own
        await asyncio.sleep(60)
        assert own["Good morning."] != others["Good morning."]
        assert set(own) == set(others)
        assert len(own) == len(others)
        # What it has not said word for word is said by the synthesizer.
        apology = GREETED.phrases.apology
        assert own[apology] == others[apology]

    run_virtual(main())


def test_where_calls_have_its_mode_its_phrases_are_made_before_the_first() -> None:
    async def main() -> None:
        model = FakeRealtime("Good morning!")
        phrases = kept(model, at_start=True)
        await phrases.prepare([GREETED])
        await asyncio.sleep(0.3)
        assert model.sessions

    run_virtual(main())


def test_where_calls_can_come_what_they_need_is_made_before_the_first() -> None:
    async def main() -> None:
        phrases = KeptPhrases(PromptCache(FakeSynthesizer(), BackgroundTasks()), calls_hz=RATE_HZ)
        await phrases.prepare([GREETED])
        await asyncio.sleep(60)
        kept_at_once = dict(phrases.at(GREETED, RATE_HZ, MEDIA))
        assert {"Good morning.", GREETED.phrases.apology} <= set(kept_at_once)

    run_virtual(main())


def test_a_changed_agent_is_said_anew() -> None:
    async def main() -> None:
        model = FakeRealtime("Good morning!", *["No."] * 30, "Good evening!")
        phrases = kept(model)
        phrases.at(GREETED, RATE_HZ, VOICE_LIVE)
        await asyncio.sleep(60)
        model.replies.clear()
        model.replies.append("Good evening.")
        changed = msgspec.structs.replace(GREETED, greeting="Good evening.")
        phrases.replace(changed, [changed])
        await asyncio.sleep(60)
        own = phrases.at(changed, RATE_HZ, VOICE_LIVE)
        assert own["Good evening."] != phrases.at(changed, RATE_HZ, MEDIA)["Good evening."]

    run_virtual(main())
