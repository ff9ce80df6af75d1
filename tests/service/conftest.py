"""What the tests of engines share."""

from collections.abc import Iterator
from functools import cache

import pytest


@pytest.fixture(scope="session")
def weights_read_once() -> Iterator[None]:
    """Engines of this machine share the models that they load: both are thread-safe, and keep nothing of a stream."""
    from app.providers.hibari import voice
    from app.providers.moonshine import model

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(voice, "SpeechModel", cache(voice.SpeechModel))
        patch.setattr(model, "Model", cache(model.Model))
        yield
