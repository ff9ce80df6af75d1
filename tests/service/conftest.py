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


@pytest.fixture
def patience_with_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for Redis as long as a busy machine may take: a conversation could not wait for it, a test can.

    What is to time out takes two seconds of it.
    """
    monkeypatch.setattr("app.stores.redis_clients.COMMAND_S", 2.0)
    monkeypatch.setattr("app.stores.redis_clients.CONNECT_S", 20.0)
    monkeypatch.setattr("app.stores.redis_connection.WHOLE_S", 30.0)
