"""A whole telephone call on this machine: the real SDK, the emulated network, the engines of this machine.

`python -m tests.eval.phone [--say TEXT | --wav FILE] [--agent NAME] [--callee NUMBER]` (`make call`) has somebody call
the agent (dentist), or the agent call somebody. After the greeting they say that; without, a seeded caller books an
appointment. Agents and language model are those that the environment names. Prints the dialogue with the seconds of the
call; exits 0 when the call came to its end and what was said was answered.
"""

import argparse
import asyncio
import os
import sys
import wave
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy
import soxr

from tests.cloud.acs.caller import Caller as Telephone
from tests.cloud.acs.emulator import AcsEmulator
from tests.cloud.acs.identifiers import phone
from tests.cloud.acs.remote_caller import outcome_of
from tests.eval.callers import Caller
from tests.kit.clients.phone_caller import PhoneCaller
from tests.kit.ports import free_port
from tests.kit.serving import EARSHOT, serving
from tests.kit.speech import HIBARI, RATE_HZ, say, say_aside

DENTIST = "dentist"
BOOKING = 0
"""A seed whose caller books an appointment with the dentist."""
NUMBER = "+15550199"
"""The agent's own."""
ROOM_DBFS = -50.0
"""The noise behind the caller."""
SECRET = "secret-of-the-subscription"
AGENTS = Path(__file__).parents[2] / "config" / "agents"
OWN = ("AGENTS_DIRECTORY", "HANDOFF_PHONE_NUMBER", "LANGUAGE_MODEL", "OPENAI_", "PYTHONPATH")
"""What the server is given of the environment in which this runs, by how it begins: whose agents, and what answers."""


def own_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables of somebody's own agents, with their folder as it is found from anywhere."""
    own = {name: value for name, value in environ.items() if name.startswith(OWN) and value}
    if folder := own.get("AGENTS_DIRECTORY"):
        own["AGENTS_DIRECTORY"] = str(Path(folder).absolute())
    return own


@asynccontextmanager
async def answering(**variables: str) -> AsyncIterator[tuple[AcsEmulator, str]]:
    """The emulated network and a server that it calls, with every check on; the server's address."""
    async with AcsEmulator() as acs:
        acs.event_grid.secret = ("x-earshot-event-grid-secret", SECRET)
        port = free_port()
        environ = {
            "PORT": str(port),
            "BASE_URL": f"http://127.0.0.1:{port}",
            "ACS_CONNECTION_STRING": acs.connection_string,
            "ACS_SOURCE_PHONE_NUMBER": NUMBER,
            "ENABLE_AUTH_VALIDATION": "on",
            "ACS_AUDIENCE": acs.audience,
            "ACS_ISSUER": acs.issuer,
            "ACS_JWKS_URL": acs.jwks_url,
            "EVENT_GRID_SECRET": SECRET,
            "DEFAULT_AGENT": DENTIST,
            **variables,
        }
        serve = serving(EARSHOT, **environ)
        server = await asyncio.to_thread(serve.__enter__)
        try:
            yield acs, server.url
        finally:
            await asyncio.to_thread(serve.__exit__, None, None, None)


@asynccontextmanager
async def calling(acs: AcsEmulator, url: str) -> AsyncIterator[PhoneCaller]:
    """Somebody who calls, in a room that is not quite silent."""
    telephone = Telephone(phone("+15550100"), noise_dbfs=ROOM_DBFS)
    await acs.dial(f"{url}/api/v1/calls/answer", caller=telephone)
    async with PhoneCaller.on(telephone, url) as person:
        yield person
        person.hang_up()
        await telephone.ended(20)


class NotPlacedError(Exception):
    """The server does not call that number. The text is one line."""


@asynccontextmanager
async def called(acs: AcsEmulator, url: str, number: str) -> AsyncIterator[PhoneCaller]:
    """Somebody whom the agent calls, and who picks up.

    Raises:
        NotPlacedError: the server refuses to call them.
    """
    async with httpx.AsyncClient(base_url=f"{url}/api/v1", trust_env=False) as rest:
        placed = await rest.post("/calls/initiate", json={"target_number": number})
    if placed.status_code != httpx.codes.OK:
        raise NotPlacedError(f"{number} is not called: {placed.json()['detail']}")
    async with PhoneCaller.on(await acs.callee(number), url) as person:
        yield person


async def converse(person: PhoneCaller, caller: Caller) -> None:
    """From the greeting to the end, as `caller` wants it."""
    line = caller.next_line(await person.reply())
    while line is not None and person.caller.is_connected:
        before = len(person.events)
        await person.say(await say_aside(line, HIBARI))
        line = caller.next_line(await person.reply(before))
    if person.of("session_end"):
        await person.until(lambda: False, 15)


class UnspeakableError(Exception):
    """What is to be said is not there. The text is one line."""


def take_what_is_said(parser: argparse.ArgumentParser) -> None:
    """The options that say what the caller says. An empty one is none: so make hands over what nobody has set."""
    parser.add_argument("--say", default="", help="a sentence, spoken by the voice of this machine")
    parser.add_argument("--wav", default="", help="a WAV file, 16 bit")


def speech_of(text: str, wav: str, otherwise: str = "") -> bytes:
    """What `text` or the file `wav` has the caller say, PCM16LE mono at 16 kHz; empty if neither is named.

    Raises:
        UnspeakableError: both are named, or the file cannot be read.
    """
    if text and wav:
        raise UnspeakableError("SAY and WAV both say what the caller says: name one of them")
    if not wav:
        return say(text or otherwise, HIBARI) if text or otherwise else b""
    try:
        return spoken_in(Path(wav))
    except (OSError, EOFError, wave.Error) as error:
        reason = getattr(error, "strerror", None) or error
        raise UnspeakableError(f"{wav} cannot be said: {reason}") from None


def spoken_in(path: Path) -> bytes:
    """A WAV file (16 bit) as PCM16LE mono at 16 kHz.

    Raises:
        OSError, EOFError, wave.Error: it cannot be read, or is none of that kind.
    """
    with wave.open(str(path)) as audio:
        if audio.getsampwidth() != 2:
            raise wave.Error("only 16 bit can be said")
        samples = numpy.frombuffer(audio.readframes(audio.getnframes()), "<i2")
        mono = samples.reshape(-1, audio.getnchannels()).mean(axis=1).astype(numpy.int16)
        return bytes(soxr.resample(mono, audio.getframerate(), RATE_HZ).astype(numpy.int16).tobytes())


def shown(at_s: float, event: dict[str, Any]) -> None:
    """Print what belongs to the dialogue."""
    payload = event.get("payload") or {}
    match event["type"]:
        case "event" if event["sender"] == "User" and payload.get("event_type") != "stt_partial":
            print(f"{at_s:7.2f}  caller  {payload['message']}", flush=True)
        case "assistant_final":
            cut = " [interrupted]" if event["interrupted"] else ""
            print(f"{at_s:7.2f}  agent   {event['content']}{cut}", flush=True)
        case "tool_end":
            print(f"{at_s:7.2f}  tool    {event['tool']}: {event['status']}", flush=True)
        case "turn_metrics" if event["first_audio_ms"] is not None:
            print(
                f"{at_s:7.2f}          first audio {event['first_audio_ms']:.0f} ms after the end of speech", flush=True
            )
        case "session_end":
            print(f"{at_s:7.2f}  end     {event['reason']}", flush=True)
        case _:
            return


def pacing_line(outcome: Mapping[str, Any]) -> str:
    """How the agent's voice came, in one line."""
    return (
        f"{outcome['heard_s']:.1f} s of audio in {outcome['messages']} messages, "
        f"up to {outcome['lead_ms']:.0f} ms ahead and {outcome['late_ms']:.0f} ms late; "
        f"{outcome['interruptions']} interruptions; {len(outcome['violations'])} violations"
    )


async def call(said: bytes, agent: str, callee: str, own: Mapping[str, str]) -> int:
    """Make one call, in which that is said; 0 if it came to its end and what was said was answered.

    `own` are the variables of whose agents they are.

    Raises:
        NotPlacedError: the server does not call `callee`.
    """
    async with (
        answering(**{**own, "DEFAULT_AGENT": agent}) as (acs, url),
        called(acs, url, callee) if callee else calling(acs, url) as person,
    ):
        person.on_event = shown
        if said:
            await person.reply()
            before = len(person.events)
            await person.say(said)
            await person.reply(before)
        else:
            await converse(person, Caller(BOOKING, datetime.now(UTC).date()))
        person.hang_up()
        await person.caller.ended(20)
    outcome = outcome_of(person.caller)
    print(pacing_line(outcome))
    answered = person.understood() and len(person.of("assistant_final")) > 1
    return 0 if answered and not outcome["violations"] else 1


def main(arguments: Sequence[str] | None = None) -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="make call")
    take_what_is_said(parser)
    parser.add_argument("--agent", default="", help="who speaks with them")
    parser.add_argument("--callee", default="", help="the number that the agent calls, in E.164 format")
    chosen = parser.parse_args(arguments)
    own = own_environment(os.environ)
    folder = Path(own.get("AGENTS_DIRECTORY", AGENTS))
    agents = sorted(file.stem for file in folder.glob("*.y*ml") if "." not in file.stem)
    agent = chosen.agent or DENTIST
    if agent not in agents:
        print(f"there is no agent {agent!r}; there are {', '.join(agents)}", file=sys.stderr)
        return 2
    if not (chosen.wav or chosen.say) and chosen.agent not in ("", DENTIST):
        print(
            f"nobody knows what to say to {chosen.agent}: write it with SAY=, or name a file with WAV=", file=sys.stderr
        )
        return 2
    try:
        said = speech_of(chosen.say, chosen.wav)
        print("Starting a server and an emulated telephone network; it takes some seconds", flush=True)
        return asyncio.run(call(said, agent, chosen.callee, own))
    except (NotPlacedError, UnspeakableError) as error:
        print(error, file=sys.stderr)
        return 2
    except TimeoutError:
        print("what was said was not answered in time", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
