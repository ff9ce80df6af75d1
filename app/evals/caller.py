"""The caller of a conversation that is evaluated: they type, speak, or speak on the telephone."""

import asyncio
from collections.abc import Mapping

import msgspec

from actors.messages.caller import KeyPressed, TextEntered
from actors.session.live_session import LiveSession
from actors.session.plan import Engines
from app.evals.listener import Listener
from app.evals.microphone import Audio, Microphone
from app.evals.telephone_line import TelephoneLine

TAKEN_IN_S = 0.001
"""Seconds that a session is given to handle what was typed or keyed."""
ANSWERS_S = 60.0
"""Seconds for which a caller waits for the agent to answer before they say something else."""


class Heard(msgspec.Struct, frozen=True):
    """What a caller who speaks is heard with, and how."""

    engines: Engines
    audio: Audio
    lines: Mapping[str, bytes] = {}
    """The audio of the caller's lines that are synthesized already, by their text."""


class Caller:
    """Says and keys in what a caller does, by text, or by voice if they are `heard`; by telephone on its `line`."""

    def __init__(
        self, session: LiveSession, listener: Listener, heard: Heard | None, line: TelephoneLine | None = None
    ) -> None:
        self._session = session
        self._listener = listener
        self._line = line
        self._microphone = (
            Microphone(line or session, heard.engines.synthesizer, heard.audio, heard.lines)
            if heard is not None
            else None
        )

    async def says(self, text: str) -> None:
        """Say something; returns when the session has taken it in."""
        if self._microphone is None:
            self._session.deliver(TextEntered(text))
            await asyncio.sleep(TAKEN_IN_S)
            return
        await self._microphone.say(text)
        self._listener.finished_speaking()
        # The agent has the floor once it has found the end of the words.
        await self._listener.until(lambda: not self._listener.is_quiet, ANSWERS_S)

    def presses(self, keys: str) -> None:
        """Press keys of the telephone."""
        for key in keys:
            if self._line is not None:
                self._line.press(key)
            else:
                self._session.deliver(KeyPressed(key))

    async def close(self) -> None:
        """Say nothing more to the agent."""
        if self._microphone is not None:
            await self._microphone.close()
