"""Numbers, money, measures and ranges, where hibari's normalizer reads them wrong or not at all. Pure.

Most are only written in the way that it reads well, so that "20 €" becomes "€20".
"""

# ruff: noqa: RUF001 - other dashes, blanks and quotation marks are meant

import re

from app.providers.hibari.dates import FRACTIONS, HALF_OF_DAY, with_dates

_CURRENCIES = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹"}
_OTHER_CURRENCIES = {"CHF": ("Swiss franc", "Swiss francs"), "CAD": ("Canadian dollar", "Canadian dollars"),
                     "AUD": ("Australian dollar", "Australian dollars")}  # fmt: skip
_UNITS = {
    "m": ("meter", "meters"), "m²": ("square meter", "square meters"), "g": ("gram", "grams"),
    "l": ("liter", "liters"), "L": ("liter", "liters"), "h": ("hour", "hours"), "yr": ("year", "years"),
    "yrs": ("year", "years"), "wk": ("week", "weeks"), "wks": ("week", "weeks"), "pcs": ("piece", "pieces"),
}  # fmt: skip
_KITCHEN = {
    "tsp": ("teaspoon", "teaspoons"), "tbsp": ("tablespoon", "tablespoons"), "floz": ("fluid ounce", "fluid ounces"),
    "qt": ("quart", "quarts"), "gal": ("gallon", "gallons"), "doz": ("dozen", "dozen"),
}  # fmt: skip
_PER = {
    "mo": "month", "yr": "year", "wk": "week", "hr": "hour", "h": "hour", "min": "minute", "kg": "kilogram",
    "lb": "pound", "km": "kilometer", "mi": "mile", "l": "liter", "ml": "milliliter",
}  # fmt: skip

_DOLLARS = {
    "US": ("dollar", "dollars"), "C": ("Canadian dollar", "Canadian dollars"),
    "A": ("Australian dollar", "Australian dollars"),
    "NZ": ("New Zealand dollar", "New Zealand dollars"), "HK": ("Hong Kong dollar", "Hong Kong dollars"),
    "S": ("Singapore dollar", "Singapore dollars"), "R": ("real", "reais"),
}  # fmt: skip
_DOLLARS |= {"CA": _DOLLARS["C"], "AU": _DOLLARS["A"], "SG": _DOLLARS["S"]}
_SCALES = {"bn": "billion", "mn": "million", "mln": "million", "mm": "million", "mio": "million", "tn": "trillion"}
_COMPOUNDS = {"min": "minute", "sec": "second", "hr": "hour", "wk": "week", "mo": "month", "yr": "year"}

_HOUR_WORDS, _MINUTE_WORDS, _SECOND_WORDS = ("hour", "hours"), ("minute", "minutes"), ("second", "seconds")

_NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"

_SPACED = re.compile(
    r"(?<![\w.,+-])(?:\d{1,3}(?:[\u00a0\u2009\u202f'’]\d{3})+|[1-9]\d?(?: \d{3}){2,})(?![\w-]|[ ,]\d|\.\d{3})"
)
_POINTED = re.compile(r"(?<![\w.,+-])([1-9]\d{0,2}(?:\.\d{3}){2,})(?![\w.-]|,\d)")
_DECIMAL_COMMA = re.compile(r"(?<![\w.,])([1-9]\d{0,2}(?:\.\d{3})+|\d+),(\d{1,2})(?![\w,]|\.\d)")

_WITHOUT_CENTS = re.compile(r"(?<=\d)[.,][-–](?![\w-])")
_NO_DOLLARS = re.compile(r"(?<![\w.])([$€£])\.(?=\d\d\b)")
_NEGATIVE_MONEY = re.compile(r"(?<![\w\d)])(?:[-−]\s?([$€£])|([$€£])[-−])(?=\d)")
_SCALED_MONEY = re.compile(rf"([$€£]\s?{_NUMBER})\s?(bn|mn|mln|mio|MM|mm|tn)\b\.?(?=\s[a-z]|[\s,;:!?)]|$)")
_SORT_OF_DOLLARS = re.compile(
    rf"(?<!\w)({'|'.join(_DOLLARS)})\$\s?({_NUMBER})(?:\s?(million|billion|thousand|[kKmM]\b))?"
)
_CENTS = re.compile(r"(?<![\w.,$€£])(\d{1,2})c(?!\w)")
_MONEY_BEHIND = re.compile(rf"(?<![\w.,$€£])({_NUMBER})\s?(€|£|\$|USD|EUR|GBP|JPY|INR)(?![\w\d])")
_MONEY_BY_CODE = re.compile(rf"\b(USD|EUR|GBP|JPY|INR)\s?({_NUMBER})")
_OTHER_MONEY = re.compile(rf"\b(CHF|CAD|AUD)\s?({_NUMBER})|(?<![\w.,$€£])({_NUMBER})\s?(CHF|CAD|AUD)\b")
_RANGE_OF_SCALED_MONEY = re.compile(r"(?<=\d[kKmM])\s?[-–]\s?(?=[$€£]\d)")
_OR_MORE = re.compile(rf"(?<![\w.,])([$€£]?)({_NUMBER})\+(?=[\s.,;:!?)]|$)")
_RANGE_OF_DEGREES = re.compile(r"(?<=\d)\s?°\s?[-–]\s?(?=\d+(?:\.\d+)?\s?°)")
_RANGE_OF_MONEY = re.compile(rf"([$€£])({_NUMBER})\s?[-–]\s?\1?({_NUMBER})(?![\w/-])")
_PER_UNIT = re.compile(
    r"(?:(?<=\d)|(?<=\d )|(?<=\d[kKmM])|(?<=\b[mµk]g)|(?<=\bml))\s?/\s?"
    r"(month|year|week|day|hour|minute|night|person|mo|yr|wk|hr|h|min|kg|lb|km|mi|l|ml)\b"
)

_HOUR_OR_NUMBER = rf"\d{{1,4}}(?::\d\d)?{HALF_OF_DAY}?|noon|midnight"
_SUM = re.compile(r"(?<=\d) [-–] (?=\d+\s?=)")
_RANGE = re.compile(rf"(?<![\w.,/+-])({_HOUR_OR_NUMBER})\s?[-–]\s?({_HOUR_OR_NUMBER})(?![\w/-]|[.,:]\d)")
_HOUR = re.compile(r"(?<![\w:.,])(\d{1,2})\s?([AaPp])\.?[Mm]\b(?=(\.)?)")
_RANGE_OF_ORDINALS = re.compile(r"\b(\d{1,2}(?:st|nd|rd|th))\s?[-–]\s?(\d{1,2}(?:st|nd|rd|th))\b")
_MIXED = re.compile(r"(?<![\w./])(\d+)\s?(?:(½|¼|¾)|(?<=\s)([1-9])/(2|3|4|8)(?![\w/]))")
_HALVES = {"½": "a half", "¼": "a quarter", "¾": "three quarters", "1/2": "a half", "1/4": "a quarter"}
_RATIO = re.compile(r"(?<![\w:.,])(\d{1,3}):(\d)(?![\d:])")
_TIMES = re.compile(r"(?<=\d)x(?=\s?(?:/|per|a|daily)\b|/)\s?/?")
_SIZE = re.compile(r"(?<=\d)\s?[x×]\s?(?=\d)")
_FEET = re.compile(r"(?<![\w.])(\d)['’′]\s?(\d{1,2})(?:\"|”|″|'')")
_HOURS_AND_MINUTES = re.compile(r"(?<![\w.:])(\d{1,3})\s?h(?:rs?)?\s?(\d{1,2})\s?m(?:ins?)?(?![\w/])")
_MINUTES_AND_SECONDS = re.compile(r"(?<![\w.:])(\d{1,3})\s?m(?:ins?)?\s?(\d{1,2})\s?s(?:ecs?)?(?![\w/])")
_COMPOUND = re.compile(r"(?<=\d-)(min|sec|hr|wk|mo|yr)\b\.?(?=\s[a-z])")
_RANGE_WITH_UNITS = re.compile(
    r"(?<![\w.,/-])(\d+(?:\.\d+)?)\s?(%|°[CF]?|[a-z]{1,3})\s?[-–]\s?(?=\d+(?:\.\d+)?\s?\2(?!\w))"
)
_ABOUT = re.compile(r"(?<![\w~])[~≈]\s?(?=[$€£]?\d)")
_BOUND = re.compile(r"([≥≤])\s?(?=[$€£]?\d)")
_OVER = re.compile(r"(?<![\w./,])(\d{3})/(\d{2,3})(?![\w/]|[.,]\d)")
_HALF_AND_HALF = re.compile(r"(?<![\w./,-])(20|50)[/-]\1(?![\w/-]|[.,]\d)")
_OUT_OF = re.compile(r"(?<![\w./])(\d\.\d)/(5|10)(?![\w/]|[.,]\d)")
_MULTIPLE = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)x(?=\s[a-z]|[,;:!?)]|\.?\s*$)")
_UNIT = re.compile(rf"(?<![\w.,$€£])({_NUMBER})\s?(m²|m|g|l|L|h|yrs?|wks?|pcs)(?![\w'’/²³-])")
_IN_KITCHEN = re.compile(
    rf"(?<![\w.,$€£])((?:\d+ )?\d/\d|\d* ?[½¼¾]|{_NUMBER})\s?(tsp|tbsp|fl\.? ?oz|qt|gal|doz)s?\b(?!['’/-])"
    r"(?:\.(?=\s+[a-z]))?",
    re.IGNORECASE,
)
_WATTS = re.compile(r"(?<![\w.])(\d+)(W|V)\b(?=( (?!and|at|for|in|is|of|on|or|per|to\b)[a-z]))?")


def with_figures(text: str) -> str:
    """`text` with its figures written in the way that they are read well."""
    text = _in_american(text)
    text = with_dates(text)
    text = _with_money(text)
    return _with_measures(text)


def with_ranges(text: str) -> str:
    """`text` with ranges as such, and halves of the day as letters; what has a dash of its own must be words by now."""
    text = _SUM.sub(" minus ", text)
    text = _RANGE_OF_ORDINALS.sub(r"\1 to \2", text)
    text = _RANGE.sub(r"\1 to \2", text)
    return _HOUR.sub(lambda hour: f"{hour[1]} {hour[2].upper()}.M" + ("" if hour[3] else "."), text)


def _in_american(text: str) -> str:
    """Thousands with commas and decimals with a point."""
    text = _SPACED.sub(lambda number: re.sub(r"\D", ",", number[0]), text)
    text = _POINTED.sub(lambda number: number[1].replace(".", ","), text)
    return _DECIMAL_COMMA.sub(lambda number: f"{number[1].replace('.', ',')}.{number[2]}", text)


def _with_money(text: str) -> str:
    text = _WITHOUT_CENTS.sub("", text)
    text = _NO_DOLLARS.sub(r"\g<1>0.", text)
    text = _NEGATIVE_MONEY.sub(lambda money: f"minus {money[1] or money[2]}", text)
    text = _SCALED_MONEY.sub(lambda money: f"{money[1]} {_SCALES[money[2].lower()]}", text)
    text = _SORT_OF_DOLLARS.sub(_dollars, text)
    text = _CENTS.sub(r"\1¢", text)
    text = _MONEY_BEHIND.sub(lambda money: f"{_CURRENCIES.get(money[2], money[2])}{money[1]}", text)
    text = _MONEY_BY_CODE.sub(lambda money: f"{_CURRENCIES[money[1]]}{money[2]}", text)
    text = _OTHER_MONEY.sub(lambda money: _counted(money[2] or money[3], _OTHER_CURRENCIES[money[1] or money[4]]), text)
    text = _OR_MORE.sub(lambda sum_: f"{sum_[1]}{sum_[2]} {'or more' if sum_[1] else 'plus'}", text)
    text = _RANGE_OF_SCALED_MONEY.sub(" to ", text)
    text = _RANGE_OF_MONEY.sub(r"\2 to \1\3", text)
    return _PER_UNIT.sub(lambda unit: f" per {_PER.get(unit[1], unit[1])}", text)


def _with_measures(text: str) -> str:
    text = _RANGE_OF_DEGREES.sub(" to ", text)
    text = text.replace("24/7/365", "24 7, 365").replace("24/7", "24 7").replace("№", "number")
    text = text.replace(" + ", " plus ")
    text = _ABOUT.sub("about ", text)
    text = _BOUND.sub(lambda bound: "at least " if bound[1] == "≥" else "at most ", text)
    text = _RANGE_WITH_UNITS.sub(r"\1\2 to ", text)
    text = _OVER.sub(r"\1 over \2", _HALF_AND_HALF.sub(r"\1 \1", text))
    text = _OUT_OF.sub(r"\1 out of \2", text)
    text = _HOURS_AND_MINUTES.sub(
        lambda time: f"{_counted(time[1], _HOUR_WORDS)} {_counted(time[2], _MINUTE_WORDS)}", text
    )
    text = _MINUTES_AND_SECONDS.sub(
        lambda time: f"{_counted(time[1], _MINUTE_WORDS)} {_counted(time[2], _SECOND_WORDS)}", text
    )
    text = _COMPOUND.sub(lambda unit: _COMPOUNDS[unit[1]], text)
    text = _IN_KITCHEN.sub(_in_kitchen, text)
    text = _MIXED.sub(_mixed, text)
    text = _RATIO.sub(r"\1 to \2", text)
    text = _TIMES.sub(lambda times: " times per " if times[0].endswith("/") else " times ", text)
    text = _MULTIPLE.sub(r"\1 times", text)
    text = _SIZE.sub(" by ", text)
    text = _FEET.sub(r"\1 foot \2", text)
    text = _WATTS.sub(_power, text)
    return _UNIT.sub(lambda unit: _counted(unit[1], _UNITS[unit[2]]), text)


def _dollars(match: re.Match[str]) -> str:
    """A sum in dollars that are named, or in reais."""
    names, scale = _DOLLARS[match[1]], match[3]
    if scale is None:
        return f"${match[2]}" if match[1] == "US" else _counted(match[2], names)
    scale = {"k": "thousand", "m": "million"}.get(scale.lower(), scale)
    return f"{match[2]} {scale} {names[1]}"


def _power(match: re.Match[str]) -> str:
    """A number of watts or volts in words: singular in front of a noun, as in a 60W lamp."""
    name = "watt" if match[2] == "W" else "volt"
    return f"{match[1]} {name}" if match[3] else _counted(match[1], (name, f"{name}s"))


def _in_kitchen(match: re.Match[str]) -> str:
    """A kitchen measure in words: a part of one is singular, as in half a teaspoon."""
    amount, names = match[1], _KITCHEN[re.sub(r"[ .]", "", match[2]).lower()]
    is_one = amount == "1" or amount in _HALVES or amount in FRACTIONS
    return f"{amount} {names[not is_one]}"


def _mixed(match: re.Match[str]) -> str:
    fraction = match[2] or f"{match[3]}/{match[4]}"
    return f"{match[1]} and {_HALVES.get(fraction, fraction)}"


def _counted(number: str, names: tuple[str, str]) -> str:
    return f"{number} {names[number != '1']}"
