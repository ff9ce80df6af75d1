"""Engines of somebody's own that fail: one line names setting, factory and error, and nothing ends in a traceback."""

import sys

import pytest
from websockets.sync.client import connect

from tests.kit.command_line import command
from tests.kit.service_kit import FAKES
from tests.kit.serving import EARSHOT, children, eventually, run, serving
from tests.service.failing_engines import WORDS

ENGINES = "tests.service.failing_engines"
SETTINGS = ("VOICE_ACTIVITY", "SPEECH_RECOGNIZER", "SPEECH_SYNTHESIZER", "LANGUAGE_MODEL")
OPENED = SETTINGS[1:]


@pytest.mark.parametrize("setting", [*SETTINGS, "END_OF_TURN"])
@pytest.mark.parametrize(
    ("factory", "said"),
    [
        (f"{ENGINES}:cannot_be_made", f"cannot be made: {WORDS} (RuntimeError, failing_engines.py:14)"),
        (f"{ENGINES}:ends_the_process", f"cannot be made: {WORDS} (SystemExit, failing_engines.py:18)"),
        (
            "tests.service.module_that_fails:create",
            "the module cannot be imported: libvoice.so: cannot open shared object file"
            " (OSError, module_that_fails.py:3)",
        ),
    ],
)
def test_one_that_cannot_be_had_is_one_line(setting: str, factory: str, said: str) -> None:
    ended = command("check", **{**FAKES, setting: factory})
    line, *more = ended.stderr.splitlines()
    assert line.startswith(f"{setting}: {factory}")
    assert line.endswith(said)
    assert (ended.returncode, more, ended.stdout) == (2, [], "")


MEMBERS = {
    "SPEECH_RECOGNIZER": "open",
    "SPEECH_SYNTHESIZER": "open",
    "LANGUAGE_MODEL": "reply",
    "REALTIME_MODEL": "abilities",
}


@pytest.mark.parametrize("setting", MEMBERS)
@pytest.mark.parametrize(("factory", "made"), [("is_nothing", "NoneType"), ("is_made_later", "coroutine")])
def test_what_is_no_engine_is_one_line(setting: str, factory: str, made: str) -> None:
    ended = command("check", **{**FAKES, setting: f"{ENGINES}:{factory}"})
    line, *more = ended.stderr.splitlines()
    assert line.startswith(f"{setting}: {ENGINES}:{factory} made no ")
    assert f": {made} is without {MEMBERS[setting]}" in line
    assert (ended.returncode, more, ended.stdout) == (2, [], "")


@pytest.mark.parametrize(
    ("setting", "factory"),
    [
        ("VOICE_ACTIVITY", f"{ENGINES}:cannot_be_made"),
        ("END_OF_TURN", f"{ENGINES}:cannot_be_made"),
        ("SPEECH_RECOGNIZER", f"{ENGINES}:ends_the_process"),
        ("SPEECH_SYNTHESIZER", f"{ENGINES}:is_nothing"),
        ("LANGUAGE_MODEL", "tests.service.module_that_fails:create"),
        ("REALTIME_MODEL", f"{ENGINES}:is_made_later"),
    ],
)
def test_it_stops_the_start_with_that_line(setting: str, factory: str) -> None:
    ended = run(sys.executable, "-m", "app", "serve", **{**FAKES, setting: factory})
    checked = command("check", **{**FAKES, setting: factory})
    assert ended.stderr.startswith(f"{setting}: {factory}")
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", checked.stderr)


@pytest.mark.parametrize("setting", OPENED)
@pytest.mark.parametrize("factory", ["fails_in_open", "fails_to_get_ready"])
def test_one_that_cannot_be_opened_is_a_line_and_the_others_start(setting: str, factory: str) -> None:
    reference = f"{ENGINES}:{factory}"
    with serving(EARSHOT, **{**FAKES, setting: reference}) as server:
        address = server.url.replace("http", "ws", 1) + "/api/v1/realtime/conversation"
        with connect(address, proxy=None, open_timeout=60, close_timeout=1) as socket:
            socket.recv(timeout=60)
            socket.send("hello")
            eventually(lambda: any(setting in line and reference in line for line in server.log().splitlines()))
        log = server.log()
    assert "Traceback" not in log


def test_what_an_engine_has_started_by_itself_ends_as_its_own_failure_and_not_as_the_process() -> None:
    with serving(EARSHOT, **{**FAKES, "LANGUAGE_MODEL": f"{ENGINES}:starts_work"}) as server:
        address = server.url.replace("http", "ws", 1) + "/api/v1/realtime/conversation"
        (worker,) = children(server.process.pid)
        with (
            connect(address, proxy=None, open_timeout=60, close_timeout=1) as other,
            connect(address, proxy=None, open_timeout=60, close_timeout=1) as socket,
        ):
            for said, heard in (("hello", "You said hello."), ("wait for it", "I am sorry")):
                socket.send(said)
                while heard not in str(socket.recv(timeout=60)):
                    pass
            other.send("and me")
            while "You said and me." not in str(other.recv(timeout=60)):
                pass
        assert children(server.process.pid) == [worker]
        assert "started by itself wanted to end the process" in server.log()
