"""Cepstra of noisy speech to what the clean speech's would have been, given the noise and what speech sounds like.

A vector Taylor series of order zero (Moreno 1996): the recognizer's own Gaussians, clustered, are moved to where this
noise and this channel would put them; a frame's distance to each tells how much of it is noise. The channel
(microphone, loudness, the voice's colour) is the mean of the cepstra of speech; it is learnt from the stream itself.
"""

import struct
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from app.providers.pocketsphinx.cepstra import CEPSTRA, TO_CEPSTRA, TO_LOG_POWERS

Floats = NDArray[np.float64]

CLUSTERS = 256
CLUSTERING_ROUNDS = 10
SHARPNESS = 0.5
"""Variances are taken this many times: the clusters of clean speech are wider than noisy speech is."""
TYPICAL_CHANNEL: Floats = np.array([45.0, 3.0, 4.0] + [0.0] * (CEPSTRA - 3))
PRIOR_FRAMES = 30.0
"""How many frames of speech the channel believed so far is worth when new speech is heard."""
RECENT_FRAMES = 400.0
"""Older speech than this fades from the channel."""


class SpeechModel(msgspec.Struct, frozen=True):
    """What speech sounds like with the mean taken out: a mixture of Gaussians over cepstra."""

    means: Floats
    variances: Floats
    log_weights: Floats


@lru_cache(maxsize=1)
def speech_model(acoustic_model: Path) -> SpeechModel:
    """The Gaussians of a Sphinx acoustic model's first feature stream, clustered. Takes about 0.3 s."""
    means, variances = _parameters(acoustic_model / "means"), _parameters(acoustic_model / "variances")
    scale = 1 / np.sqrt(variances.mean(axis=0))
    points = means * scale
    centres = points[np.random.default_rng(0).choice(len(points), CLUSTERS, replace=False)]
    nearest = np.zeros(len(points), np.intp)
    for _ in range(CLUSTERING_ROUNDS):
        nearest = np.asarray(((centres**2).sum(axis=1) - 2 * points @ centres.T).argmin(axis=1))
        for cluster in np.unique(nearest):
            centres[cluster] = points[nearest == cluster].mean(axis=0)
    used = [nearest == cluster for cluster in np.unique(nearest)]
    return SpeechModel(
        means=np.array([means[members].mean(axis=0) for members in used]),
        variances=np.array([variances[members].mean(axis=0) + means[members].var(axis=0) for members in used]),
        log_weights=np.log(np.array([members.mean() for members in used])),
    )


def _parameters(path: Path) -> Floats:
    """A Sphinx `s3` parameter file's first stream, shape (gaussians, 13)."""
    content = path.read_bytes()
    at = content.index(b"endhdr\n") + 7 + 4
    codebooks, streams, densities = struct.unpack_from("<3i", content, at)
    lengths = struct.unpack_from(f"<{streams}i", content, at + 12)
    at += 12 + 4 * streams
    (count,) = struct.unpack_from("<i", content, at)
    values = np.frombuffer(content, np.float32, count, at + 4).reshape(codebooks, -1)
    return values[:, : densities * lengths[0]].reshape(-1, lengths[0]).astype(np.float64)


class Channel:
    """The mean cepstrum of one stream's speech, learnt as it is heard."""

    def __init__(self) -> None:
        self.mean = TYPICAL_CHANNEL.copy()
        self.frames = 0.0

    def copy(self) -> "Channel":
        """A copy that starts from what this one has learned, and learns on by itself."""
        other = Channel()
        other.mean, other.frames = self.mean.copy(), self.frames
        return other

    def learn(self, residues: Floats) -> None:
        """`residues` (frames, 13): how much higher than expected each frame of speech was."""
        count = float(len(residues))
        self.mean += residues.sum(axis=0) / (count + max(PRIOR_FRAMES, self.frames))
        self.frames = min(RECENT_FRAMES, self.frames + count)


class Enhancer:
    """The enhancement for one noise and one channel."""

    def __init__(self, model: SpeechModel, noise_powers: Floats, channel: Floats) -> None:
        """`noise_powers`: mean power of the noise in each mel filter; `channel`: mean cepstrum of the speech."""
        log_noise = TO_LOG_POWERS @ (TO_CEPSTRA @ np.log(noise_powers))
        self._clean = model.means + channel
        excess = np.minimum(log_noise - self._clean @ TO_LOG_POWERS.T, 30.0)
        self._shift = np.log1p(np.exp(excess)) @ TO_CEPSTRA.T
        noisy = self._clean + self._shift
        variances = model.variances * SHARPNESS
        self._inverse = (1 / variances).T
        self._linear = (noisy / variances).T
        self._constant = model.log_weights - 0.5 * ((noisy**2 / variances).sum(axis=1) + np.log(variances).sum(axis=1))

    def enhance(self, cepstra: Floats) -> tuple[Floats, Floats]:
        """Noisy cepstra (frames, 13); returns the clean ones, and by how much they are above what the model expects."""
        score = self._constant + cepstra @ self._linear - 0.5 * (cepstra**2) @ self._inverse
        score -= score.max(axis=1, keepdims=True)
        weight = np.exp(score)
        weight /= weight.sum(axis=1, keepdims=True)
        clean = cepstra - weight @ self._shift
        return clean, clean - weight @ self._clean
