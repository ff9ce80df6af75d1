"""Whether a request may have come from outside: any sign of it is enough."""

import msgspec
import pytest

from app.auth.exposure import Asker, Exposure, added_by_proxies, host_name, sign_of_outside
from config.settings import Settings


def asker(client: str = "127.0.0.1", version: str = "1.1", **headers: str) -> Asker:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Asker(client=client, http_version=version, headers={"host": "localhost:8000"} | names)


def exposure(**variables: str) -> Exposure:
    return Exposure(Settings.read({"HOST": "127.0.0.1", **variables}))


@pytest.mark.parametrize(
    ("who", "sign"),
    [
        (asker(), ""),
        (asker("::1"), ""),
        (asker("10.0.0.1"), "the peer is another machine"),
        (asker(""), "the peer is another machine"),
        (asker(version="1.0"), "HTTP/1.0, as reverse proxies speak it"),
        (asker(x_forwarded_for="10.0.0.1"), "the header x-forwarded-for"),
        (asker(cf_ray="1"), "the header cf-ray"),
        (asker(host="example.com"), "a Host that is not local"),
        (asker(host=""), "a Host that is not local"),
        (msgspec.structs.replace(asker(), overruled_host="example.com"), "a Host that is not local"),
        (msgspec.structs.replace(asker(), overruled_host="localhost"), ""),
    ],
)
def test_every_sign_of_another_machine_is_named(who: Asker, sign: str) -> None:
    assert sign_of_outside(who) == sign


@pytest.mark.parametrize(
    "name",
    [
        "Forwarded",
        "VIA",
        "X-Forwarded-Host",
        "Ngrok-Trace",
        "Tailscale-User-Login",
        # nginx, HAProxy, Varnish, Akamai, Incapsula, WebLogic; Heroku, Render, Railway, Google; who logs people in
        *("X-Real-IP", "X-Scheme", "X-SSL-Client-Verify", "X-Varnish", "Surrogate-Capability", "Akamai-Origin-Hop"),
        *("Incap-Client-IP", "WL-Proxy-Client-IP", "Ali-CDN-Real-IP", "X-Sucuri-ClientIP", "Max-Forwards"),
        *("X-Request-Start", "X-Heroku-Router", "Rndr-Id", "X-Railway-Edge", "X-Cloud-Trace-Context"),
        *("X-MS-Proxy", "X-MS-Client-Principal-Name", "X-Auth-Request-User", "Remote-User", "Front-End-Https"),
    ],
)
def test_headers_of_proxies_are_known_in_any_case(name: str) -> None:
    assert added_by_proxies(["accept", name]) == name.lower()


@pytest.mark.parametrize(
    ("variables", "public_by"),
    [
        ({}, ""),
        ({"HOST": "0.0.0.0"}, "HOST (0.0.0.0)"),
        ({"BASE_URL": "https://example.com"}, "BASE_URL (https://example.com)"),
        ({"BASE_URL": "http://localhost:8000"}, ""),
    ],
)
def test_who_is_reachable_by_others_believes_nobody_to_be_local(variables: dict[str, str], public_by: str) -> None:
    found = exposure(**variables)
    public = public_by != ""
    assert found.public is public
    assert found.public_by == public_by
    assert found.reached_on_this_machine(asker()) is not public


def test_a_foreign_page_in_a_browser_here_is_not_a_program_here() -> None:
    foreign = asker(origin="https://example.com")
    assert exposure().reached_on_this_machine(foreign)
    assert not exposure().from_this_machine(foreign)
    assert exposure().from_this_machine(asker())


@pytest.mark.parametrize(
    ("host", "variables", "served"),
    [
        ("localhost:8000", {}, True),
        ("evil.example", {}, False),
        ("evil.example", {"ALLOWED_HOSTS": "*"}, True),
        ("earshot.example:443", {"ALLOWED_HOSTS": "earshot.example"}, True),
        ("evil.example", {"HOST": "0.0.0.0"}, True),
        ("evil.example", {"HOST": "0.0.0.0", "ALLOWED_HOSTS": "earshot.example"}, False),
        ("[::1", {}, False),
    ],
)
def test_a_name_that_is_made_to_point_here_is_told_apart(host: str, variables: dict[str, str], served: bool) -> None:
    assert exposure(**variables).serves_host({"host": host}) is served


@pytest.mark.parametrize(
    "name",
    [
        *("Host", "User-Agent", "Accept", "Origin", "Sec-Fetch-Site", "Authorization", "Content-Type", "traceparent"),
        *("X-Requested-With", "X-Request-ID", "x-session-id", "x-ms-client-request-id", "x-ms-call-connection-id"),
        *("x-earshot-event-grid-secret", "aeg-event-type", "Sec-WebSocket-Key", "Connection", "Upgrade"),
    ],
)
def test_what_browsers_programs_and_the_network_send_is_none_of_them(name: str) -> None:
    assert added_by_proxies([name]) == ""


@pytest.mark.parametrize(
    "host",
    ["evil.example\\@localhost", "a@localhost", "localhost:abc", "localhost:80:80", "localhost/", "local host", ""],
)
def test_a_host_header_that_is_malformed_names_nobody(host: str) -> None:
    assert host_name(host) == ""
    assert sign_of_outside(asker(host=host)) == "a Host that is not local"


def test_the_name_in_a_host_header() -> None:
    assert host_name("LocalHost:80") == "localhost"
    assert host_name("[::1]:80") == "::1"
    assert host_name("[") == ""
