"""The limits of clients by connection: who is counted, under which names, and what who is over one is told."""

import pytest
from starlette.types import Scope

from app.auth.exposure import Exposure
from app.limits.client_limits import Hold, Rate
from app.limits.clients import LOGGED_EVERY_S, Clients, TooManyError
from config.settings import Settings


class Clock:
    now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def clients(clock: Clock | None = None, **variables: str) -> Clients:
    settings = Settings.read({"HOST": "0.0.0.0", "CLIENT_TEXTS_PER_MINUTE": "2", "CLIENT_SESSIONS": "1", **variables})
    return Clients(settings, Exposure(settings), clock or Clock())


def scope(client: str = "203.0.113.1", *forwarded_for: str) -> Scope:
    headers = [(b"x-forwarded-for", value.encode()) for value in forwarded_for]
    return {"type": "http", "client": (client, 1), "headers": headers}


def test_a_client_is_its_address_and_its_user() -> None:
    assert clients().of(scope()) == ("203.0.113.1",)
    assert clients().of(scope(), "ann") == ("203.0.113.1", "user ann")


def test_a_program_on_this_machine_is_not_limited() -> None:
    assert clients(HOST="127.0.0.1").of(scope("127.0.0.1")) == ()
    assert clients().of(scope("127.0.0.1")) != ()


def test_an_address_that_is_forwarded_is_believed_of_a_trusted_proxy_only() -> None:
    assert clients().of(scope("203.0.113.1", "203.0.113.9")) == ("203.0.113.1",)
    assert clients(TRUSTED_PROXIES="203.0.113.1").of(scope("203.0.113.1", "203.0.113.9")) == ("203.0.113.9",)


def test_who_is_over_a_rate_is_told_when_to_come_back() -> None:
    clock = Clock()
    limited = clients(clock)
    for _ in range(2):
        limited.require(("a",), Rate.TEXTS)
    with pytest.raises(TooManyError, match="try again in 30 s") as caught:
        limited.require(("a",), Rate.TEXTS)
    assert caught.value.retry_after_s == 30
    clock.now_s += 30
    limited.require(("a",), Rate.TEXTS)


def test_a_refusal_costs_nothing() -> None:
    limited = clients()
    limited.spend(("a",), Rate.TEXTS, 2)
    before = limited.wait_s(("a",), Rate.TEXTS)
    for _ in range(5):
        with pytest.raises(TooManyError):
            limited.require(("a",), Rate.TEXTS)
    assert limited.wait_s(("a",), Rate.TEXTS) == before


def test_a_session_holds_its_place_until_it_is_over_and_says_whose_it_is() -> None:
    limited = clients()
    limited.require_room(("a",), Hold.SESSIONS)
    limited.session_began(("a", "user ann"), "s")
    limited.session_began(("a", "user ann"), "s")
    assert limited.owner_of("s") == "user ann"
    with pytest.raises(TooManyError):
        limited.require_room(("a",), Hold.SESSIONS)
    limited.session_over("s")
    limited.session_over("another")
    limited.require_room(("a",), Hold.SESSIONS)
    assert limited.owner_of("s") == ""


def test_a_relay_holds_its_place_until_it_is_closed() -> None:
    limited = clients(CLIENT_RELAYS="1")
    limited.relay_began(("a",))
    with pytest.raises(TooManyError):
        limited.require_room(("a",), Hold.RELAYS)
    limited.relay_over(("a",))
    limited.require_room(("a",), Hold.RELAYS)


def test_many_refusals_are_one_line_that_counts_them(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    limited = clients(clock)
    limited.spend(("a",), Rate.TEXTS, 2)
    for _ in range(5):
        with pytest.raises(TooManyError):
            limited.require(("a",), Rate.TEXTS)
    clock.now_s += LOGGED_EVERY_S
    with pytest.raises(TooManyError):
        limited.require(("a",), Rate.TEXTS)
    assert [record.args[1] for record in caplog.records if isinstance(record.args, tuple)] == [0, 4]
