"""The agents: what is answered about them, and what a change of one does."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest

from actors.agent import Agent, Model, Phrases, Voice
from actors.ports.tts import Synthesis, SynthesisEvent
from actors.runtime.background_tasks import BackgroundTasks
from app.agents.agent_changes import changed
from app.agents.prompt_cache import PromptCache
from app.api.asgi import app_of
from app.api.requests import MOST_BYTES
from app.providers.failover.synthesizer import FailoverSynthesizer
from app.server.lifecycle import Lifecycle
from app.services import Services
from config.settings import Settings
from protocol.agents import AgentChange, ModelChange, VoiceChange, decode_change
from protocol.request_decoding import RequestError
from tests.kit.clients.asgi_socket import AsgiSocket
from tests.kit.fakes import FakeSynthesizer
from tests.kit.service_kit import FAKES
from tests.kit.session_kit import AGENT

TOKEN = "an-operator-token-of-32-characters"
AS_OPERATOR = {"authorization": f"Bearer {TOKEN}"}
BRIEF = Phrases(
    apology="Sorry.", say_again="What?", hold_on="Wait.", goodbye="Bye.", fillers=("Hm.",), no_input=("Hello?",)
)
TESTER = msgspec.structs.replace(AGENT, greeting="Hi.", phrases=BRIEF)
CONCIERGE = Agent(
    name="concierge",
    label="Concierge",
    description="Knows the house.",
    voice=Voice(name="en-us+edward", language="en-GB", rate=1.5),
    model=Model(deployment_id="small", temperature=0.25),
    phrases=BRIEF,
)


class Worker:
    """A worker's app with two agents, a client on this machine, and the voices its engine was asked for."""

    def __init__(self, service: Services) -> None:
        self.service = service
        self.app = app_of(service)
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False, client=("127.0.0.1", 1))
        self.client = httpx.AsyncClient(transport=transport, base_url="http://localhost")
        self.voices: list[str] = []
        assert isinstance(service.engines.synthesizer, FailoverSynthesizer)
        (synthesizer,) = service.engines.synthesizer.providers.engines
        assert isinstance(synthesizer, FakeSynthesizer)
        self.synthesizer = synthesizer
        self._open = self.synthesizer.open
        self.synthesizer.open = self._note  # type: ignore[method-assign]

    async def _note(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> Synthesis:
        self.voices.append(voice.name)
        return await self._open(voice, rate_hz, report)

    async def get(self, path: str) -> httpx.Response:
        return await self.client.get(f"/api/v1{path}")

    async def put(self, name: str, body: Any, **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.client.put(f"/api/v1/agents/{name}", content=content, headers=headers)

    async def session(self, session_id: str) -> AsgiSocket:
        """A browser talking with the tester, whose session has asked for its voice."""
        asked = len(self.voices)
        socket = AsgiSocket(self.app, "/api/v1/realtime/conversation", session_id=session_id, agent="tester")
        await until(lambda: session_id in self.service.sessions.live and len(self.voices) > asked)
        return socket

    async def prompts_are_made(self) -> None:
        """Wait until the engine has been asked for nothing in 0.5 s: agents' prompts are made one after the other."""
        async with asyncio.timeout(30):
            asked = -1
            while asked != len(self.voices):
                asked = len(self.voices)
                await asyncio.sleep(0.5)


@asynccontextmanager
async def worker(**environ: str) -> AsyncIterator[Worker]:
    lifecycle = Lifecycle()
    settings = Settings.read({**FAKES, "HOST": "127.0.0.1", "DEFAULT_AGENT": "tester", **environ})
    service = Services(settings, lifecycle, {agent.name: agent for agent in (TESTER, CONCIERGE)}, {})
    await service.start()
    lifecycle.ready()
    try:
        yield Worker(service)
    finally:
        await service.stop()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110  what is waited for is the product's, and tells nobody
            await asyncio.sleep(0.005)


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    document: dict[str, Any] = answer.json()
    assert isinstance(document["detail"], str)
    return document


async def test_all_agents_in_the_words_of_the_existing_backend() -> None:
    async with worker() as w:
        answer = (await w.get("/agents/")).json()
        assert (answer["status"], answer["agents_count"], answer["available_voices"]) == ("success", 2, {})
        assert answer["response_time_ms"] >= 0
        concierge, tester = answer["agents"]
        settings = concierge.pop("modifiable_settings")
        assert concierge == {
            "name": "concierge",
            "label": "Concierge",
            "status": "loaded",
            "description": "Knows the house.",
            "default": False,
            "model": {"deployment_id": "small", "temperature": 0.25, "top_p": 1.0, "max_tokens": 400},
            "voice": {
                "current_voice": "en-us+edward",
                "voice_style": "",
                "language": "en-GB",
                "rate": 1.5,
                "pitch": 1.0,
                "voice_configurable": True,
            },
            "tools": [],
            "handoffs": [],
        }
        assert set(settings) == {
            "deployment_id", "model_deployment", "temperature", "top_p", "max_tokens", "voice_name", "voice_style"
        }  # fmt: skip
        assert (tester["name"], tester["default"]) == ("tester", True)


async def test_one_agent() -> None:
    async with worker() as w:
        one = (await w.get("/agents/Concierge")).json()
        assert one == (await w.get("/agents")).json()["agents"][0]
        assert problem(await w.get("/agents/nobody"), 404)["detail"].endswith("there are concierge, tester")


async def test_the_voices_are_those_that_the_engine_tells() -> None:
    async with worker() as w:
        w.synthesizer.voices = lambda: {"en-us": ("ann", "bob")}  # type: ignore[attr-defined]
        assert (await w.get("/agents")).json()["available_voices"] == {"en-us": ["ann", "bob"]}
        refused = problem(await w.put("tester", {"voice": {"voice_name": "eve"}}), 422)
        assert refused["errors"] == [
            {"field": "voice.voice_name", "message": "expected one of ann, bob", "code": "enum"}
        ]
        assert (await w.put("tester", {"voice": {"voice_name": "bob"}})).status_code == 200
        # An empty name is the engine's own voice, and the one that an agent's file names may stay.
        assert (await w.put("tester", {"voice": {"voice_name": ""}})).status_code == 200
        assert (await w.put("concierge", {"voice": {"voice_name": "en-us+edward"}})).status_code == 200


async def test_every_setting_is_changed_and_nothing_else() -> None:
    async with worker() as w:
        model = {"deployment_id": "large", "temperature": 0, "top_p": 0.5, "max_tokens": 16_384}
        voice = {"voice_name": "ann", "voice_style": "calm"}
        answer = await w.put("concierge", {"model": model, "voice": voice})
        assert answer.json() == {
            "status": "success",
            "agent_name": "concierge",
            "updated_fields": [*(f"model.{name}" for name in model), *(f"voice.{name}" for name in voice)],
            "message": "changed 6 settings of concierge, for sessions that start from now on",
        }
        agent = w.service.agents["concierge"]
        assert agent.model == Model(deployment_id="large", temperature=0, top_p=0.5, max_tokens=16_384)
        assert agent.voice == msgspec.structs.replace(CONCIERGE.voice, name="ann", style="calm")
        assert msgspec.structs.replace(agent, model=CONCIERGE.model, voice=CONCIERGE.voice) == CONCIERGE
        assert w.service.agents["tester"] == TESTER
        entry = (await w.get("/agents/concierge")).json()
        assert (entry["model"], entry["voice"]["current_voice"]) == (model, "ann")


async def test_what_is_not_given_stays() -> None:
    async with worker() as w:
        for body in ({}, {"model": None}, {"model": {}, "voice": {"voice_name": None}}):
            answer = await w.put("concierge", body)
            assert (answer.status_code, answer.json()["updated_fields"]) == (200, [])
        assert w.service.agents["concierge"] == CONCIERGE


@pytest.mark.parametrize(
    ("body", "status", "fields"),
    [
        (b"", 400, {"body"}),
        (b"{", 400, {"body"}),
        (b"\xff", 400, {"body"}),
        (b'{"model":' + b"[" * 10_000, 400, {"body"}),
        ([], 422, {"body"}),
        ({"model": 3}, 422, {"model"}),
        ({"modle": {}}, 422, {"modle"}),
        ({"greeting": "Hi", "model": {"temprature": 1}, "voice": {"pitch": 1}},
         422, {"greeting", "model.temprature", "voice.pitch"}),
        ({"model": {"temperature": -0.1}}, 422, {"model.temperature"}),
        ({"model": {"temperature": 2.1}}, 422, {"model.temperature"}),
        ({"model": {"temperature": "warm"}}, 422, {"model.temperature"}),
        ({"model": {"temperature": True}}, 422, {"model.temperature"}),
        ({"model": {"top_p": 1.01}}, 422, {"model.top_p"}),
        ({"model": {"max_tokens": 0}}, 422, {"model.max_tokens"}),
        ({"model": {"max_tokens": 16_385}}, 422, {"model.max_tokens"}),
        ({"model": {"max_tokens": 1.5}}, 422, {"model.max_tokens"}),
        ({"model": {"deployment_id": "x" * 257}}, 422, {"model.deployment_id"}),
        ({"voice": {"voice_name": 7}}, 422, {"voice.voice_name"}),
        ({"voice": {"voice_style": "a\nb"}}, 422, {"voice.voice_style"}),
    ],
)  # fmt: skip
def test_a_body_that_is_wrong_is_refused_by_name(body: Any, status: int, fields: set[str]) -> None:
    with pytest.raises(RequestError) as refused:
        decode_change(body if isinstance(body, bytes) else json.dumps(body).encode())
    assert refused.value.status == status
    assert {error.field for error in refused.value.errors} == fields


async def test_a_body_that_is_wrong_is_a_problem_and_changes_nothing() -> None:
    async with worker() as w:
        for body, status, field in (
            (b"{", 400, "body"),
            ({"model": {"temperature": 9}}, 422, "model.temperature"),
            ({"voice": {"voice_name": "ann"}, "greeting": "Hi"}, 422, "greeting"),
        ):
            document = problem(await w.put("concierge", body), status)
            assert [error["field"] for error in document["errors"]] == [field]
            assert field in document["detail"]
        assert w.service.agents["concierge"] == CONCIERGE


async def test_a_body_may_be_so_long_and_no_longer() -> None:
    async with worker() as w:
        assert (await w.put("concierge", b"{}".ljust(MOST_BYTES))).status_code == 200
        problem(await w.put("concierge", b"{}".ljust(MOST_BYTES + 1)), 413)


async def test_only_operators_change_an_agent_and_everybody_may_look() -> None:
    async with worker(OPERATOR_TOKEN=TOKEN, BROWSER_AUTH="token") as w:
        body = {"model": {"temperature": 1}}
        problem(await w.put("concierge", body), 401)
        problem(await w.put("concierge", body, authorization="Bearer wrong"), 401)
        problem(await w.put("nobody", body), 401)
        assert w.service.agents["concierge"] == CONCIERGE
        problem(await w.put("nobody", body, **AS_OPERATOR), 404)
        assert (await w.put("concierge", body, **AS_OPERATOR)).status_code == 200
        assert (await w.get("/agents")).status_code == 200
        assert (await w.get("/agents/concierge")).json()["model"]["temperature"] == 1


async def test_a_session_that_starts_has_the_changed_voice_and_a_live_one_keeps_its_own() -> None:
    async with worker() as w:
        live = await w.session("s1")
        assert (await w.put("tester", {"voice": {"voice_name": "ann"}})).status_code == 200
        await until(lambda: TESTER.greeting in w.service.phrases.at(w.service.agents["tester"], 48_000, "media"))
        started = await w.session("s2")
        assert w.voices[-1] == "ann"
        await w.prompts_are_made()
        w.voices.clear()
        await w.client.post("/api/v1/health/actors/s1/synthesizer/restart")
        await until(lambda: bool(w.voices))
        assert set(w.voices) == {TESTER.voice.name}
        assert w.service.sessions.live["s1"].plan.agent == TESTER
        live.close()
        started.close()


async def test_kept_phrases_are_made_anew_for_a_new_voice_only() -> None:
    async with worker() as w:
        held = w.service.phrases.at(TESTER, 48_000, "media")
        await w.put("tester", {"model": {"temperature": 1}})
        agent = w.service.agents["tester"]
        assert w.service.phrases.at(agent, 48_000, "media") is held
        assert w.voices == []
        await w.put("tester", {"voice": {"voice_name": "ann"}})
        # Nobody has to ask for them first.
        await until(lambda: len(w.voices) == len(held))
        kept = w.service.phrases.at(w.service.agents["tester"], 48_000, "media")
        await until(lambda: set(kept) == set(held))
        assert set(w.voices) == {"ann"}
        # Nobody has the former voice any more; a session that goes on with it holds its phrases itself.
        assert w.service.phrases.at(TESTER, 48_000, "media") is not held
        assert set(held) == set(kept)


async def test_an_agent_that_leaves_a_voice_to_another_has_its_phrases_made_too() -> None:
    phrases = PromptCache(FakeSynthesizer(delay_s=0), BackgroundTasks())
    twin = msgspec.structs.replace(TESTER, name="twin")
    await phrases.prepare([TESTER, twin])
    held = phrases.at(twin, 48_000)
    louder = msgspec.structs.replace(TESTER, voice=Voice(name="ann"))
    phrases.replace(louder, [louder, twin])
    kept = phrases.at(louder, 48_000)
    await until(lambda: set(kept) == set(held))
    assert phrases.at(twin, 48_000) is held


def test_the_ranges_are_those_of_an_agents_file() -> None:
    for change, section, names in (
        (ModelChange, Model, {}),
        (VoiceChange, Voice, {"voice_name": "name", "voice_style": "style"}),
    ):
        properties = msgspec.json.schema_components([change, section])[1]
        asked, filed = (properties[each.__name__]["properties"] for each in (change, section))
        for field, schema in asked.items():
            (limits,) = (each for each in schema["anyOf"] if each["type"] != "null")
            limits = {key: value for key, value in limits.items() if key not in ("maxLength", "pattern")}
            assert limits == {k: v for k, v in filed[names.get(field, field)].items() if k != "default"}


def test_a_change_of_nothing_is_none() -> None:
    assert changed(CONCIERGE, AgentChange().given()) == CONCIERGE
