import socket

import pytest

from app.server.processes.listening import ListenError, listen, url


def test_connections_wait_in_it_before_anyone_accepts() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname(), timeout=30):
        assert url(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_small_messages_are_sent_at_once_on_what_it_accepts() -> None:
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname(), timeout=30):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_name_means_its_ipv4_address_first() -> None:
    with listen("localhost", 0) as listener:
        assert listener.family == socket.AF_INET


def test_all_addresses_are_printed_as_one_that_a_browser_can_open() -> None:
    with listen("0.0.0.0", 0) as listener:
        assert url(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_ipv6_is_bracketed_and_all_of_it_takes_ipv4_too() -> None:
    with listen("::", 0) as listener:
        port = listener.getsockname()[1]
        assert url(listener) == f"http://[::1]:{port}"
        socket.create_connection(("127.0.0.1", port), timeout=30).close()


def test_a_taken_port_is_told() -> None:
    with listen("127.0.0.1", 0) as listener, pytest.raises(ListenError, match="address already in use"):
        listen("127.0.0.1", listener.getsockname()[1])


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(ListenError, match="cannot assign requested address"):
        listen("192.0.2.1", 0)


def test_an_unknown_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(ListenError, match=r"HOST is 'no\.such\.invalid'"):
        listen("no.such.invalid", 0)
