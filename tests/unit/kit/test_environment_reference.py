"""docs/environment.md is what the settings say."""

import pytest

from tests.kit.environment_reference import PAGE, with_tables


def test_the_page_is_up_to_date() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert with_tables(page) == page, "run make diagrams"


def test_a_table_too_few_is_seen() -> None:
    with pytest.raises(ValueError, match="has 0 tables"):
        with_tables("# Environment\n")
