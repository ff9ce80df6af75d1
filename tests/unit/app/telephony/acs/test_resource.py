"""Which resource the settings name, and that no fault of theirs tells the key."""

import pytest

from app.telephony.acs.resource import acs_resource, parse_connection_string
from config.errors import SettingsError
from config.settings import Settings

KEY = "c2VjcmV0LWFjY2Vzcy1rZXk="


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        (f"endpoint=https://r.communication.azure.com/;accesskey={KEY}", "https://r.communication.azure.com"),
        (f"AccessKey={KEY};Endpoint=HTTPS://R.Communication.Azure.com", "https://r.communication.azure.com"),
        (f"endpoint=https://r.example:443/;accesskey={KEY};", "https://r.example"),
        (f"endpoint=https://r.example:8443/;accesskey={KEY};other=x", "https://r.example:8443"),
        (f"endpoint=http://127.0.0.1:18080/;accesskey={KEY}", "http://127.0.0.1:18080"),
        (f"endpoint=http://localhost;accesskey={KEY}", "http://localhost"),
        (f"endpoint=http://[::1]:8080;accesskey={KEY}", "http://[::1]:8080"),
    ],
)
def test_a_connection_string(text: str, endpoint: str) -> None:
    resource = parse_connection_string(text)
    assert resource.endpoint == endpoint
    assert resource.key is not None
    assert resource.key.reveal() == KEY
    assert resource.encrypted is endpoint.startswith("https")
    assert KEY not in repr(resource)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (f"accesskey={KEY}", "no endpoint"),
        ("endpoint=https://r.example", "no accesskey"),
        ("endpoint=https://r.example;accesskey=", "no accesskey"),
        ("endpoint=https://r.example;accesskey=not*base64", "not in base64"),
        ("endpoint=https://r.example;accesskey=c2Vjcm", "not in base64"),
        (f"endpoint=http://r.example;accesskey={KEY}", "unencrypted"),
        (f"endpoint=http://127.0.0.1.example;accesskey={KEY}", "unencrypted"),
        (f"endpoint=ftp://r.example;accesskey={KEY}", "must be https"),
        (f"endpoint=r.example;accesskey={KEY}", "must be https"),
        (f"endpoint=https://;accesskey={KEY}", "must be https"),
        (f"endpoint=https://r.example/path;accesskey={KEY}", "nothing behind it"),
        (f"endpoint=https://user:pass@r.example;accesskey={KEY}", "nothing behind it"),
        (f"endpoint=https://r.example?x=1;accesskey={KEY}", "nothing behind it"),
        (f"endpoint=https://r.example:port;accesskey={KEY}", "nothing behind it"),
        (f"endpoint=https://r.example;accesskey={KEY};accesskey=b3RoZXI=", "names the key twice"),
        (f"endpoint=https://r.example;endpoint=https://s.example;accesskey={KEY}", "names a part twice"),
    ],
)
def test_one_that_cannot_be_used_is_one_line_without_the_key(text: str, says: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse_connection_string(text)
    line = str(refused.value)
    assert line.startswith("ACS_CONNECTION_STRING")
    assert says in line
    assert "\n" not in line
    for key in (KEY, "not*base64", "c2Vjcm", "b3RoZXI="):
        assert key not in line
    assert refused.value.__cause__ is None


def test_the_settings_name_a_resource_with_a_key_or_without_or_none() -> None:
    assert acs_resource(Settings.read({})) is None
    with_key = acs_resource(Settings.read({"ACS_CONNECTION_STRING": f"endpoint=https://r.example/;accesskey={KEY}"}))
    assert with_key is not None
    assert with_key.endpoint == "https://r.example"
    without = acs_resource(Settings.read({"ACS_ENDPOINT": "https://R.example/"}))
    assert without is not None
    assert (without.endpoint, without.key) == ("https://r.example", None)
    with pytest.raises(SettingsError, match=r"^ACS_ENDPOINT must be"):
        acs_resource(Settings.read({"ACS_ENDPOINT": "http://r.example"}))
