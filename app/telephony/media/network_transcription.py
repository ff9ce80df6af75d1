"""Which calls the telephone network transcribes by itself, in place of streaming their audio to our recognizer."""

from actors.session.modes.transcription import TRANSCRIPTION
from app.telephony.call import Call, Direction
from config.settings import Settings


def transcribed_in(call: Call, settings: Settings, *, is_available: bool) -> str:
    """The language in which the network transcribes `call`, such as "de-DE"; empty if its audio is streamed instead.

    Args:
        call: only one that is transcribed and nothing else; a caller who has to give an access code must be heard.
        settings: RECOGNIZED_LANGUAGE goes before the languages of the agent, of which the first one is taken.
        is_available: whether the network is configured to transcribe.
    """
    asks_for_code = call.direction is Direction.INBOUND and settings.telephony.access_code is not None
    if call.mode != TRANSCRIPTION or not is_available or asks_for_code:
        return ""
    return (settings.agents.recognized_language or call.agent.languages)[0]
