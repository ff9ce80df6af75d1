"""The format of a session file: JSON, one line each for the session, what turn-taking was told, and how it ended."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from actors.agent import Agent
from actors.rules.turn_taking.effects import BeginPreemptiveReply, Effect, NoteWords, StartReply
from actors.rules.turn_taking.event_rules import TurnEvent
from actors.rules.turn_taking.state import TurnSnapshot
from app.errors import AppError
from app.version import product_version

FORMAT = "earshot session"
VERSION = 2
MOST_BYTES = 128 * 1024 * 1024
"""The most bytes of a file; a larger one was not written by this product."""

Decision = dict[str, Any]
"""An order of turn-taking as JSON: its name under `type`, and its fields."""


class SessionFileError(AppError):
    """A session file cannot be replayed. The text is one line that names the file and what is wrong with it."""


class Restarted(msgspec.Struct, frozen=True, kw_only=True):
    """An actor of the session was started again. `at`: seconds since 1970; `error`: why, without anybody's words."""

    at: float
    actor: str
    error: str


class Session(msgspec.Struct, frozen=True, kw_only=True, tag="session"):
    """The first line: which session it is, and what of its agent turn-taking asks."""

    format: str = FORMAT
    version: int = VERSION
    earshot: str
    """The version of the product that wrote the file."""
    session_id: str
    mode: str
    began: str
    """The date and time in UTC at which the session began."""
    content: bool
    """Whether the file holds what was said and pressed; if not, words and keys are masked."""
    agent: Agent


class Started(msgspec.Struct, frozen=True, kw_only=True, tag="started"):
    """Turn-taking began the session. `at`: seconds of the session's clock, here and in all other lines."""

    at: float
    transcribes: bool
    screens: bool = False
    """Whether it has to be found out if an answering machine has answered."""
    decisions: list[Decision]


class Resumed(msgspec.Struct, frozen=True, kw_only=True, tag="resumed"):
    """Turn-taking went on from a former state: an actor was started again, another agent has the conversation, or the
    session came from elsewhere.
    """

    at: float
    transcribes: bool
    state: TurnSnapshot
    session_left_s: float
    has_text: bool
    owes_answer: bool
    agent: Agent | None = None
    """The agent to which the conversation was handed off; None for the one that had it before."""
    decisions: list[Decision]


class Told(msgspec.Struct, frozen=True, kw_only=True, tag="told", omit_defaults=True):
    """Turn-taking was told something, and decided; or it raised the exception of the class `error`."""

    at: float
    event: TurnEvent
    holdable: bool = True
    decisions: list[Decision] = []
    error: str = ""


class AudioBeside(msgspec.Struct, frozen=True, kw_only=True):
    """The audio of the session, which lies beside its file: WAV, the caller left and the agent right."""

    file: str
    """The name of the audio file."""
    at: float
    """Where the audio begins, in seconds of the session's clock."""
    seconds: float
    """The length of the audio in seconds."""
    cut: bool = False
    """Whether the session went on after the end of the audio, because there was no more room."""


class Over(msgspec.Struct, frozen=True, kw_only=True, tag="over"):
    """The last line: how the session ended, and what was started again in it."""

    ending: str
    """How the session ended, in the API's words; empty if that is not known."""
    restarts: tuple[Restarted, ...] = ()
    cut: bool = False
    """Whether the session went on after the end of the file, which had reached its largest size."""
    audio: AudioBeside | None = None
    """The file of the session's audio; None if it was not recorded."""


Step = Started | Resumed | Told
Line = Session | Step | Over


class Recording(msgspec.Struct, frozen=True, kw_only=True):
    """A session file that has been read."""

    session: Session
    steps: tuple[Step, ...]
    over: Over


class _Kind(msgspec.Struct):
    """What every version of a first line says."""

    format: str
    version: int
    earshot: str = "unknown"


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Line)


def encoded(line: Line) -> bytes:
    """A line as it is written, with its end."""
    return _encoder.encode(line) + b"\n"


def described(effects: Iterable[Effect], *, content: bool) -> list[Decision]:
    """What turn-taking has ordered, as a file has it: without `content` the text that is answered is left out."""
    decisions = []
    for effect in effects:
        decision = {"type": type(effect).__name__, **msgspec.to_builtins(effect)}
        if isinstance(effect, StartReply | NoteWords | BeginPreemptiveReply) and not content:
            del decision["text"]
        decisions.append(decision)
    return decisions


def read(path: Path) -> Recording:
    """Read a session file.

    Raises:
        SessionFileError: it cannot be read, is broken, or is of another version; names what is wrong.
    """
    try:
        if path.is_dir():
            raise SessionFileError(f"{path} is a directory")
        if path.stat().st_size > MOST_BYTES:
            raise SessionFileError(f"{path} is larger than {MOST_BYTES >> 20} MB: it is no session file")
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise SessionFileError(f"{path} cannot be read: {error.strerror or type(error).__name__}") from None
    _require_version(path, lines[0])
    if lines[-1]:
        raise SessionFileError(f"{path}: line {len(lines)} has no end: the file is incomplete")
    decoded = [_decoded(path, number, line) for number, line in enumerate(lines[:-1], 1)]
    return _in_order(path, decoded)


def _require_version(path: Path, line: bytes) -> None:
    try:
        kind = msgspec.json.decode(line, type=_Kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise SessionFileError(f"{path} is no session file: its first line does not say so") from None
    if kind.format != FORMAT:
        raise SessionFileError(f"{path} is no session file: its first line does not say so")
    if kind.version != VERSION:
        raise SessionFileError(
            f"{path} is of version {kind.version}, written by Earshot {kind.earshot}; "
            f"this is Earshot {product_version()}, which replays version {VERSION}"
        )


def _decoded(path: Path, number: int, line: bytes) -> Line:
    try:
        decoded: Line = _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SessionFileError(f"{path}: line {number} cannot be read: {error}") from None
    except RecursionError:
        raise SessionFileError(f"{path}: line {number} cannot be read: it is nested too deep") from None
    return decoded


def _in_order(path: Path, lines: list[Line]) -> Recording:
    session, *steps = lines
    over = steps.pop() if steps else session
    if not isinstance(session, Session):
        raise SessionFileError(f"{path}: line 1 is not about the session")
    if not isinstance(over, Over):
        raise SessionFileError(f"{path} is incomplete: its last line does not say how the session ended")
    if not steps or isinstance(steps[0], Told):
        raise SessionFileError(f"{path}: line 2 does not say how turn-taking began")
    taken: list[Step] = []
    for number, step in enumerate(steps, 2):
        if isinstance(step, Session | Over):
            raise SessionFileError(f"{path}: line {number} stands in the wrong place")
        taken.append(step)
    return Recording(session=session, steps=tuple(taken), over=over)
