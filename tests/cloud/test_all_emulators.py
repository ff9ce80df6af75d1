"""The one command that starts the whole emulated cloud, servers that use it, and somebody who calls one of them."""

import json
import os
import re
import signal
import subprocess
import sys
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from websockets.sync.client import connect

from tests.cloud.acs.pcm import tone
from tests.kit.ports import free_port
from tests.kit.service_kit import FAKES
from tests.kit.serving import EARSHOT, ROOT, Server, run, serving

ENGINES = {**FAKES, "SPEECH_SYNTHESIZER": "tests.kit.fakes:fast_synthesizer"}
NO_NETWORK = "endpoint=http://127.0.0.1:1/;accesskey=a2V5"
RING = (sys.executable, "-m", "tests.eval.ring")
NOTED: dict[str, str] = {}
"""The variables that the command names beside those that it prints, each for something else that it emulates."""


@contextmanager
def emulators(*arguments: str) -> Iterator[dict[str, str]]:
    """The command; the variables that it prints."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.cloud", *arguments],
        cwd=ROOT, env={"PATH": os.defpath}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            assert process.stdout is not None
            environment: dict[str, str] = {}
            while "BASE_URL" not in environment:  # the last
                line = process.stdout.readline()
                if line.startswith("#"):
                    NOTED.update(re.findall(r": export ([A-Z_]+)='(.*)'$", line))
                    continue
                match = re.fullmatch(r"export ([A-Z_]+)='(.*)'\n", line)
                assert match is not None, line
                environment[match[1]] = match[2]
            yield environment
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(30)
    assert process.returncode in (0, -signal.SIGINT)


def test_a_server_talks_and_transcribes_on_the_emulated_cloud(tmp_path: Path) -> None:
    port = str(free_port())
    with emulators() as environment:
        environment |= {"BASE_URL": f"http://127.0.0.1:{port}", "ACS_STREAMING_MODE": NOTED["ACS_STREAMING_MODE"]}
        with serving(EARSHOT, **{**environment, "PORT": port, "REALTIME_MODEL": NOTED["REALTIME_MODEL"]}) as server:
            assert "127.0.0.1 realtime answers" in readiness(server)
            answered_by(server, "voice_live")
        with serving(EARSHOT, **{**environment, "PORT": port}) as server:
            assert "Azure Voice Live answers" in readiness(server)
            for mode in ("media", "voice_live"):
                answered_by(server, mode)
            call = run(*RING, "--wav", recording(tmp_path), **environment)
            assert (call.returncode, call.stderr) == (0, ""), call
            assert re.search(r"caller  Number 1\.\n", call.stdout), call.stdout


def readiness(server: Server) -> str:
    """What the server says of its speech-to-speech model."""
    checks = httpx.get(f"{server.url}/api/v1/readiness", trust_env=False, timeout=60).json()["checks"]
    return next(str(check["details"]) for check in checks if check["component"] == "speech_to_speech")


def answered_by(server: Server, mode: str) -> None:
    """Type something into a browser's conversation of this mode, and be answered by the emulated model."""
    url = f"{server.url.replace('http', 'ws')}/api/v1/realtime/conversation?streaming_mode={mode}"
    with connect(url, proxy=None) as socket:
        socket.send(json.dumps({"type": "text", "text": "hello"}))
        while True:
            event = json.loads(socket.recv(timeout=60))
            if event["type"] == "assistant_final" and event["content"].startswith("Certainly"):
                return


def recording(folder: Path) -> str:
    """A file with what a caller says."""
    said = str(folder / "said.wav")
    with wave.open(said, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(tone(1_000, 16_000))
    return said


def test_somebody_calls_a_server_that_runs(tmp_path: Path) -> None:
    said = recording(tmp_path)
    written = tmp_path / "emulated.env"
    port = str(free_port())
    with emulators("--only", "telephone", "--write", str(written)) as environment:
        assert written.read_text("utf-8").splitlines() == [f"export {n}='{v}'" for n, v in environment.items()]
        environment["BASE_URL"] = f"http://127.0.0.1:{port}"
        nobody = run(*RING, "--wav", said, **environment)
        assert (nobody.returncode, nobody.stdout) == (2, "")
        assert nobody.stderr.startswith(f"no server answers at {environment['BASE_URL']}: start it with `make run`")
        with serving(EARSHOT, **{**environment, **ENGINES, "PORT": port}):
            call = run(*RING, "--wav", said, "--to", "+15550188", **environment)
            assert (call.returncode, call.stderr) == (0, ""), call
            assert "calls +15550188" in call.stdout
            assert re.search(r"caller  what are your opening hours\n.*agent ", call.stdout, re.DOTALL)
            assert call.stdout.endswith(" 0 violations\n")
            gone = run(*RING, "--wav", said, **{**environment, "ACS_CONNECTION_STRING": NO_NETWORK})
            assert (gone.returncode, gone.stdout) == (2, "")
            assert gone.stderr.startswith("the emulated network at http://127.0.0.1:1 ")
        with serving(
            EARSHOT, **{**environment, **ENGINES, "PORT": port, "EVENT_GRID_SECRET": "secret-of-somebody-else"}
        ):
            stranger = run(*RING, "--wav", said, **environment)
        assert stranger.returncode == 2
        assert stranger.stderr.startswith("the call was not answered: the server answered its announcement with 403")
    assert not written.exists()


def test_without_an_emulated_network_nobody_calls() -> None:
    lost = run(*RING)
    assert (lost.returncode, lost.stdout) == (2, "")
    assert "make emulators" in lost.stderr
    assert lost.stderr.count("\n") == 1
