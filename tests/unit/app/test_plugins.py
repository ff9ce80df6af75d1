import pytest

from app.plugins import PluginError, resolve


def test_a_name_in_a_module_is_found() -> None:
    assert resolve("app.plugins:resolve") is resolve


@pytest.mark.parametrize(
    ("reference", "line"),
    [
        ("app.plugins", "'app.plugins' is not of the form package.module:name"),
        ("app.plugins:", "'app.plugins:' is not of the form package.module:name"),
        (":resolve", "':resolve' is not of the form package.module:name"),
        ("nowhere.at_all:make", "nowhere.at_all:make: there is no module nowhere"),
        ("app.plugins:make", "app.plugins:make: the module has no make"),
    ],
)
def test_what_is_missing_is_said(reference: str, line: str) -> None:
    with pytest.raises(PluginError) as missing:
        resolve(reference)
    assert str(missing.value) == line
