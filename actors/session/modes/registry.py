"""The modes that there are. A new mode is registered here, in one line."""

from actors.session.modes.media import MEDIA_MODE
from actors.session.modes.mode import SessionMode
from actors.session.modes.transcription import TRANSCRIPTION_MODE
from actors.session.modes.voice_live import VOICE_LIVE_MODE

MODES: dict[str, SessionMode] = {}
"""Every mode, by the name by which clients ask for it."""


def register(mode: SessionMode) -> None:
    """Let sessions be of this mode from now on."""
    MODES[mode.name] = mode


register(MEDIA_MODE)
register(VOICE_LIVE_MODE)
register(TRANSCRIPTION_MODE)


def mode_named(name: str) -> SessionMode:
    """The mode of this name, in whatever case it is written.

    Raises:
        ValueError: there is none; names those that there are.
    """
    mode = MODES.get(name.lower())
    if mode is None:
        raise ValueError(f"one of {', '.join(MODES)}")
    return mode
