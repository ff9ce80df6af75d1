"""How a group of settings is read from its variables, and what is said about a wrong one."""

from typing import Annotated

import msgspec
import pytest

from config import kinds
from config.errors import SettingsError
from config.secret import Secret
from config.variables import Documented, Variable, documented, read, variables


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """A group as config/groups has them."""

    width_mm: Annotated[int, Variable("DOOR_WIDTH_MM", "How wide it is", kinds.whole(600, 2_000))] = 800
    sides: Annotated[tuple[str, ...], Variable("SIDES", "Where it opens", kinds.each("words", "[a-z]+"))] = (
        "in",
        "out",
    )
    is_open: Annotated[bool, Variable("DOOR_OPEN", "Whether it is open", kinds.switch())] = False
    delay_s: Annotated[float, Variable("DOOR_DELAY_S", "When it closes", kinds.seconds(0, 60))] = 30.0
    code: Annotated[Secret | None, Variable("DOOR_CODE", "What opens it", kinds.hard_to_guess(16))] = None


def test_nothing_set_gives_the_defaults() -> None:
    assert read(Door, {}) == Door()
    assert read(Door, {"DOOR_WIDTH_MM": " ", "SIDES": ""}) == Door()


def test_a_field_is_read_from_the_variable_that_it_names() -> None:
    assert read(Door, {"DOOR_WIDTH_MM": " 900 ", "WIDTH_MM": "700", "SIDES": "in"}) == Door(width_mm=900, sides=("in",))


def test_the_variables_of_a_group_are_known_by_field() -> None:
    names = [(field, variable.name) for field, variable in variables(Door).items()]
    assert names[:2] == [("width_mm", "DOOR_WIDTH_MM"), ("sides", "SIDES")]


def test_a_wrong_value_is_named_with_what_is_allowed() -> None:
    with pytest.raises(SettingsError, match=r"^DOOR_WIDTH_MM is '10'; it must be a whole number from 600 to 2000$"):
        read(Door, {"DOOR_WIDTH_MM": "10"})


def test_a_long_value_of_several_lines_is_still_one_line() -> None:
    with pytest.raises(SettingsError) as wrong:
        read(Door, {"DOOR_WIDTH_MM": "80\n" * 100})
    assert "\n" not in str(wrong.value)
    assert len(str(wrong.value)) < 200


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "hunter2",
            "has a value that cannot be used; it must be at least 16 printable characters without spaces, "
            "hard to guess",
        ),
        ("aaaaaaaaaaaaaaaaaaaa", "is easy to guess; `openssl rand -hex 24` makes one that is not"),
    ],
)
def test_a_wrong_secret_is_not_shown(text: str, line: str) -> None:
    with pytest.raises(SettingsError) as wrong:
        read(Door, {"DOOR_CODE": text})
    assert str(wrong.value) == f"DOOR_CODE {line}"


def test_the_table_gives_defaults_as_one_would_write_them() -> None:
    rows = {row.name: row for row in documented(Door)}
    assert {name: row.default for name, row in rows.items()} == {
        "DOOR_WIDTH_MM": "800", "SIDES": "in,out", "DOOR_OPEN": "off", "DOOR_DELAY_S": "30", "DOOR_CODE": "",
    }  # fmt: skip
    assert rows["DOOR_OPEN"] == Documented(
        name="DOOR_OPEN", default="off", help="Whether it is open", allowed="on or off"
    )
