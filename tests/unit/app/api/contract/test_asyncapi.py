"""The AsyncAPI document: its references lead somewhere, and its examples are what the server reads and writes."""

from collections.abc import Iterator
from typing import Any, get_args

import jsonschema_rs
import msgspec
import pytest
from starlette.routing import Mount, Route, WebSocketRoute

from app.api.contract.asyncapi import asyncapi, message_name, sockets
from app.api.contract.openapi import UndocumentedRouteError
from app.api.contract.sockets import CHANNELS, EXAMPLES, Binary
from protocol import browser
from protocol.acs import media
from protocol.acs.media_wire import MediaInput, MediaOutput


async def served(*_: Any) -> None: ...


ROUTES = [WebSocketRoute(path, served) for path in CHANNELS]
DOCUMENT = asyncapi(ROUTES)


def references(part: Any) -> Iterator[str]:
    match part:
        case {"$ref": str(reference)}:
            yield reference
        case dict():
            for inner in part.values():
                yield from references(inner)
        case list():
            for inner in part:
                yield from references(inner)


def at(reference: str) -> Any:
    part: Any = DOCUMENT
    for key in reference.removeprefix("#/").split("/"):
        part = part[key]
    return part


def validator(schema: dict[str, Any]) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({**schema, "components": DOCUMENT["components"]})


def test_it_has_what_the_specification_asks_for() -> None:
    assert DOCUMENT["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= DOCUMENT["info"].keys()
    for channel in DOCUMENT["channels"].values():
        assert channel["address"].startswith("/")
        assert channel["bindings"]["ws"]["query"]["type"] == "object"
    for operation in DOCUMENT["operations"].values():
        own = at(operation["channel"]["$ref"])["messages"]
        assert operation["action"] in ("send", "receive")
        assert {message["$ref"].rpartition("/")[2] for message in operation["messages"]} <= own.keys()


def test_every_reference_leads_somewhere() -> None:
    found = list(references(DOCUMENT))
    assert len(found) > 50
    for reference in found:
        at(reference)


def test_every_channel_is_there_with_its_check() -> None:
    assert {channel["address"] for channel in DOCUMENT["channels"].values()} == CHANNELS.keys()
    checks = {channel["x-check"] for channel in DOCUMENT["channels"].values()}
    assert checks == {"conversation", "watch", "acs_media", "console"}


def test_every_message_is_there_with_a_summary_and_an_example_that_it_describes() -> None:
    spoken = {kind for channel in CHANNELS.values() for kind in (*channel.takes, *channel.sends)}
    assert DOCUMENT["components"]["messages"].keys() == {message_name(kind) for kind in spoken}
    for kind in spoken:
        message = DOCUMENT["components"]["messages"][message_name(kind)]
        assert message["summary"], kind
        if not isinstance(kind, Binary):
            (example,) = message["examples"]
            validator(message["payload"]).validate(example["payload"])


def test_an_example_of_another_message_is_seen() -> None:
    schema = DOCUMENT["components"]["messages"]["playout_mark"]["payload"]
    with pytest.raises(jsonschema_rs.ValidationError):
        validator(schema).validate({"type": "playout_mark", "turn": "three"})


def test_whatever_the_browser_may_send_or_be_sent_is_a_message() -> None:
    spoken = {
        kind for path, channel in CHANNELS.items() if "media" not in path for kind in (*channel.takes, *channel.sends)
    }
    assert set(get_args(browser.ClientMessage)) <= spoken
    assert set(get_args(browser.ServerMessage)) - spoken == {browser.Envelope}


@pytest.mark.parametrize("example", [each for each in EXAMPLES if isinstance(each, browser.ClientMessage)], ids=repr)
def test_the_server_reads_the_examples_of_a_browser(example: Any) -> None:
    assert browser.decode(msgspec.json.encode(example).decode()) == example


def test_the_server_reads_the_examples_of_the_telephone_network() -> None:
    read = {type(media.decode(msgspec.json.encode(each))) for each in EXAMPLES if isinstance(each, MediaInput)}
    assert read == set(get_args(media.MediaMessage)) - {
        media.RepairedFrame,
        media.RepairedMetadata,
        media.RepairedTranscript,
        media.Unknown,
    }


def test_what_the_telephone_network_is_sent_is_as_described() -> None:
    described = {
        message["examples"][0]["payload"]["Kind"]: message["payload"]
        for kind in get_args(MediaOutput)
        if (message := DOCUMENT["components"]["messages"][message_name(kind)])
    }
    for text in (media.audio_message(bytes(4)), media.stop_message()):
        sent = msgspec.json.decode(text)
        validator(described[sent["Kind"]]).validate(sent)


def test_websockets_below_a_mount_are_found_and_other_routes_are_none() -> None:
    mounted = Mount("/api", routes=[WebSocketRoute("/talk", served), Route("/agents", served)])
    assert list(sockets([mounted])) == ["/api/talk"]


def test_a_websocket_without_a_row_is_refused() -> None:
    with pytest.raises(UndocumentedRouteError, match=r"/api/secret has no row in app/api/contract/sockets\.py"):
        asyncapi([WebSocketRoute("/api/secret", served)])
