"""The synthesizer of this machine, loaded in a process from which servers are forked, with what agents keep spoken.

Each server would load the weights anew and speak every kept phrase anew, three seconds of processor time, with the same
result each time: it depends on nothing but the weights and the agents' files. A fork has both from the process that it
is a fork of. What is said beyond those phrases the same model speaks when it is asked. The recognizer each server loads
itself.
"""

import asyncio
import os
import time
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from actors.agent import Agent
from actors.runtime.background_tasks import BackgroundTasks
from app.agents.prompt_cache import PromptCache
from app.engines.built_in import BUILT_IN

THREADS_OF_NUMPY = "OPENBLAS_NUM_THREADS"
"""Read by a library of numpy's when it is imported: with one thread it starts none."""
ENDS_S = 10.0
"""Threads of an engine that was closed have ended by then."""


def is_installed() -> bool:
    """Whether this machine has the synthesizer."""
    return all(engine.installed for engine in BUILT_IN["speech_synthesizer"] if engine.name == "hibari")


class LocalSynthesizer:
    """The model, loaded, with what each of the agents keeps spoken. No thread is left when it is made."""

    def __init__(self, agents: Collection[Agent]) -> None:
        # What packages have warnings do is of the process that has imported them, and of those that use them.
        with warnings.catch_warnings():
            self._load(agents)
            self._filters = list(warnings.filters)
        _await_end_of_threads()

    def _load(self, agents: Collection[Agent]) -> None:
        with _one_thread_of_numpy():
            import numpy  # noqa: F401

        from app.providers.hibari import voice
        from app.providers.hibari.synthesizer import HibariSynthesizer

        make = voice.SpeechModel
        self._speaking = _WithPhrases(make())
        voice.SpeechModel = lambda: self._speaking  # type: ignore[assignment,misc,return-value]
        try:
            asyncio.run(_speak_phrases(HibariSynthesizer(1), agents))
        finally:
            voice.SpeechModel = make  # type: ignore[misc]
        self._speaking.keep_no_more()

    def use(self) -> None:
        """Have the engine that this process makes from now on find the model loaded."""
        from app.providers.hibari import voice

        warnings.resetwarnings()
        warnings.filters[:] = self._filters  # type: ignore[index]
        voice.SpeechModel = lambda: self._speaking  # type: ignore[assignment,misc,return-value]


@contextmanager
def _one_thread_of_numpy() -> Iterator[None]:
    before = os.environ.get(THREADS_OF_NUMPY)
    os.environ[THREADS_OF_NUMPY] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ[THREADS_OF_NUMPY]
        else:
            os.environ[THREADS_OF_NUMPY] = before


class _WithPhrases:
    """A model that remembers the clauses that it spoke until `keep_no_more`; any other it speaks when it is asked."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.rate_hz = model.rate_hz
        self._spoken: dict[tuple[object, ...], Any] = {}
        self._keeps = True

    def keep_no_more(self) -> None:
        """Remember nothing else."""
        self._keeps = False

    def speak(self, text: str, span: Any, speed: float = 1.0) -> Any:
        """See `app.providers.hibari.voice.SpeechModel`."""
        clause = text, span.start, span.end, speed
        if (spoken := self._spoken.get(clause)) is None:
            spoken = self._model.speak(text, span, speed)
            if self._keeps:
                self._spoken[clause] = spoken
        return spoken


async def _speak_phrases(synthesizer: Any, agents: Collection[Agent]) -> None:
    await PromptCache(synthesizer, BackgroundTasks()).prepare(list(agents))
    await synthesizer.close()


def _await_end_of_threads() -> None:
    """Wait until this process has one thread."""
    ends_s = time.monotonic() + ENDS_S
    while len(list(Path("/proc/self/task").iterdir())) > 1:
        assert time.monotonic() < ends_s, "an engine that was closed has left a thread"
        time.sleep(0.01)
