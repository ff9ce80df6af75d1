"""A server loads what it uses, and nothing else: what the SDKs of others take to load is start-up time."""

from websockets.sync.client import connect

from tests.kit.serving import EARSHOT, serving_afresh

HEAVY = {"aiohttp", "azure", "msal", "openai", "redis"}
"""Packages that take a tenth of a second and more."""


def loaded(**variables: str) -> set[str]:
    """Those of `HEAVY` that a server has loaded which has just greeted somebody."""
    with serving_afresh("tell_modules", **variables) as server:
        address = server.url.replace("http", "ws", 1) + "/api/v1/realtime/conversation"
        with connect(address, proxy=None, open_timeout=60, close_timeout=1) as socket:
            socket.recv(timeout=60)
            modules: list[str] = server.get("/modules").json()
    return {module.split(".")[0] for module in modules} & HEAVY


def test_a_server_on_its_own_engines_loads_nobodys_sdk() -> None:
    assert loaded() == set()


def test_a_server_that_uses_an_sdk_loads_that() -> None:
    assert "openai" in loaded(OPENAI_MODEL="a-model", OPENAI_BASE_URL="http://127.0.0.1:9/v1")


def test_a_start_on_the_engines_of_this_machine_says_nothing_but_that_it_is_ready() -> None:
    with serving_afresh(EARSHOT) as server:
        before_ready = server.log().partition("worker is ready")[0].splitlines()[:-1]
    assert before_ready == []
