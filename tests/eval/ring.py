"""Somebody calls a server that is running already, through the emulated network of `make emulators`.

`python -m tests.eval.ring [--say TEXT | --wav FILE] [--to NUMBER]` (`make ring`), with the variables in its environment
that `make emulators` prints and the server has. Event Grid announces the call, the server answers it, and after the
greeting the caller says one thing, hears the answer out and hangs up. Where the server only transcribes, they say it
at once. Prints the dialogue with the seconds of the call; exits 0 when what was said was answered, or understood.
"""

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping, Sequence

import httpx
from websockets.exceptions import WebSocketException

from tests.eval.phone import NUMBER, UnspeakableError, pacing_line, shown, speech_of, take_what_is_said
from tests.kit.clients.ringing_telephone import RingingTelephone
from tests.kit.clients.session_follower import ServerRefusedError, SessionFollower, relay_of

CALLER = "+15550100"
QUESTION = "when are you open on saturday"
PATIENCE_S = 5.0


class CannotRingError(Exception):
    """There is nobody to call, or no network to call through. The text is one line."""


def emulator_of(environ: Mapping[str, str]) -> str:
    """The address of the emulated network that the environment names.

    Raises:
        CannotRingError: it names none on this machine.
    """
    parts = dict(part.partition("=")[::2] for part in environ.get("ACS_CONNECTION_STRING", "").split(";"))
    endpoint = parts.get("endpoint", "").rstrip("/")
    if not endpoint.startswith("http://127.0.0.1:"):
        raise CannotRingError(
            "ACS_CONNECTION_STRING names no emulated network: run `make emulators ONLY=telephone`, then here "
            "and for the server `. ./emulated.env` (or try `make call`, which brings a server of its own)"
        )
    return endpoint


async def check_server(url: str) -> None:
    """See that a server answers there.

    Raises:
        CannotRingError: none does.
    """
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S) as rest:
            answer = await rest.get(f"{url}/api/v1/health/live")
    except httpx.HTTPError as error:
        raise CannotRingError(f"no server answers at {url}: start it with `make run` ({error})") from None
    if answer.status_code != httpx.codes.OK:
        raise CannotRingError(f"what answers at {url} is no server of ours: {answer.status_code}")


async def ring(environ: Mapping[str, str], emulator: str, said: bytes, to: str) -> int:
    """Make one call, in which that is said; 0 if it was answered.

    Raises:
        CannotRingError: there was no call.
    """
    url = environ.get("BASE_URL", "http://127.0.0.1:8000").rstrip("/")
    await check_server(url)
    try:
        async with RingingTelephone.ring(emulator, f"{url}/api/v1/calls/answer", CALLER, to) as telephone:
            print(f"{CALLER} calls {to}, and Event Grid tells {url}", flush=True)
            if not await telephone.answered():
                raise CannotRingError(f"the call was not answered: {why_not(telephone)}")
            print(f"{0:7.2f}  answered", flush=True)
            is_answered = await conversation(telephone, url, said, environ.get("OPERATOR_TOKEN", ""))
            outcome = await telephone.hang_up()
    except TimeoutError:  # is an OSError
        raise
    except (OSError, WebSocketException) as error:
        raise CannotRingError(
            f"the emulated network at {emulator} (`make emulators`) or the server at {url} does not answer: {error}"
        ) from None
    print(f"{telephone.now_s:7.2f}  over    {outcome['reason']}")
    print(pacing_line(outcome))
    return 0 if is_answered and not outcome["violations"] else 1


def why_not(telephone: RingingTelephone) -> str:
    """Why a call was over before it began."""
    outcome = telephone.outcome or {}
    refused = [str(status) for status in outcome.get("announcement", []) if status != httpx.codes.OK]
    if refused:
        return f"the server answered its announcement with {', '.join(refused)}; has it the variables of the emulators?"
    return str(outcome.get("reason", "the emulated network closed the line"))


async def only_listens(url: str, session_id: str, operator_token: str) -> bool:
    """Whether nobody answers in this session: it is transcribed, and nothing else."""
    headers = {"Authorization": f"Bearer {operator_token}"} if operator_token else {}
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE_S, headers=headers) as rest:
        answer = await rest.get(f"{url}/api/v1/sessions/{session_id}")
    return answer.status_code == httpx.codes.OK and answer.json().get("mode") == "transcription"


async def conversation(telephone: RingingTelephone, url: str, said: bytes, operator_token: str) -> bool:
    """Greeting, question, answer; whether the question was understood and answered, if anybody answers."""
    async with relay_of(url, telephone.call_id, operator_token) as (relay, session_id):
        session = SessionFollower(relay, session_id, lambda: telephone.is_connected, lambda: telephone.now_s)
        session.on_event = shown
        try:
            if await only_listens(url, session_id, operator_token):
                await telephone.say(said)
                await session.until(lambda: bool(session.understood()))
                return bool(session.understood())
            await session.reply()
            before = len(session.events)
            await telephone.say(said)
            await session.reply(before)
        finally:
            session.stop()
        return bool(session.understood(before)) and bool(session.of("assistant_final", before))


def main(arguments: Sequence[str] | None = None) -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="make ring")
    take_what_is_said(parser)
    parser.add_argument("--to", default="", help="the number that is called")
    chosen = parser.parse_args(arguments)
    try:
        emulator = emulator_of(os.environ)
        said = speech_of(chosen.say, chosen.wav, QUESTION)
        return asyncio.run(ring(os.environ, emulator, said, chosen.to or NUMBER))
    except (CannotRingError, ServerRefusedError, UnspeakableError) as error:
        print(error, file=sys.stderr)
        return 2
    except TimeoutError:
        print("what was said was not answered in time", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
