import re

from app.version import product_version


def test_the_version_is_told_installed_or_not() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", product_version())
