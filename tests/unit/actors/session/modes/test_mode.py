"""What a mode says of itself follows from its children."""

from actors.session.modes.media import MEDIA_MODE
from actors.session.modes.mode import SessionMode
from actors.session.modes.transcription import TRANSCRIPTION_MODE


def test_a_mode_speaks_if_one_of_its_children_does() -> None:
    assert MEDIA_MODE.speaks
    assert not TRANSCRIPTION_MODE.speaks
    assert not SessionMode(name="empty", children=()).speaks


def test_it_receives_for_each_child_what_that_child_receives() -> None:
    assert list(MEDIA_MODE.receives) == [spec.name for spec in MEDIA_MODE.children]
    for spec in MEDIA_MODE.children:
        assert MEDIA_MODE.receives[spec.name] == spec.receives
