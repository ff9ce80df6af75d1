"""The lines between a worker and its launcher: each side understands what the other says, and nothing else."""

import pytest

from app.server.processes.worker_pipe import (
    AskOwner,
    Owner,
    SessionLeft,
    WorkerNotice,
    decode_from_launcher,
    decode_from_worker,
    encode_line,
)


@pytest.mark.parametrize(
    "message",
    [
        WorkerNotice("a topic", {"text": "line\nfeed", "n": 1}, teller=7, number=3),
        AskOwner(session_id="s", number=4, claim=True),
        SessionLeft("s", begun=False),
    ],
)
def test_what_a_worker_says_is_one_line_that_the_launcher_understands(
    message: WorkerNotice | AskOwner | SessionLeft,
) -> None:
    line = encode_line(message)
    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert decode_from_worker(line) == message


@pytest.mark.parametrize("message", [WorkerNotice("a topic", {}), Owner(4, 4711)])
def test_what_the_launcher_says_a_worker_understands(message: WorkerNotice | Owner) -> None:
    assert decode_from_launcher(encode_line(message)) == message


def test_neither_takes_what_is_the_others_to_say() -> None:
    with pytest.raises(ValueError, match="owner"):
        decode_from_worker(encode_line(Owner(1, 2)))
    with pytest.raises(ValueError, match="session_left"):
        decode_from_launcher(encode_line(SessionLeft("s", begun=True)))


@pytest.mark.parametrize("line", [b"", b"beat\n", b"{}\n", b'{"type":"notice"}\n', b"\xff\n"])
def test_nonsense_is_refused(line: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whatever it says
        decode_from_worker(line)
