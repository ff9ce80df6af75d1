"""Where programs beside the server reach it, with its settings."""

from pathlib import Path
from urllib.request import ProxyHandler

import pytest

from app.server.own_address import own_address, own_opener
from config.groups.server import Server


@pytest.mark.parametrize(
    ("host", "tls", "address"),
    [
        ("0.0.0.0", False, "http://127.0.0.1:9000"),
        ("::", False, "http://[::1]:9000"),
        ("::1", True, "https://[::1]:9000"),
        ("192.0.2.7", False, "http://192.0.2.7:9000"),
        ("localhost", True, "https://localhost:9000"),
    ],
)
def test_a_server_is_reached_where_it_listens(host: str, tls: bool, address: str) -> None:
    certificate = Path("certificate.pem") if tls else None
    assert own_address(Server(host=host, port=9000, tls_certificate=certificate)) == address


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    handlers: list[object] = vars(own_opener(Server()))["handlers"]
    assert [
        handler for handler in handlers if isinstance(handler, ProxyHandler) and hasattr(handler, "http_open")
    ] == []


def test_a_certificate_that_cannot_be_read_is_an_error() -> None:
    with pytest.raises(OSError, match="No such file"):
        own_opener(Server(tls_certificate=Path("/nowhere/certificate.pem")))
