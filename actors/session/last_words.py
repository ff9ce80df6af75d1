"""The kept apology, played on a session's connection without any of the session's actors: for when those have failed.

A telephone shows no text, so a session that cannot be mended has to be heard to end.
"""

from collections.abc import Callable

from actors.conversation import PositionPrecision, UtteranceKind
from actors.messages.output import AudioDiscarded, ReplyHeard, ReplyText
from actors.messages.playback import StopReason
from actors.ports.tts import SpokenPhrase
from actors.rules.playback.frames import Drained
from actors.rules.playback.playout import Playout
from actors.runtime.play_clock import Seat
from actors.session.connection import SessionConnection
from actors.session.live_session import LiveSession
from actors.session.plan import Engines, SessionPlan

LAST_WORDS_S = 20.0
"""The most seconds for which the end of the session waits until the last words were heard."""


def kept_apology(plan: SessionPlan, connection: SessionConnection) -> SpokenPhrase | None:
    """The apology as sound at the rate of the session's connection; None if there is none, or nobody to hear it."""
    if connection.output is None or connection.attached is None:
        return None
    phrase = plan.kept(connection.attached.rate_hz).get(plan.agent.phrases.apology)
    return phrase if phrase is not None and phrase.pcm else None


class LastWords:
    """Plays the apology once and then calls `on_heard`, unless it is stopped. Belongs to the loop's thread.

    Args:
        phrase: the apology as sound, as `kept_apology` gives it.
    """

    def __init__(
        self,
        phrase: SpokenPhrase,
        *,
        session: LiveSession,
        engines: Engines,
        on_heard: Callable[[], None],
    ) -> None:
        attached, turn = session.connection.attached, session.checkpoint.turn
        assert attached is not None
        self._connection = session.connection
        self._text = session.plan.agent.phrases.apology
        self._on_heard = on_heard
        self._turn = turn.turn_number if turn is not None else 0
        reply = 1 + max([turn.last_reply if turn is not None else 0, *session.checkpoint.pending_replies])
        self._playout = Playout(attached.rate_hz, attached.lead, attached.frame_ms)
        self._playout.begin(reply, UtteranceKind.APOLOGY, self._turn)
        self._playout.add_audio(reply, phrase.pcm)
        self._playout.end(reply)
        if session.connection.is_holding:
            # Nobody is left who would have the client go on: it plays what it is sent once it has thrown away the rest.
            session.connection.is_holding = False
            session.connection.show(AudioDiscarded(self._turn, StopReason.SUPERSEDED))
        session.connection.show(ReplyText(self._turn, UtteranceKind.APOLOGY, self._text))
        # What was sent before is heard first; sent sooner, this would run further ahead than the connection's lead.
        self._seat: Seat = engines.play_clock.join(self._tick, engines.clock.now() * 1000 + attached.lead.lead_ms)

    def stop(self) -> None:
        """Play no more and call nobody; harmless when it is over."""
        self._seat.leave()

    def _tick(self, at_ms: float) -> None:
        for event in self._playout.tick(at_ms):
            if isinstance(event, Drained):
                self._seat.leave()
                self._connection.show(
                    ReplyHeard(
                        turn=self._turn,
                        kind=UtteranceKind.APOLOGY,
                        text=self._text,
                        precision=PositionPrecision.ESTIMATED,
                        interrupted=False,
                    )
                )
                self._on_heard()
            else:
                self._connection.show(event)
