"""The engines of a worker are made as the settings say, or the variable is named for which one cannot be had."""

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from starlette.types import Message
from websockets.sync.client import connect

from actors.ports.realtime import RealtimeAbilities, RealtimeKind
from actors.runtime.background_tasks import BackgroundTasks
from actors.runtime.clock import LoopClock, run_virtual
from app.api.asgi import app_of, create_app
from app.configuration import usable_configuration
from app.configuration_warnings import warnings_of
from app.engines.choice import chosen
from app.engines.making import make_engines
from app.engines.ports import TRANSCRIBER
from app.engines.provider_states import provider_states
from app.providers.absent import AbsentRecognizer
from app.providers.failover.recognizer import FailoverRecognizer
from app.providers.realtime.live_phrases import LivePhrases
from app.server.lifecycle import Lifecycle
from app.stores.memory import MemoryStore
from config.errors import SettingsError
from config.settings import Settings
from tests.kit.clients.asgi_socket import CONVERSATION, AsgiSocket
from tests.kit.clients.known_frontend import KnownFrontend
from tests.kit.service_kit import FAKES, running
from tests.kit.serving import EARSHOT, serving
from tests.kit.source import ROOT


@pytest.mark.parametrize(("fallback", "falls_back"), [("", True), ("media", True), ("none", False)])
def test_what_takes_over_from_speech_to_speech_is_configured(fallback: str, *, falls_back: bool) -> None:
    async def main() -> None:
        settings = Settings.read({"REALTIME_MODEL_FALLBACK": fallback})
        engines = make_engines(settings, LoopClock(), BackgroundTasks(), MemoryStore())
        assert engines.realtime_falls_back is falls_back
        await engines.recognizer.close()
        await engines.synthesizer.close()

    run_virtual(main())


@pytest.mark.parametrize(("phrases", "kind"), [("", type(None)), ("model", LivePhrases)])
def test_who_says_phrases_that_are_not_kept_is_configured(phrases: str, kind: type) -> None:
    async def main() -> None:
        settings = Settings.read({**REALTIME, "REALTIME_PHRASES": phrases})
        engines = make_engines(settings, LoopClock(), BackgroundTasks(), MemoryStore())
        assert isinstance(engines.phrases, kind)
        await engines.recognizer.close()
        await engines.synthesizer.close()

    run_virtual(main())


@pytest.mark.parametrize(
    ("environ", "kind"),
    [
        ({}, AbsentRecognizer),
        ({"VOICE_LIVE_TRANSCRIBER": "tests.kit.fakes:recognizer"}, FailoverRecognizer),
        ({"VOICE_LIVE_TRANSCRIBER": "moonshine"}, type(None)),
    ],
)
def test_what_listens_beside_speech_to_speech_is_configured(environ: dict[str, str], kind: type) -> None:
    async def main() -> None:
        engines = make_engines(Settings.read(environ), LoopClock(), BackgroundTasks(), MemoryStore())
        assert isinstance(engines.transcriber, kind)
        watched = [state.name for state in provider_states(engines).get(TRANSCRIBER, [])]
        assert watched == (["tests.kit.fakes:recognizer"] if kind is FailoverRecognizer else [])
        await engines.recognizer.close()
        await engines.synthesizer.close()

    run_virtual(main())


@pytest.mark.usefixtures("without_extra")
def test_nothing_takes_over_where_nobody_is_heard_without_the_model() -> None:
    async def main() -> None:
        settings = Settings.read({"REALTIME_MODEL_FALLBACK": "media"})
        engines = make_engines(settings, LoopClock(), BackgroundTasks(), MemoryStore())
        assert not engines.realtime_falls_back

    run_virtual(main())


def test_a_model_that_decides_by_itself_when_to_speak_is_refused_by_name() -> None:
    async def main() -> None:
        settings = Settings.read({"REALTIME_MODEL": "tests.service.engines.test_making:Duplex"})
        make_engines(settings, LoopClock(), BackgroundTasks(), MemoryStore())

    with pytest.raises(SettingsError, match=r"REALTIME_MODEL: tests\.service\.engines\.test_making:Duplex .*duplex"):
        run_virtual(main())


class Duplex:
    """A speech-to-speech model of the kind that is not supported."""

    abilities = RealtimeAbilities(kind=RealtimeKind.DUPLEX)

    async def open(self, *_: object) -> None: ...

    async def close(self) -> None: ...


REALTIME = {
    "AZURE_OPENAI_ENDPOINT": "https://x.openai.azure.com",
    "AZURE_OPENAI_KEY": "k",
    "AZURE_OPENAI_CHAT_DEPLOYMENT_ID": "chat",
    "AZURE_OPENAI_REALTIME_DEPLOYMENT_ID": "realtime",
}


@pytest.mark.usefixtures("without_extra")
def test_a_speech_to_speech_model_that_is_configured_and_not_installed_is_named() -> None:
    settings = Settings.read(REALTIME)
    usable_configuration(settings)
    (line,) = [line for line in warnings_of(settings) if "REALTIME_MODEL" in line]
    assert line.startswith("REALTIME_MODEL is none, though one is configured: azure needs the extra local")
    with pytest.raises(SettingsError, match=r"^ACS_STREAMING_MODE: azure needs the extra local"):
        usable_configuration(Settings.read({**REALTIME, "ACS_STREAMING_MODE": "voice_live"}))


def test_where_it_is_installed_or_not_configured_nothing_is_said() -> None:
    assert [line for line in warnings_of(Settings.read(REALTIME)) if "REALTIME_MODEL" in line] == []
    assert [line for line in warnings_of(Settings.read({})) if "REALTIME_MODEL" in line] == []


@pytest.mark.usefixtures("without_extra")
def test_without_the_extra_people_can_only_type(caplog: pytest.LogCaptureFixture) -> None:
    assert chosen(Settings.read({}))["voice_activity"].name == "energy"

    async def main() -> None:
        app = create_app(Settings.read({}), Lifecycle())
        asked = iter(({"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}))
        answers: list[str] = []

        async def receive() -> Message:
            return next(asked)

        async def send(message: Message) -> None:
            answers.append(message["type"])

        await app({"type": "lifespan", "state": {}}, receive, send)
        assert answers == ["lifespan.startup.complete", "lifespan.shutdown.complete"]

    run_virtual(main())
    assert "without speech_recognizer and speech_synthesizer people can only type" in caplog.text
    assert "needs the extra local" in caplog.text


@pytest.mark.usefixtures("without_extra")
def test_without_the_extra_typing_is_answered() -> None:
    async def main() -> None:
        unset = {"SPEECH_RECOGNIZER": "", "SPEECH_SYNTHESIZER": "", "VOICE_ACTIVITY": ""}
        async with running(unset) as service:
            socket = AsgiSocket(app_of(service), CONVERSATION)
            page = KnownFrontend(socket)
            listening = asyncio.ensure_future(page.listen())
            await asyncio.sleep(1)
            socket.send("good morning")
            await page.until(lambda page: page.kinds["assistant_final"] >= 2)
            final = [m["content"] for m in page.messages if m["type"] == "assistant_final"]
            assert final == ["Hello there.", "You said good morning. What else?"]
            listening.cancel()
            socket.close()

    run_virtual(main())


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"LANGUAGE_MODEL": "no.such:thing"}, "LANGUAGE_MODEL: no.such:thing: there is no module no"),
        ({"SPEECH_RECOGNIZER": "tests.kit.fakes:nothing"}, "SPEECH_RECOGNIZER: .* has no nothing"),
        (
            {"SPEECH_SYNTHESIZER": "tests.service.engines.test_making:broken"},
            "SPEECH_SYNTHESIZER: .* cannot be made: out of luck",
        ),
    ],
)
def test_a_plug_in_that_cannot_be_had_is_named(environ: dict[str, str], said: str) -> None:
    async def main(make: Callable[..., object]) -> None:
        make(Settings.read(environ), LoopClock(), BackgroundTasks(), MemoryStore())

    with pytest.raises(SettingsError, match=said):
        run_virtual(main(make_engines))


def broken() -> None:
    """A factory that fails."""
    raise RuntimeError("out of luck")


def test_the_engine_that_readers_are_shown_answers(tmp_path: Path) -> None:
    guide = (ROOT / "docs/engines.md").read_text("utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", guide, re.DOTALL)
    (reference,) = re.findall(r"^LANGUAGE_MODEL=(\w+:\w+) make run$", guide, re.MULTILINE)
    (tmp_path / f"{reference.partition(':')[0]}.py").write_text(program, "utf-8")
    with serving(EARSHOT, **{**FAKES, "LANGUAGE_MODEL": reference, "PYTHONPATH": str(tmp_path)}) as server:
        address = server.url.replace("http", "ws", 1) + CONVERSATION
        with connect(address, proxy=None, open_timeout=60) as socket:
            socket.send(json.dumps({"type": "text", "text": "hello parrot"}))
            for _ in range(2_000):
                event = json.loads(socket.recv(timeout=60))
                if event["type"] == "assistant_final" and event["turn"] > 0:
                    break
    assert event["content"] == "You said: hello parrot."
