"""All of the emulated cloud at once, until interrupted: `python -m tests.cloud` (`make emulators`).

Prints the variables with which a server on this machine uses it: the real Azure SDKs, no cloud. With `--write FILE`
they are in that file too, for as long as this runs. Speech is recognised as a count of the utterances, spoken as tones,
and answered with the same sentence. `--only telephone` (`make emulators ONLY=telephone`) is ACS alone: the server keeps
its own engines, and callers are understood. Whoever the server calls picks up and says nothing; somebody calls it with
`make ring`. What is printed behind `#` says how the same server uses the rest: the GA Realtime API in place of Azure
Voice Live, and the network's own transcription, whose socket counts the utterances, too.
"""

import argparse
import asyncio
import contextlib
from collections.abc import Sequence
from pathlib import Path

from tests.cloud.acs.emulator import AcsEmulator
from tests.cloud.chat.emulator import ChatEmulator
from tests.cloud.realtime.emulator import RealtimeEmulator
from tests.cloud.speech.emulator import LatencyEcho, SpeechEmulator

TELEPHONE = "telephone"
SECRET = "secret-of-the-subscription"


def telephone_environment(acs: AcsEmulator) -> dict[str, str]:
    """The variables of a server on port 8000 whose calls come through `acs`."""
    acs.event_grid.secret = ("x-earshot-event-grid-secret", SECRET)
    return {
        "ACS_CONNECTION_STRING": acs.connection_string,
        "ACS_AUDIENCE": acs.audience,
        "ACS_ISSUER": acs.issuer,
        "ACS_JWKS_URL": acs.jwks_url,
        "ACS_SOURCE_PHONE_NUMBER": "+15550199",
        "ENABLE_AUTH_VALIDATION": "on",
        "EVENT_GRID_SECRET": SECRET,
        "BASE_URL": "http://127.0.0.1:8000",
    }


NOTES = (
    "A server with these variables holds conversations in the mode voice_live with Azure Voice Live.",
    "With the GA Realtime API in its place: export REALTIME_MODEL='openai'",
    "Calls that are only transcribed, by the network itself: export ACS_STREAMING_MODE='transcription'",
    "One call or browser alone: streaming_mode of its request, or in its address (media, voice_live, transcription)",
)
"""How to use what is not used by the variables alone."""


def show(environment: dict[str, str], file: Path | None, notes: Sequence[str] = ()) -> None:
    """Print the variables as a shell reads them, and write them into `file`; notes are comments before them."""
    lines = "".join(f"# {note}\n" for note in notes)
    lines += "".join(f"export {name}='{value}'\n" for name, value in environment.items())
    if file is not None:
        file.write_text(lines, "utf-8")
    print(lines, end="", flush=True)


async def serve(only: str, file: Path | None) -> None:
    """Serve, and say where."""
    async with contextlib.AsyncExitStack() as stack:
        environment: dict[str, str] = {}
        if only != TELEPHONE:
            speech = await stack.enter_async_context(SpeechEmulator(recognition=LatencyEcho()))
            chat = await stack.enter_async_context(ChatEmulator())
            realtime = await stack.enter_async_context(RealtimeEmulator())
            environment = {
                "AZURE_SPEECH_ENDPOINT": speech.endpoint,
                "AZURE_SPEECH_KEY": speech.key,
                **chat.environment(),
                **realtime.environment(),
                **realtime.ga_environment(),
                "AZURE_COGNITIVE_SERVICES_ENDPOINT": "http://127.0.0.1:1",
            }
        acs = await stack.enter_async_context(AcsEmulator())
        acs.behaviour.transcribes = True
        show({**environment, **telephone_environment(acs)}, file, NOTES if environment else ())
        if file is not None:
            stack.callback(file.unlink, missing_ok=True)
            print(f"# The emulators run until Ctrl-C. In a second terminal: . ./{file.name} && make run", flush=True)
            print(f"# When that listens, somebody calls it from a third: . ./{file.name} && make ring", flush=True)
        await asyncio.Event().wait()


def main(arguments: Sequence[str] | None = None) -> None:
    """See the module."""
    parser = argparse.ArgumentParser(prog="make emulators")
    parser.add_argument("--only", choices=["", TELEPHONE], default="", help="a part of the cloud; empty: all of it")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the variables into that file too")
    chosen = parser.parse_args(arguments)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(chosen.only, chosen.write))


if __name__ == "__main__":
    main()
