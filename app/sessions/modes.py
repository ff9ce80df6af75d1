"""The modes that sessions of this worker can have: those whose engines are configured."""

from actors.session.modes.registry import MODES, mode_named
from actors.session.modes.voice_live import VOICE_LIVE

NEEDS_MODEL = "voice_live needs AZURE_VOICE_LIVE_ENDPOINT, AZURE_OPENAI_REALTIME_DEPLOYMENT_ID or OPENAI_REALTIME_MODEL"
"""The reason why a mode cannot be used; short, since the reason in a WebSocket's close frame is limited."""


class Modes:
    """Knows which modes sessions can have. `default` is the mode of a session that asks for none.

    Args:
        default: the name of a mode, in whatever case it is written.
        speech_to_speech: there is a model for that.
    """

    def __init__(self, default: str, *, speech_to_speech: bool) -> None:
        self.default = default
        self._speech_to_speech = speech_to_speech

    @property
    def usable(self) -> tuple[str, ...]:
        """The names of the modes whose engines are configured."""
        return tuple(name for name in MODES if self._speech_to_speech or name != VOICE_LIVE)

    def usable_mode(self, name: str) -> str:
        """The mode of this name, in whatever case it is written; the default one for an empty name.

        Raises:
            ValueError: there is no such mode, or what it needs is not configured; says what is.
        """
        mode = mode_named(name or self.default).name
        if mode == VOICE_LIVE and not self._speech_to_speech:
            raise ValueError(NEEDS_MODEL)
        return mode
