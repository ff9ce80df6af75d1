"""The weights are found where the distribution put them, and missed where it is absent or has none."""

from importlib import metadata
from pathlib import Path

import pytest

from app.providers.moonshine.weights import DECODER, ENCODER, FOLDER, TOKENIZER, has_weights, weights


class Installed:
    """A distribution with files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def locate_file(self, path: str) -> Path:
        return self._folder / path


def install(monkeypatch: pytest.MonkeyPatch, folder: Path, *names: str) -> None:
    (folder / FOLDER).mkdir(parents=True)
    for name in names:
        (folder / FOLDER / name).touch()
    monkeypatch.setattr(metadata, "distribution", lambda _: Installed(folder))


def test_all_files_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, tmp_path, ENCODER, DECODER, TOKENIZER)
    assert weights() == tmp_path / FOLDER
    assert has_weights()


def test_a_version_without_weights_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, tmp_path, TOKENIZER)
    assert weights() is None


def test_there_are_none_where_it_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", absent)
    assert weights() is None
    assert not has_weights()
