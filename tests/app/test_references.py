import pytest

from app.references import UnresolvedReference, resolve


def test_a_name_in_a_module_is_found() -> None:
    assert resolve("app.references:resolve") is resolve


@pytest.mark.parametrize(
    ("reference", "line"),
    [
        ("app.references", "'app.references' is not of the form package.module:name"),
        ("app.references:", "'app.references:' is not of the form package.module:name"),
        (":resolve", "':resolve' is not of the form package.module:name"),
        ("nowhere.at_all:make", "nowhere.at_all:make: there is no module nowhere"),
        ("app.references:make", "app.references:make: the module has no make"),
    ],
)
def test_what_is_missing_is_said(reference: str, line: str) -> None:
    with pytest.raises(UnresolvedReference) as missing:
        resolve(reference)
    assert str(missing.value) == line
