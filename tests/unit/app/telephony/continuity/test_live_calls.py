"""The launcher's record of live calls: who has which, and what becomes of those of a worker that is gone."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.conversation import ChatMessage, Role, SessionRecord, ToolRequest
from app.server.processes.worker_pipe import WorkerNotice, decode_from_launcher
from app.telephony.continuity.call_checkpoints import (
    KEPT,
    LONGEST_CONTEXT_BYTES,
    ORPHANED,
    OVER,
    CallCheckpoint,
    record_of,
)
from app.telephony.continuity.live_calls import FILE, MOST_HAND_OVERS, LiveCalls


def record(secret: str, **more: Any) -> CallCheckpoint:
    record = CallCheckpoint(
        secret=secret,
        session_id="s",
        direction="inbound",
        agent="a",
        mode="media",
        created_at=1.0,
        caller="+15550100",
        about={"context": {"why": "a bill"}},
    )
    return msgspec.structs.replace(record, **more)


def kept(calls: LiveCalls, worker: str, *secrets: str) -> None:
    for secret in secrets:
        assert calls.take(worker, WorkerNotice(KEPT, record(secret).fields()))


def handed(calls: LiveCalls, worker: str) -> list[str]:
    """The secrets of the calls that a worker is given."""
    lines: list[bytes] = []
    calls.hand_over(worker, lines.append)
    said = [decode_from_launcher(line) for line in lines]
    notices = [message for message in said if isinstance(message, WorkerNotice)]
    assert len(notices) == len(said)
    assert {notice.topic for notice in notices} <= {ORPHANED}
    return [record_of(notice.fields).secret for notice in notices]


def test_calls_of_a_worker_that_is_gone_go_to_another_once() -> None:
    calls = LiveCalls()
    kept(calls, "first", "1", "2")
    kept(calls, "second", "3")
    assert handed(calls, "second") == []
    calls.worker_ended("first")
    assert handed(calls, "second") == ["1", "2"]
    assert handed(calls, "third") == []
    calls.worker_ended("second")
    assert handed(calls, "third") == ["1", "2", "3"]


def test_a_call_that_is_over_is_nobodys() -> None:
    calls = LiveCalls()
    kept(calls, "first", "1", "2")
    assert calls.take("first", WorkerNotice(OVER, {"secret": "1"}))
    assert calls.take("first", WorkerNotice(OVER, {"secret": "1"}))
    calls.worker_ended("first")
    assert handed(calls, "second") == ["2"]


def test_a_call_whose_workers_keep_dying_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    calls = LiveCalls()
    kept(calls, "w", "1")
    for _ in range(MOST_HAND_OVERS):
        calls.worker_ended("w")
        assert handed(calls, "w") == ["1"]
    calls.worker_ended("w")
    assert handed(calls, "w") == []
    assert "a call is given up" in caplog.text


def conversation(*messages: ChatMessage) -> SessionRecord:
    return SessionRecord(
        session_id="s", mode="media", agent="a", state="connected", created_at=1.0, updated_at=2.0, messages=messages
    )


def test_a_conversation_goes_with_its_call_and_into_no_file(tmp_path: Path) -> None:
    said = conversation(ChatMessage(role=Role.USER, text="my secret"), ChatMessage(role=Role.ASSISTANT, text="I see."))
    calls = LiveCalls()
    calls.take("w", WorkerNotice(KEPT, record("1", conversation=said).fields()))
    calls.worker_ended("w")
    lines: list[bytes] = []
    calls.hand_over("v", lines.append)
    told = decode_from_launcher(lines[0])
    assert isinstance(told, WorkerNotice)
    assert record_of(told.fields).conversation == said
    assert record("1", conversation=said).without_personal_data().conversation is None


def test_of_a_long_conversation_the_end_is_kept_from_something_that_the_user_said() -> None:
    turns = [
        message
        for n in range(200)
        for message in (
            ChatMessage(role=Role.USER, text=f"{n} " + "x" * 200, turn=n),
            ChatMessage(role=Role.ASSISTANT, text="", turn=n, tool_requests=(ToolRequest(f"c{n}", "t", "{}"),)),
            ChatMessage(role=Role.TOOL, text="y" * 200, turn=n, call_id=f"c{n}"),
            ChatMessage(role=Role.ASSISTANT, text="z" * 200, turn=n),
        )
    ]
    fields = record("1", conversation=conversation(*turns)).fields()
    kept_ = record_of(fields).conversation
    assert kept_ is not None
    assert kept_.messages == tuple(turns[-len(kept_.messages) :])
    assert kept_.messages[0].role is Role.USER
    assert len(msgspec.json.encode(fields)) < 64_000
    endless = record("1", conversation=conversation(ChatMessage(role=Role.USER, text="x" * 100_000)))
    assert len(msgspec.json.encode(endless.fields())) < 64_000


def test_other_notices_are_not_the_launchers() -> None:
    assert not LiveCalls().take("w", WorkerNotice("agents", {"a": 1}))


def test_what_is_no_record_is_left_out() -> None:
    calls = LiveCalls()
    assert calls.take("w", WorkerNotice(KEPT, {"secret": 1}))
    calls.worker_ended("w")
    assert handed(calls, "w") == []


def test_a_context_that_is_too_long_is_left_out() -> None:
    long = record("1", about={"text": "x" * LONGEST_CONTEXT_BYTES})
    assert record_of(long.fields()).about == {}
    assert record_of(record("1").fields()) == record("1")


async def test_the_record_outlives_the_launcher_without_who_called_and_why(tmp_path: Path) -> None:
    calls = LiveCalls(tmp_path / "state")
    kept(calls, "w", "1", "2")
    await asyncio.sleep(0.1)
    calls.take("w", WorkerNotice(OVER, {"secret": "1"}))
    calls.close()
    text = (tmp_path / "state" / FILE).read_text()
    assert "+15550100" not in text
    assert "a bill" not in text
    assert handed(LiveCalls(tmp_path / "state"), "w") == ["2"]


@pytest.mark.parametrize("text", ["", "[{}]", "\0", "[" * 100_000])
def test_a_file_that_cannot_be_read_is_no_file(tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE).write_text(text)
    assert handed(LiveCalls(tmp_path), "w") == []
    assert len(caplog.records) == 1


async def test_a_directory_that_cannot_be_written_costs_one_line_and_no_call(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    calls = LiveCalls(tmp_path / "file" / "below")
    kept(calls, "w", "1")
    calls.close()
    calls.worker_ended("w")
    assert handed(calls, "w") == ["1"]
    assert "cannot be written" in caplog.text
