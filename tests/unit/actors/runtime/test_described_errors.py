"""What of an exception is logged and shown to operators."""

import pytest

from actors.errors import ErrorKind, ModelError
from actors.runtime.described_errors import describe, places

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
