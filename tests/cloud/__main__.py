"""All of the emulated cloud at once, until interrupted: `python -m tests.cloud` (`make emulators`).

Prints the variables with which a server on this machine uses it: the real Azure SDKs, no cloud. Speech is recognised as
a count of the utterances, spoken as tones, and answered with the same sentence. Whoever the server calls picks up and
says nothing; nobody calls by themselves, but in tests and in `make call`. Calls in the mode `transcription` get a
transcription socket, on which tests say what was understood.
"""

import asyncio
import contextlib

from tests.cloud.acs.emulator import AcsEmulator
from tests.cloud.chat.emulator import ChatEmulator
from tests.cloud.realtime.emulator import RealtimeEmulator
from tests.cloud.speech.emulator import LatencyEcho, SpeechEmulator


async def main() -> None:
    """Serve, and say where."""
    async with (
        AcsEmulator() as acs,
        SpeechEmulator(recognition=LatencyEcho()) as speech,
        ChatEmulator() as chat,
        RealtimeEmulator() as realtime,
    ):
        environment = {
            "AZURE_SPEECH_ENDPOINT": speech.endpoint,
            "AZURE_SPEECH_KEY": speech.key,
            **chat.environment(),
            **realtime.environment(),
            "ACS_CONNECTION_STRING": acs.connection_string,
            "AZURE_COGNITIVE_SERVICES_ENDPOINT": "http://127.0.0.1:1",
            "ACS_AUDIENCE": acs.audience,
            "ACS_ISSUER": acs.issuer,
            "ACS_JWKS_URL": acs.jwks_url,
            "ACS_SOURCE_PHONE_NUMBER": "+15550199",
            "ENABLE_AUTH_VALIDATION": "on",
            "EVENT_GRID_SECRET": "secret-of-the-subscription",
            "BASE_URL": "http://127.0.0.1:8000",
        }
        for name, value in environment.items():
            print(f"export {name}='{value}'", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main())
