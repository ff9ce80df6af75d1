"""Dates as they are written in the languages in which agents speak their own phrases. Pure.

As the Unicode CLDR has them. A library that knows all languages (babel) would add 36 MB to every installation, for two
variables of an agent.
"""

from collections.abc import Mapping
from datetime import date

import msgspec


class DateWords(msgspec.Struct, frozen=True, kw_only=True):
    """How one language writes a date."""

    days: tuple[str, ...]
    """The names of the days of the week, Monday first."""
    months: tuple[str, ...] = ()
    pattern: str
    """How a date is written: a format string with the fields `day` (of the week), `month` (its name), `number` (the day
    of the month) and `year`."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ENGLISH = DateWords(
    days=_words("Monday Tuesday Wednesday Thursday Friday Saturday Sunday"),
    months=_words("January February March April May June July August September October November December"),
    pattern="{day} {month} {year}",
)
BY_LANGUAGE: Mapping[str, DateWords] = {
    "en": ENGLISH,
    "de": DateWords(
        days=_words("Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag"),
        months=_words("Januar Februar März April Mai Juni Juli August September Oktober November Dezember"),
        pattern="{day}. {month} {year}",
    ),
    "es": DateWords(
        days=_words("lunes martes miércoles jueves viernes sábado domingo"),
        months=_words("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre"),
        pattern="{day} de {month} de {year}",
    ),
    "fr": DateWords(
        days=_words("lundi mardi mercredi jeudi vendredi samedi dimanche"),
        months=_words("janvier février mars avril mai juin juillet août septembre octobre novembre décembre"),
        pattern="{day} {month} {year}",
    ),
    "it": DateWords(
        days=_words("lunedì martedì mercoledì giovedì venerdì sabato domenica"),
        months=_words("gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre"),
        pattern="{day} {month} {year}",
    ),
    "pt": DateWords(
        days=_words("segunda-feira terça-feira quarta-feira quinta-feira sexta-feira sábado domingo"),
        months=_words("janeiro fevereiro março abril maio junho julho agosto setembro outubro novembro dezembro"),
        pattern="{day} de {month} de {year}",
    ),
    "nl": DateWords(
        days=_words("maandag dinsdag woensdag donderdag vrijdag zaterdag zondag"),
        months=_words("januari februari maart april mei juni juli augustus september oktober november december"),
        pattern="{day} {month} {year}",
    ),
    "zh": DateWords(
        days=_words("星期一 星期二 星期三 星期四 星期五 星期六 星期日"), pattern="{year}年{number}月{day}日"
    ),
    "ja": DateWords(
        days=_words("月曜日 火曜日 水曜日 木曜日 金曜日 土曜日 日曜日"), pattern="{year}年{number}月{day}日"
    ),
}
"""The words for dates, by primary language subtag (BCP 47)."""


def day_name(day: date, language: str) -> str:
    """The day of the week of `day` in `language`, a tag such as `de-DE`; English where that is not known."""
    return _words_of(language).days[day.weekday()]


def long_date(day: date, language: str) -> str:
    """`day` with the name of its month, if months have names, in `language`; English where that is not known."""
    words = _words_of(language)
    month = words.months[day.month - 1] if words.months else ""
    day_of_month = "1er" if words is BY_LANGUAGE["fr"] and day.day == 1 else str(day.day)
    return words.pattern.format(day=day_of_month, month=month, number=day.month, year=day.year)


def _words_of(language: str) -> DateWords:
    return BY_LANGUAGE.get(language.partition("-")[0].lower(), ENGLISH)
