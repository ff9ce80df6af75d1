"""Passes files of other workers on in pieces: each piece is a range request of its own.

So neither Redis nor a worker ever holds more of a file than one piece, and a client that reads slowly does not have the
next piece asked for before it needs it.
"""

import logging
import re

import msgspec
from starlette.types import Scope, Send

from app.api.problems import ProblemError
from app.cluster.request_passing import PassedResponse, RequestPassing

log = logging.getLogger(__name__)

PIECE_BYTES = 262_144
"""Bytes that are asked for at once: about 4 s of the audio of a session."""

_ASKED = re.compile(rb"bytes=([0-9]{1,15})-([0-9]{0,15})")
"""Matches a Range header with one range that has a start. All others are answered with the whole file, as RFC 9110
(14.2) allows."""
_GIVEN = re.compile(rb"bytes [0-9]{1,15}-[0-9]{1,15}/([0-9]{1,15})")
_OF_A_PIECE = (b"content-length", b"content-range")


class _Range(msgspec.Struct, frozen=True):
    """The bytes of a file from `first` to `last`, both included; `last` is None for the end of the file."""

    first: int
    last: int | None


async def pass_on_file(passing: RequestPassing, owner: str, scope: Scope, send: Send) -> None:
    """Answer a request for a file with that of the worker `owner`, whole or the range that is asked for.

    Where the file breaks off, so does the answer: its client sees that bytes are missing.

    Raises:
        ProblemError: the worker does not answer, and nothing of the answer has been sent.
    """
    asked = _asked_range(scope)
    at, last = (asked.first, asked.last) if asked is not None else (0, None)
    reply = await passing.ask(owner, _for_piece(scope, at, last), b"")
    given = _header(reply, b"content-range")
    found = _GIVEN.fullmatch(given) if reply.status == 206 else None
    if found is None:
        # Another status is a refusal, which is passed on as it is.
        await passing.answer_with(reply, send)
        return
    size = int(found[1])
    end = size if last is None else min(last + 1, size)
    headers = [each for each in reply.headers if each[0].lower() not in _OF_A_PIECE]
    headers.append((b"content-length", b"%d" % (end - at)))
    if asked is not None:
        headers.append((b"content-range", b"bytes %d-%d/%d" % (at, end - 1, size)))
    await send({"type": "http.response.start", "status": 200 if asked is None else 206, "headers": headers})
    if scope["method"] == "HEAD":
        await send({"type": "http.response.body", "body": b""})
        passing.count_answered()
        return
    await _send_pieces(passing, owner, scope, send, reply, at=at, end=end)


async def _send_pieces(
    passing: RequestPassing, owner: str, scope: Scope, send: Send, reply: PassedResponse, *, at: int, end: int
) -> None:
    """Send the bytes from `at` to before `end`: those of `reply`, the first piece, and of the pieces behind it."""
    while True:
        at += len(reply.body)
        await send({"type": "http.response.body", "body": reply.body, "more_body": at < end})
        if at >= end:
            passing.count_answered()
            return
        try:
            reply = await passing.ask(owner, _for_piece(scope, at, end - 1), b"")
        except ProblemError:
            return
        if reply.status != 206 or not reply.body:
            log.warning("a file of another worker breaks off: it answers with status %d", reply.status)
            return


def _asked_range(scope: Scope) -> _Range | None:
    """The range that a client's headers ask for; None for the whole file."""
    headers = dict(scope["headers"])
    found = _ASKED.fullmatch(headers.get(b"range", b""))
    # A client that wants a range of one version only can do with the whole file: it says so by that header.
    if found is None or b"if-range" in headers:
        return None
    first, last = int(found[1]), int(found[2]) if found[2] else None
    return None if last is not None and last < first else _Range(first, last)


def _for_piece(scope: Scope, at: int, last: int | None) -> Scope:
    """Build the request for one piece of the file, which starts at `at` and goes no further than `last`."""
    until = at + PIECE_BYTES - 1 if last is None else min(last, at + PIECE_BYTES - 1)
    headers = [each for each in scope["headers"] if each[0].lower() not in (b"range", b"if-range")]
    return {**scope, "headers": [*headers, (b"range", b"bytes=%d-%d" % (at, until))]}


def _header(reply: PassedResponse, name: bytes) -> bytes:
    return next((value for each, value in reply.headers if each.lower() == name), b"")
