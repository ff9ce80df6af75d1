"""Which engine gets ready for a session that is to begin soon."""

from typing import Any, cast
from unittest.mock import Mock

import pytest

from actors.ports.expects_sessions import ExpectsSessions
from actors.session.modes.voice_live import VOICE_LIVE
from app.engines.expected_sessions import expect_session, forget_session


@pytest.mark.parametrize(("mode", "expected"), [(VOICE_LIVE, ["s"]), ("media", [])])
def test_the_speech_to_speech_model_expects_the_sessions_of_its_mode(mode: str, expected: list[str]) -> None:
    model = Mock(spec=ExpectsSessions)
    expect_session(cast(Any, Mock(realtime=model)), "s", mode)
    assert [call.args[0] for call in model.expect.call_args_list] == expected


def test_a_session_that_will_not_begin_is_forgotten_whatever_its_mode() -> None:
    model = Mock(spec=ExpectsSessions)
    forget_session(cast(Any, Mock(realtime=model)), "s")
    model.forget.assert_called_once_with("s")


@pytest.mark.parametrize("model", [None, object()])
def test_a_model_that_expects_no_sessions_is_told_of_none(model: object) -> None:
    engines = cast(Any, Mock(realtime=model))
    expect_session(engines, "s", VOICE_LIVE)
    forget_session(engines, "s")
