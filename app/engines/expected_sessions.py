"""Has the engines of a worker get ready for sessions that are to begin soon, while the telephone rings."""

from actors.ports.expects_sessions import ExpectsSessions
from actors.session.modes.voice_live import VOICE_LIVE
from actors.session.plan import Engines


def expect_session(engines: Engines, session_id: str, mode: str) -> None:
    """Have the speech-to-speech model, if this mode has one, get ready for a session that is to begin soon."""
    model: object = engines.realtime
    if mode == VOICE_LIVE and isinstance(model, ExpectsSessions):
        model.expect(session_id)


def forget_session(engines: Engines, session_id: str) -> None:
    """Have the speech-to-speech model, if there is one, get ready no more for a session that will not begin."""
    model: object = engines.realtime
    if isinstance(model, ExpectsSessions):
        model.forget(session_id)
