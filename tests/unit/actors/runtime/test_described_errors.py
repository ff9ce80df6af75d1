"""What of an exception is logged and shown to operators."""

import pytest

from actors.errors import ErrorKind, ModelError
from actors.runtime.described_errors import MOST_CAUSES, describe, places, traced

SECRET = "my number is 555 0100"


def test_an_error_is_described_without_its_words_except_a_providers() -> None:
    with pytest.raises(ValueError, match="number") as raised:
        raise ValueError(SECRET)
    assert describe(raised.value).startswith("ValueError at test_an_error_is_described")
    assert describe(ValueError(SECRET)) == "ValueError"
    assert describe(ModelError(ErrorKind.TIMEOUT, "no token for 8 s")) == "ModelError: timeout: no token for 8 s"


def test_the_places_that_an_exception_passed_are_named_innermost_first() -> None:
    def inner() -> None:
        raise ValueError(SECRET)

    def outer() -> None:
        inner()

    with pytest.raises(ValueError, match="number") as raised:
        outer()
    names = [place.split(":")[0].rsplit(".", 1)[-1] for place in places(raised.value)]
    assert names == ["inner", "outer", "test_the_places_that_an_exception_passed_are_named_innermost_first"]


def test_a_traceback_names_what_led_to_an_exception_and_where_without_words() -> None:
    def inner() -> None:
        raise KeyError(SECRET)

    def outer() -> None:
        try:
            inner()
        except KeyError as error:
            raise ValueError(SECRET) from error

    with pytest.raises(ValueError, match="number") as raised:
        outer()
    lines = traced(raised.value)
    assert lines.index("KeyError") < lines.index("which led to:") < lines.rindex("ValueError")
    assert "in inner" in lines
    assert "555" not in lines
    raised.value.__cause__ = None
    raised.value.__suppress_context__ = True
    assert "KeyError\n" not in traced(raised.value)


def test_the_systems_own_words_are_kept_without_the_name_of_a_file() -> None:
    assert traced(FileNotFoundError(2, "No such file or directory", "/tmp/Hopkins")) == (
        "FileNotFoundError: No such file or directory"
    )
    assert traced(OSError(SECRET)) == "OSError"


def test_errors_that_cause_each_other_come_to_an_end() -> None:
    one, other = ValueError(SECRET), KeyError(SECRET)
    one.__cause__, other.__cause__ = other, one
    assert traced(one).count("ValueError") == MOST_CAUSES // 2
