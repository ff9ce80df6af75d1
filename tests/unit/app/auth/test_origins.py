import pytest

from app.auth.origins import asked_by_foreign_page, is_local_name, is_loopback, is_near, may_connect, own_page


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost", "LOCALHOST", "a.localhost"])
def test_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "10.0.0.1", "localhost.example", "127.0.0.1.example", "127.1"])
def test_not_only_this_machine(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    ("origin", "host", "base_url"),
    [
        ("http://localhost:8000", "localhost:8000", ""),
        ("https://voice.example", "voice.example", ""),
        ("https://voice.example", "voice.example:443", ""),
        ("https://Voice.Example", "voice.example", ""),
        ("http://[::1]:8000", "[::1]:8000", ""),
        ("https://voice.example", "voice.example", "https://voice.example"),
        ("https://voice.example", "10.0.0.7:8000", "https://voice.example/below"),
        ("http://10.0.0.7:8000", "10.0.0.7:8000", "https://voice.example"),
        ("http://localhost:8000", "localhost:8000", "https://voice.example"),
    ],
)
def test_our_own_page(origin: str, host: str, base_url: str) -> None:
    assert own_page({"origin": origin, "host": host}, base_url)
    assert own_page({"origin": origin, "host": host, "sec-fetch-site": "same-origin"}, base_url)


@pytest.mark.parametrize(
    ("headers", "base_url"),
    [
        ({}, ""),
        ({"host": "voice.example"}, ""),
        ({"origin": "https://evil.example", "host": "voice.example"}, ""),
        ({"origin": "https://voice.example.evil.example", "host": "voice.example"}, ""),
        ({"origin": "https://voice.example:8443", "host": "voice.example"}, ""),
        ({"origin": "http://localhost:3000", "host": "localhost:8000"}, ""),
        ({"origin": "null", "host": "voice.example"}, ""),
        ({"origin": "null", "host": "null"}, ""),
        ({"origin": "file://", "host": ""}, ""),
        ({"origin": "https://voice.example:port", "host": "voice.example"}, ""),
        ({"origin": "https://[", "host": "["}, ""),
        ({"origin": "https://voice.example", "host": "voice.example", "sec-fetch-site": "same-site"}, ""),
        ({"origin": "http://voice.example", "host": "voice.example", "sec-fetch-site": "cross-site"}, ""),
        ({"origin": "https://voice.example", "host": "voice.example", "sec-fetch-site": "none"}, ""),
        ({"origin": "http://rebound.evil.example:8000", "host": "rebound.evil.example:8000"}, "https://voice.example"),
        ({"origin": "https://evil.example", "host": "a", "x-forwarded-host": "evil.example"}, ""),
    ],
)
def test_a_foreign_page(headers: dict[str, str], base_url: str) -> None:
    assert not own_page(headers, base_url)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1", "voice"])
def test_a_name_of_this_machine_or_this_network(host: str) -> None:
    assert is_local_name(host)


@pytest.mark.parametrize("host", ["", "evil.example", "10.0.0.7", "127.0.0.1.nip.example", "2001:db8::1"])
def test_a_name_that_others_may_have_made(host: str) -> None:
    assert not is_local_name(host)


def test_what_a_browser_says_of_the_page_that_asks() -> None:
    assert not asked_by_foreign_page({"host": "localhost"})
    assert not asked_by_foreign_page({"host": "localhost", "sec-fetch-site": "none"})
    assert not asked_by_foreign_page({"host": "localhost", "sec-fetch-site": "same-origin"})
    assert not asked_by_foreign_page({"host": "localhost", "origin": "http://localhost"})
    assert asked_by_foreign_page({"host": "localhost", "origin": "http://localhost:3000"})
    assert asked_by_foreign_page({"host": "localhost", "origin": "null"})
    assert asked_by_foreign_page({"host": "localhost", "sec-fetch-site": "cross-site"})
    assert asked_by_foreign_page({"host": "localhost", "sec-fetch-site": "same-site"})


def test_who_may_open_a_socket() -> None:
    foreign = {"origin": "https://a.example", "host": "voice.example"}
    assert may_connect({"host": "voice.example"}, (), "")
    assert may_connect({"origin": "https://voice.example", "host": "voice.example"}, (), "")
    assert not may_connect(foreign, ("https://b.example",), "")
    assert may_connect(foreign, ("https://a.example",), "")
    assert may_connect(foreign, ("*",), "")


@pytest.mark.parametrize("host", ["localhost", "gateway", "10.1.2.3", "192.168.0.7", "127.0.0.1", "::1", "fd00::1"])
def test_a_key_may_go_unencrypted_to_what_is_near(host: str) -> None:
    assert is_near(host)


@pytest.mark.parametrize("host", ["models.example", "8.8.8.8", "2001:4860:4860::8888", ""])
def test_it_may_not_go_so_to_what_is_not(host: str) -> None:
    assert not is_near(host)
