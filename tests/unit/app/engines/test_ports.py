"""Objects that are made for a setting, and whether they can be what it is for."""

import asyncio

import pytest

from actors.ports.stt import SpeechRecognizer
from app.engines.built_in import BUILT_IN
from app.engines.ports import FALLBACK, PORTS, TRANSCRIBER, missing_members, require_port
from app.providers.absent import AbsentRecognizer, AbsentSynthesizer
from config.errors import SettingsError

OWN = "package.module:make"


def test_what_an_object_lacks_to_be_an_engine_is_named() -> None:
    assert missing_members(AbsentRecognizer(), SpeechRecognizer) == []
    assert missing_members(None, SpeechRecognizer) == ["open", "close"]


def test_every_setting_of_an_engine_has_its_port() -> None:
    assert set(PORTS) == {*BUILT_IN, TRANSCRIBER}


@pytest.mark.parametrize("setting", ["speech_recognizer", f"speech_recognizer{FALLBACK}", TRANSCRIBER])
def test_an_engine_is_taken_and_what_is_none_is_refused(setting: str) -> None:
    engine = AbsentRecognizer()
    assert require_port(setting, OWN, engine) is engine
    refusal = f"{setting.upper()}: {OWN} made no SpeechRecognizer: NoneType is without open, close"
    with pytest.raises(SettingsError) as refused:
        require_port(setting, OWN, None)
    assert str(refused.value) == refusal


def test_an_engine_for_something_else_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"LANGUAGE_MODEL: .* AbsentSynthesizer is without reply"):
        require_port("language_model", OWN, AbsentSynthesizer())


def test_a_coroutine_is_refused_and_leaves_no_warning_that_nobody_has_awaited_it() -> None:
    async def make() -> AbsentRecognizer:
        return AbsentRecognizer()

    with pytest.raises(SettingsError, match=r"coroutine is without open$"):
        require_port("speech_recognizer", OWN, make())
    asyncio.run(asyncio.sleep(0))


def test_no_engine_of_our_own_is_held_to_it() -> None:
    assert require_port("realtime_model", "none", None) is None
