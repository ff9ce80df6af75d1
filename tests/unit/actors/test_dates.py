"""Dates as people write them, in nine languages."""

from datetime import date

import pytest

from actors.dates import BY_LANGUAGE, day_name, long_date
from app.agents.phrases_by_language import PHRASES


@pytest.mark.parametrize(
    ("language", "day", "written"),
    [
        ("en-US", "Wednesday", "3 June 2026"),
        ("de-DE", "Mittwoch", "3. Juni 2026"),
        ("es-MX", "miércoles", "3 de junio de 2026"),
        ("fr", "mercredi", "3 juin 2026"),
        ("it-IT", "mercoledì", "3 giugno 2026"),
        ("pt-BR", "quarta-feira", "3 de junho de 2026"),
        ("nl-NL", "woensdag", "3 juni 2026"),
        ("zh-CN", "星期三", "2026年6月3日"),
        ("JA-jp", "水曜日", "2026年6月3日"),
        ("fi-FI", "Wednesday", "3 June 2026"),
        ("", "Wednesday", "3 June 2026"),
    ],
)
def test_a_day_in_each_language(language: str, day: str, written: str) -> None:
    assert (day_name(date(2026, 6, 3), language), long_date(date(2026, 6, 3), language)) == (day, written)


def test_the_first_of_a_month_is_an_ordinal_in_french() -> None:
    assert long_date(date(2026, 5, 1), "fr-CA") == "1er mai 2026"
    assert long_date(date(2026, 5, 1), "de-CH") == "1. Mai 2026"


def test_each_language_that_agents_speak_has_all_days_and_months() -> None:
    assert set(BY_LANGUAGE) == {"en", *PHRASES}
    assert all(len(words.days) == 7 and len(words.months) in (0, 12) for words in BY_LANGUAGE.values())
