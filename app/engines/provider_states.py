"""How the engines of a worker fare that have a circuit breaker, for operators."""

from actors.session.plan import Engines
from app.engines.ports import TRANSCRIBER
from app.providers.failover.model import FailoverModel
from app.providers.failover.providers import ProviderState
from app.providers.failover.recognizer import FailoverRecognizer
from app.providers.failover.synthesizer import FailoverSynthesizer


def provider_states(engines: Engines) -> dict[str, list[ProviderState]]:
    """By setting, the providers that have a circuit breaker, the one that is asked first before the others."""
    by_setting = {
        "speech_recognizer": engines.recognizer,
        "speech_synthesizer": engines.synthesizer,
        "language_model": engines.model,
        TRANSCRIBER: engines.transcriber,
    }
    return {
        setting: engine.providers.states()
        for setting, engine in by_setting.items()
        if isinstance(engine, FailoverRecognizer | FailoverSynthesizer | FailoverModel)
    }
