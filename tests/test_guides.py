"""What readers are told to type, and the container's recipe, name only what there is."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from actors.runtime.address import MAX_WAITING
from actors.runtime.mailbox import DEFAULT_LIMIT_MS, MAX_MESSAGES, MAX_REFUSABLE, Traits
from actors.runtime.restart_budget import RestartPolicy
from actors.runtime.scheduler import DRAIN_S, MESSAGES_PER_DRAIN
from actors.session.addresses import CROWDED_MESSAGES
from actors.session.recognition.audio_ring import RING_MS
from app.__main__ import main
from app.auth.acs import SECRET_HEADER
from app.auth.route_table import API, TABLE
from app.server import liveness_probe
from config.settings import documented
from protocol.request_decoding import decode_body
from protocol.tokens import TokenRequest
from tests.kit.source import ROOT, files

GUIDES = ("README.md", "CONTRIBUTING.md", *sorted(str(path) for path in files() if path.parent == Path("docs")))
SHELL = re.compile(r"```sh\n(.*?)```", re.DOTALL)
ASSIGNMENT = re.compile(r"^(?:export )?([A-Z][A-Z0-9_]{3,})=", re.MULTILINE)
COMMAND = re.compile(r"(?:python -m app|earshot) ([a-z]+)\b")
ROUTE = re.compile(rf"{API}(/[a-z][\w/{{}}-]*)")
OWN_NAMES = {"GROUP", "NAME", "PLACE", "RESOURCE", "DOMAIN", "EARSHOT", "IMAGE"}
"""Variables of the shell that a guide uses for itself."""


def shell_of(guide: str) -> str:
    """All that a guide has its readers type."""
    return "\n".join(SHELL.findall((ROOT / guide).read_text("utf-8")))


@pytest.mark.parametrize("guide", GUIDES)
def test_variables_that_readers_set_are_read(guide: str) -> None:
    known = {row.name for row in documented()} | OWN_NAMES
    assert set(ASSIGNMENT.findall(shell_of(guide))) - known == set()


@pytest.mark.parametrize("guide", GUIDES)
def test_paths_that_readers_ask_for_are_served(guide: str) -> None:
    served = [re.sub(r"{\w+}", "[^/]+", path) for _, path in TABLE]
    asked = {API + path.rstrip("/") for path in ROUTE.findall(shell_of(guide))}
    assert [path for path in asked if not any(re.fullmatch(pattern, path) for pattern in served)] == []


def test_commands_of_the_program_that_readers_type_are_there(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    known = set(re.findall(r"^    ([a-z]+)", capsys.readouterr().out, re.MULTILINE))
    typed = {name for guide in GUIDES for name in COMMAND.findall(shell_of(guide))}
    assert {"serve", "check"} <= typed
    assert typed - known == set()


def test_tokens_are_asked_for_as_readers_are_shown() -> None:
    bodies = re.findall(r"-d '([^']*)'", shell_of("docs/security.md"))
    assert len(bodies) == 2
    for body in bodies:
        asked = decode_body(body.encode(), TokenRequest)
        assert set(json.loads(body)) <= set(TokenRequest.__struct_fields__)
        assert asked.agent == "dentist"


def test_the_subscription_of_the_telephone_guide_proves_itself() -> None:
    shell = shell_of("docs/telephony.md")
    assert f"{SECRET_HEADER} static" in shell
    assert "/api/v1/calls/answer" in shell
    assert "Microsoft.Communication.IncomingCall" in shell


def instructions() -> list[tuple[str, str]]:
    """The Dockerfile's instructions with their arguments."""
    lines = [line for line in (ROOT / "Dockerfile").read_text().splitlines() if line and not line.startswith("#")]
    return [(name, arguments) for name, _, arguments in (line.partition(" ") for line in lines)]


def test_the_image_is_made_of_what_there_is_and_of_locked_packages() -> None:
    copied = [source for name, arguments in instructions() if name == "COPY" for source in arguments.split()[:-1]]
    assert [source for source in copied if not (ROOT / source).exists()] == []
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert sent == set(copied)
    (install, compile_own, user) = [arguments for name, arguments in instructions() if name == "RUN"]
    assert set(compile_own.split()[4:]) == {source for source in copied if (ROOT / source).is_dir()}
    assert install == "python .ci/install.py requirements.txt requirements-models.txt"
    assert user.startswith("useradd --system")


def test_the_image_runs_a_python_that_the_product_supports() -> None:
    (base,) = [arguments for name, arguments in instructions() if name == "FROM"]
    version = tuple(map(int, re.findall(r"\d+", base)[:2]))
    least = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert version >= tuple(map(int, re.findall(r"\d+", least)))
    assert f"python3:{version[0]}.{version[1]} " in (ROOT / "Makefile").read_text(), "what the Makefile prefers"


def test_the_image_serves_as_nobody_in_particular_and_is_stopped_by_a_signal() -> None:
    kinds = [name for name, _ in instructions()]
    assert dict(instructions())["USER"] == "earshot"
    assert kinds.index("USER") > max(at for at, kind in enumerate(kinds) if kind in ("RUN", "COPY"))
    # Without a shell between: it would not pass SIGTERM on.
    assert json.loads(dict(instructions())["CMD"]) == ["python", "-m", "app", "serve"]
    health = dict(instructions())["HEALTHCHECK"].partition("CMD ")[2]
    assert json.loads(health) == ["python", "-m", liveness_probe.__spec__.name]
    assert ("GET", liveness_probe.LIVE) in TABLE


POLICY = RestartPolicy()
FIGURES = (
    f"After {MESSAGES_PER_DRAIN} messages\n  or {DRAIN_S * 1_000:g} ms",
    f"more than {DEFAULT_LIMIT_MS:,.0f} ms of it queued",
    f"with {MAX_REFUSABLE} messages in the lane",
    f"with {MAX_MESSAGES:,} in a lane the actor fails",
    f"more than {CROWDED_MESSAGES} messages to handle",
    f"{MAX_WAITING} messages at most; above that the oldest goes",
    f"recent audio ({RING_MS / 1_000:g} s or more)",
    f"three times within {POLICY.within_s:g} s, the first time at once, then after {POLICY.backoff_ms} ms",
    f"up to {POLICY.max_backoff_ms / 1_000:g} s",
)
"""What the contract of the actors says in figures, as the code has them."""


@pytest.mark.parametrize("words", FIGURES)
def test_the_contract_of_the_actors_has_the_figures_of_the_code(words: str) -> None:
    page = (ROOT / "docs/actors.md").read_text("utf-8")
    assert page.count(words) == 1
    assert POLICY.max_restarts == 3, "the page says it in a word"


TRAITS_TOLD = {"urgent", "droppable", "refusable", "transient", "repeatable"}


def test_what_a_message_may_say_of_itself_is_in_the_contract() -> None:
    page = (ROOT / "docs/actors.md").read_text("utf-8")
    assert {trait for trait in TRAITS_TOLD if f"`{trait}" not in page} == set()
    assert set(Traits.__struct_fields__) >= TRAITS_TOLD
