"""Rates and holds of clients, in a table that no client can fill."""

import pytest

from app.limits.client_limits import ClientLimits, Hold, Rate

NONE = dict.fromkeys(Rate, 0)
FREE = dict.fromkeys(Hold, 0)


def limits(rate: int = 2, hold: int = 2, max_clients: int = 100) -> ClientLimits:
    return ClientLimits(NONE | {Rate.TEXTS: rate}, FREE | {Hold.SESSIONS: hold}, max_clients)


def test_clients_and_rates_are_counted_apart() -> None:
    table = limits()
    for _ in range(2):
        table.take(("a",), Rate.TEXTS, 0.0)
    assert table.wait_s(("a",), Rate.TEXTS, 0.0) == pytest.approx(30)
    assert table.wait_s(("b",), Rate.TEXTS, 0.0) == 0
    assert table.wait_s(("a",), Rate.CONNECTIONS, 0.0) == 0


def test_a_client_of_two_names_is_held_to_both() -> None:
    table = limits()
    for address in ("a", "b"):
        table.take((address, "user"), Rate.TEXTS, 0.0)
    assert table.wait_s(("c", "user"), Rate.TEXTS, 0.0) > 0
    assert table.wait_s(("a",), Rate.TEXTS, 0.0) == 0


def test_a_client_without_a_name_is_not_limited() -> None:
    table = limits()
    for _ in range(100):
        table.take((), Rate.TEXTS, 0.0)
        table.hold((), Hold.SESSIONS)
    assert table.wait_s((), Rate.TEXTS, 0.0) == 0
    assert table.may_hold((), Hold.SESSIONS)


def test_what_is_held_is_given_back() -> None:
    table = limits(hold=1)
    table.hold(("a",), Hold.SESSIONS)
    assert not table.may_hold(("a",), Hold.SESSIONS)
    assert table.may_hold(("b",), Hold.SESSIONS)
    assert table.may_hold(("a",), Hold.RELAYS)
    table.release(("a",), Hold.SESSIONS)
    assert table.may_hold(("a",), Hold.SESSIONS)
    table.hold(("a",), Hold.SESSIONS)
    table.hold(("a",), Hold.SESSIONS)
    table.release(("a",), Hold.SESSIONS)
    assert not table.may_hold(("a",), Hold.SESSIONS)


def test_whoever_makes_up_addresses_fills_nothing() -> None:
    table = limits(max_clients=100)
    for number in range(10_000):
        table.take((f"made up {number}",), Rate.TEXTS, number / 1_000)
        # Who is busy is remembered, however many others come.
        table.take(("busy",), Rate.TEXTS, number / 1_000)
    assert len(table) == 100
    assert table.wait_s(("busy",), Rate.TEXTS, 10.0) > 0
