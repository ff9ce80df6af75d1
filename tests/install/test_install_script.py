"""What the installing script tells uv of pip's configuration, and what it shows of uv's work."""

import importlib.util
import os
from types import ModuleType

import pytest

from tests.kit.source import ROOT


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("install_script", ROOT / ".ci/install.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_uv_looks_where_pip_looks(script: ModuleType) -> None:
    settings = {
        "index-url": "https://ann:secret@mirror.example/simple",
        "extra-index-url": "https://a.example/simple\n  file:///b/simple",
        "find-links": "/wheels /more",
        "no-index": "1",
        "cert": "/ca.crt",
        "trusted-host": "mirror.example",
        "disable-pip-version-check": "1",
    }
    assert script.uv_settings(settings) == {
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_LINK_MODE": "copy",
        "UV_DEFAULT_INDEX": "https://ann:secret@mirror.example/simple",
        "UV_INDEX": "https://a.example/simple file:///b/simple",
        "UV_FIND_LINKS": "/wheels,/more",
        "UV_NO_INDEX": "1",
        "SSL_CERT_FILE": "/ca.crt",
        "UV_INSECURE_HOST": "mirror.example",
    }


def test_the_environment_is_stronger_than_the_files(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    folders = {":env:": "/b", "global": "/a"}
    listed = "\n".join(f"{section}.{'find-links'}={folder!r}" for section, folder in folders.items())
    listed += "\nglobal.timeout='7'\ninstall.timeout='8'\nnot a setting\n"

    class Ended:
        stdout = listed

    monkeypatch.setattr(script.subprocess, "run", lambda *_, **__: Ended)
    assert script.pip_settings() == {"find-links": "/b", "timeout": "8"}


def test_what_is_installed_is_shown_with_what_is_left(script: ModuleType) -> None:
    output = [
        None,
        "Using Python 3.11.7 environment at: .venv",
        "Resolved 58 packages in 3ms",
        "Downloading numpy (16.1MiB)",
        "Downloading aiohttp (512.0KiB)",
        None,
        " Downloaded aiohttp",
        " Downloaded numpy",
        None,
        "Prepared 58 packages in 770ms",
        None,
        "Installed 58 packages in 44ms",
        None,
        " + numpy==2.4.6",
        "error: something that people have to know",
    ]
    assert list(script.uv_progress(output)) == [
        "  still looking for packages",
        "Installing 58 packages",
        "  17 of 17 MiB left: numpy, aiohttp",
        "  aiohttp is here, 16 of 17 MiB left",
        "  numpy is here, 0 of 17 MiB left",
        "  still unpacking them",
        "  still copying them into the environment",
        "  still compiling them",
        "error: something that people have to know",
    ]


def test_a_while_without_a_word_is_told(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "SILENCE_S", 0.01)
    read, write = os.pipe()
    with open(read) as stream, open(write, "w", buffering=1) as sender:
        told = script.lines(stream)
        assert next(told) is None
        sender.write("a line\n")
        assert "a line" in [next(told), next(told), next(told)]
