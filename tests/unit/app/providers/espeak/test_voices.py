"""The voices that espeak tells of are in the data that it comes with."""

from importlib.util import find_spec
from pathlib import Path

from app.providers.espeak.synthesizer import EspeakSynthesizer

VARIANTS = "voices/!v"


def test_every_voice_that_is_told_is_there() -> None:
    spec = find_spec("espeakng_loader")
    assert spec is not None
    assert spec.origin is not None
    files = Path(spec.origin).parent / "espeak-ng-data"
    languages = {path.name.lower() for path in (files / "lang").rglob("*") if path.is_file()}
    variants = {path.name for path in (files / VARIANTS).iterdir()}
    for accent, voices in EspeakSynthesizer().voices().items():
        assert accent in languages
        assert {voice.partition("+")[2] for voice in voices} - {""} <= variants
        assert {voice.partition("+")[0] for voice in voices} == {accent}
