"""Who takes part in a call, however the carrier writes it."""

import msgspec
import pytest

from protocol.acs.participants import Identifier, Kind, readable_identifier


def identifier(text: str) -> Identifier:
    return msgspec.json.decode(text, type=Identifier)


@pytest.mark.parametrize(
    ("text", "raw_id", "kind", "number"),
    [
        ('{"rawId": "4:+15550100"}', "4:+15550100", Kind.PHONE_NUMBER, "+15550100"),
        ('{"phoneNumber": {"value": "+15550100"}}', "4:+15550100", Kind.PHONE_NUMBER, "+15550100"),
        ('{"rawId": "4:anonymous"}', "4:anonymous", Kind.PHONE_NUMBER, None),
        ('{"rawId": "4:112"}', "4:112", Kind.PHONE_NUMBER, None),
        ('{"communicationUser": {"id": "8:acs:1"}}', "8:acs:1", Kind.COMMUNICATION_USER, None),
        ('{"rawId": "8:orgid:2"}', "8:orgid:2", Kind.MICROSOFT_TEAMS_USER, None),
        ('{"rawId": "28:3"}', "28:3", Kind.MICROSOFT_TEAMS_APP, None),
        ('{"rawId": "8:acs:1", "kind": "teamsExtensionUser"}', "8:acs:1", Kind.TEAMS_EXTENSION_USER, None),
        ('{"rawId": "4:+15550100", "kind": "new"}', "4:+15550100", Kind.PHONE_NUMBER, "+15550100"),
        ('{"rawId": "99:x"}', "99:x", Kind.UNKNOWN, None),
    ],
)
def test_an_identifier(text: str, raw_id: str, kind: Kind, number: str | None) -> None:
    read = identifier(text)
    assert (read.raw_id, read.kind, read.phone_number) == (raw_id, kind, number)


def test_nobody_at_all_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError, match="an identifier needs a rawId"):
        identifier("{}")


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("4:+15550100", {"rawId": "4:+15550100"}),
        ([{"rawId": "4:+15550100"}], {"rawId": "4:+15550100"}),
        ({"rawId": "4:+15550100", "kind": 7, "phoneNumber": [], "more": []}, {"rawId": "4:+15550100", "more": []}),
        ({"phoneNumber": "+15550100"}, {"phoneNumber": {"value": "+15550100"}}),
        ({"communicationUser": "8:acs:1"}, {"communicationUser": {"id": "8:acs:1"}}),
        ("+15550100", "+15550100"),
        (7, 7),
        ([], []),
        (None, None),
    ],
)
def test_somebody_is_known_although_something_beside_their_id_is_odd(sent: object, read: object) -> None:
    assert readable_identifier(sent) == read
