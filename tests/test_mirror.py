"""Each module of the product has a test module of its name and place."""

from pathlib import PurePosixPath

import pytest

from tests.kit.mirror import has_code, is_test_of, untested_modules


def test_each_module_has_a_test_of_its_name() -> None:
    assert untested_modules() == [], "write a test module of their names"


@pytest.mark.parametrize(
    ("source", "asked_for"),
    [
        ('"""Words."""\nPHRASES = ("a", "b")', False),
        ('class Port(Protocol):\n    def push(self, pcm: bytes) -> None:\n        """Take audio."""', False),
        ("class Port(Protocol):\n    async def push(self) -> None: ...", False),
        ("def double(n):\n    return 2 * n", True),
        ("class A:\n    async def run(self):\n        await other()", True),
    ],
)
def test_only_what_does_something_is_asked_for_a_test(source: str, asked_for: bool) -> None:
    assert has_code(source) is asked_for


@pytest.mark.parametrize(
    ("test", "module", "is_its_test"),
    [
        ("tests/unit/actors/rules/test_audio.py", "actors/rules/audio.py", True),
        ("tests/unit/protocol/test_acs_media.py", "protocol/acs/media.py", True),
        ("tests/service/telephony/test_media_socket.py", "app/telephony/acs/media_socket.py", True),
        ("tests/service/actors/runtime/test_clock.py", "actors/runtime/clock.py", True),
        ("tests/service/commands/test_check.py", "app/commands/check.py", True),
        ("tests/service/test_plugins.py", "app/plugins.py", True),
        ("tests/service/test_check.py", "app/dialogue/check.py", False),
        ("tests/service/providers/azure/test_recognizer.py", "app/providers/failover/recognizer.py", False),
        ("tests/service/providers/azure/test_recognizer.py", "actors/session/recognition/recognizer.py", False),
        ("tests/unit/app/telephony/media/test_dtmf.py", "protocol/acs/dtmf.py", False),
        ("tests/test_errors.py", "actors/errors.py", False),
        ("tests/kit/unit/test_audio.py", "actors/rules/audio.py", False),
    ],
)
def test_a_test_of_another_place_is_none_of_a_module(test: str, module: str, is_its_test: bool) -> None:
    assert is_test_of(PurePosixPath(test), PurePosixPath(module)) is is_its_test
