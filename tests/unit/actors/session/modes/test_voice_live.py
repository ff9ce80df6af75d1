"""The mode voice_live as a list of children."""

from actors.session.modes.media import MEDIA_MODE
from actors.session.modes.registry import mode_named
from actors.session.modes.voice_live import VOICE_LIVE_MODE


def test_it_has_the_children_of_the_usual_mode_so_that_either_can_go_on_for_the_other() -> None:
    assert mode_named("VOICE_LIVE") is VOICE_LIVE_MODE
    assert VOICE_LIVE_MODE.receives == MEDIA_MODE.receives
    assert VOICE_LIVE_MODE.speaks
