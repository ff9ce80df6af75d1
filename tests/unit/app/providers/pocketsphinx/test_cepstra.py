"""Our features are pocketsphinx's own."""

import shutil
import struct
from pathlib import Path

import numpy as np
import pocketsphinx

from app.providers.pocketsphinx.cepstra import TO_CEPSTRA, TO_LOG_POWERS, FilterPowers
from tests.kit.speech import say, with_noise


def test_cepstra_equal_those_of_pocketsphinx_without_its_noise_removal(tmp_path: Path) -> None:
    pcm = with_noise(say("i would like to book an appointment please"), 20.0)
    model = tmp_path / "model"
    shutil.copytree(pocketsphinx.get_model_path("en-us/en-us"), model)
    settings = model / "feat.params"
    settings.write_text(settings.read_text().replace("-remove_noise yes", "-remove_noise no"))
    logs = tmp_path / "cepstra"
    logs.mkdir()
    decoder = pocketsphinx.Decoder(hmm=str(model), lm=None, loglevel="FATAL", mfclogdir=str(logs))
    decoder.add_keyphrase("any", "hello")
    decoder.activate_search("any")
    decoder.start_utt()
    decoder.process_raw(pcm, False, True)
    decoder.end_utt()
    content = next(logs.iterdir()).read_bytes()
    (count,) = struct.unpack(">i", content[:4])
    theirs = np.frombuffer(content[4:], ">f4", count).reshape(-1, 13)
    ours = np.log(FilterPowers().take(np.frombuffer(pcm, np.int16).astype(float))) @ TO_CEPSTRA.T
    frames = min(len(theirs), len(ours))
    # Theirs begins with a first sample emphasised differently, and adds no floor to the powers.
    assert np.abs(theirs[1:frames] - ours[1:frames]).max() < 0.01


def test_frames_do_not_depend_on_how_audio_is_cut() -> None:
    samples = np.frombuffer(say("yes please"), np.int16).astype(float)
    whole = FilterPowers().take(samples)
    pieces = FilterPowers()
    cut = np.concatenate([pieces.take(samples[at : at + 97]) for at in range(0, len(samples), 97)])
    assert np.allclose(whole, cut)


def test_smooth_log_powers_survive_the_way_there_and_back() -> None:
    cepstra = np.array([50.0, 3, -4, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0])
    assert np.allclose(TO_CEPSTRA @ (TO_LOG_POWERS @ cepstra), cepstra)
