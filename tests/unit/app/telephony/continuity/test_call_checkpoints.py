"""What a worker tells of a call so that another can go on with it: whole, and small enough for the pipe."""

import msgspec
import pytest

from actors.conversation import ChatMessage, Role, SessionRecord
from app.telephony.continuity.call_checkpoints import (
    LONGEST_CONTEXT_BYTES,
    LONGEST_CONVERSATION_BYTES,
    CallCheckpoint,
    decode_record,
    record_of,
)


def conversation(*texts: str) -> SessionRecord:
    """The user and the assistant speak by turns."""
    roles = (Role.USER, Role.ASSISTANT)
    return SessionRecord(
        session_id="s",
        mode="media",
        agent="a",
        state="live",
        created_at=0.0,
        updated_at=0.0,
        messages=tuple(ChatMessage(role=roles[n % 2], text=text) for n, text in enumerate(texts)),
    )


RECORD = CallCheckpoint(
    secret="secret",
    session_id="s",
    direction="inbound",
    agent="a",
    mode="media",
    created_at=1.0,
    caller="+15550100",
    own_number="+15550199",
    about={"context": {"why": "a bill"}},
    conversation=conversation("Hello.", "Hi."),
)


def test_a_record_comes_back_as_it_was() -> None:
    assert record_of(RECORD.fields()) == RECORD


def test_what_is_no_record_is_refused() -> None:
    with pytest.raises(ValueError, match="secret"):
        record_of({"session_id": "s"})


def test_what_only_another_version_knows_of_a_call_does_not_lose_it() -> None:
    fields = RECORD.fields() | {"state": "teleported", "participants": 7, "unheard_of": {}}
    assert decode_record(msgspec.json.encode(fields)) == RECORD
    assert decode_record(msgspec.json.encode(RECORD)) == RECORD


@pytest.mark.parametrize("data", [b"", b"rubbish", b"[]", b'"x"', b'{"secret": "s"}', b'{"secret": 5}', b"\xff"])
def test_what_is_no_record_in_json_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each says it in words of its own
        decode_record(data)


def test_of_a_file_nobody_learns_who_called_and_why() -> None:
    bare = RECORD.without_personal_data()
    text = msgspec.json.encode(bare).decode()
    assert "555" not in text
    assert "bill" not in text
    assert "Hello" not in text
    assert (bare.secret, bare.session_id) == ("secret", "s")


def test_a_context_that_is_too_long_is_left_out_and_all_else_stays() -> None:
    long = msgspec.structs.replace(RECORD, about={"context": "x" * LONGEST_CONTEXT_BYTES})
    assert record_of(long.fields()) == msgspec.structs.replace(RECORD, about={})


def test_of_a_long_conversation_the_end_is_kept_from_something_the_user_said_on() -> None:
    long = msgspec.structs.replace(RECORD, conversation=conversation(*(str(n) * 1_000 for n in range(100))))
    kept = record_of(long.fields()).conversation
    assert kept is not None
    assert long.conversation is not None
    assert 0 < len(kept.messages) < 100
    assert kept.messages[0].role is Role.USER
    assert kept.messages == long.conversation.messages[-len(kept.messages) :]
    assert len(msgspec.json.encode(kept)) <= LONGEST_CONVERSATION_BYTES


def test_a_conversation_that_never_fits_is_left_out() -> None:
    memory = msgspec.structs.replace(conversation("Hello."), memory={"note": "x" * LONGEST_CONVERSATION_BYTES})
    long = msgspec.structs.replace(RECORD, conversation=memory)
    assert record_of(long.fields()).conversation is None
