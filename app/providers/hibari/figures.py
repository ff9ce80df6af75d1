"""Numbers, dates, times, money, measures and ranges, where hibari's normalizer reads them wrong or not at all. Pure.

Most are only written in the way that it reads well, so that "17:00" becomes "5:00 PM" and "20 €" becomes "€20".
"""

# ruff: noqa: RUF001 - other dashes, blanks and quotation marks are meant

import re

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
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

_NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
_HALF_OF_DAY = r"(?:\s?[AaPp]\.?[Mm]\b\.?)"
_DAY = "(Mon|Tues|Tue|Wed|Thurs|Thur|Thu|Fri|Sat|Sun)(?:day|nesday|sday|rsday|urday)?"
_MONTH = "(Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)"

_SPACED = re.compile(
    r"(?<![\w.,+-])(?:\d{1,3}(?:[\u00a0\u2009\u202f'’]\d{3})+|[1-9]\d?(?: \d{3}){2,})(?![\w-]|[ .,]\d)"
)
_POINTED = re.compile(r"(?<![\w.,+-])([1-9]\d{0,2}(?:\.\d{3}){2,})(?![\w.-]|,\d)")
_DECIMAL_COMMA = re.compile(r"(?<![\w.,])([1-9]\d{0,2}(?:\.\d{3})+|\d+),(\d{1,2})(?![\w,]|\.\d)")

_DATE = re.compile(r"(?<![\w.-])(\d{1,2})([.-])(\d{1,2})\2(\d{4})(?![\w-]|\.\d)")
_DATE_AND_TIME = re.compile(r"\b(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d)?(?:Z\b)?")
_SHORT_DATE = re.compile(r"(?i)(\b(?:on|by|until|since|before)\s)(\d{1,2})/(\d{1,2})(?![\w/]|[.,]\d)")
_TIME = re.compile(rf"(?<![\d:.,])(\d\d):([0-5]\d)(?!:?\d|\s?minutes|{_HALF_OF_DAY})(?:\s?(?:hours|hrs|Uhr)\b)?")
_HOUR_AND_MINUTES = re.compile(
    r"(?<![\w:.,])([01]?\d|2[0-4])(?:\s?h\s?([0-5]\d)(?!\w|\s?min|\s?m\b)|(?:\.([0-5]\d))?\s?Uhr\b)"
)
_HOUR_ALONE = re.compile(r"(?i)(\b(?:at|until|till|from|à|dès|um|ab|bis|gegen)\s)([01]?\d|2[0-4])\s?h\b(?!\s?\d)")
_RANGE_OF_HOURS = re.compile(
    r"(?<![\w:.,])([01]?\d|2[0-4])h([0-5]\d)?\s?(?:[-–]|to|bis|à)\s?([01]?\d|2[0-4])h([0-5]\d)?(?!\w)"
)
_DAY_NAME = re.compile(rf"\b(Tues|Tue|Thurs|Thur|Thu|Fri)\b(?!\.)|\b(Mon|Wed|Sat|Sun)\b(?=,? (?:\d|closed|{_MONTH}\b))")
_MONTH_NAME = re.compile(rf"\b{_MONTH}(?= \d{{4}}\b)")
_RANGE_OF_DAYS = re.compile(rf"\b{_DAY}\.?\s?[-–]\s?{_DAY}\b\.?(?=$|[\s,;:.)])")
_RANGE_OF_MONTHS = re.compile(rf"\b{_MONTH}\.?\s?[-–]\s?{_MONTH}\b\.?(?=$|[\s,;:.)])")

_MONEY_BEHIND = re.compile(rf"(?<![\w.,$€£])({_NUMBER})\s?(€|£|\$|USD|EUR|GBP|JPY|INR)(?![\w\d])")
_MONEY_BY_CODE = re.compile(rf"\b(USD|EUR|GBP|JPY|INR)\s?({_NUMBER})")
_OTHER_MONEY = re.compile(rf"\b(CHF|CAD|AUD)\s?({_NUMBER})|(?<![\w.,$€£])({_NUMBER})\s?(CHF|CAD|AUD)\b")
_RANGE_OF_MONEY = re.compile(rf"([$€£])({_NUMBER})\s?[-–]\s?\1?({_NUMBER})(?![\w/-])")
_PER_UNIT = re.compile(
    r"(?:(?<=\d)|(?<=\d )|(?<=\b[mµk]g)|(?<=\bml))\s?/\s?"
    r"(month|year|week|day|hour|minute|night|person|mo|yr|wk|hr|h|min|kg|lb|km|mi|l|ml)\b"
)

_HOUR_OR_NUMBER = rf"\d{{1,4}}(?::\d\d)?{_HALF_OF_DAY}?|noon|midnight"
_SUM = re.compile(r"(?<=\d) [-–] (?=\d+\s?=)")
_RANGE = re.compile(rf"(?<![\w.,/+-])({_HOUR_OR_NUMBER})\s?[-–]\s?({_HOUR_OR_NUMBER})(?![\w/-]|[.,:]\d)")
_HOUR = re.compile(r"(?<![\w:.,])(\d{1,2})\s?([AaPp])\.?[Mm]\b(?=(\.)?)")
_RANGE_OF_ORDINALS = re.compile(r"\b(\d{1,2}(?:st|nd|rd|th))\s?[-–]\s?(\d{1,2}(?:st|nd|rd|th))\b")
_MIXED = re.compile(r"(?<![\w./])(\d+)\s?(?:(½|¼|¾)|(?<=\s)([1-9])/(2|3|4|8)(?![\w/]))")
_HALVES = {"½": "a half", "¼": "a quarter", "¾": "three quarters", "1/2": "a half", "1/4": "a quarter"}
_FRACTIONS = frozenset(("1/2", "1/3", "2/3", "1/4", "3/4"))
_RATIO = re.compile(r"(?<![\w:.,])(\d{1,3}):(\d)(?![\d:])")
_TIMES = re.compile(r"(?<=\d)x(?=\s?(?:/|per|a|daily)\b|/)\s?/?")
_SIZE = re.compile(r"(?<=\d)\s?[x×]\s?(?=\d)")
_FEET = re.compile(r"(?<![\w.])(\d)['’′]\s?(\d{1,2})(?:\"|”|″|'')")
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
    text = _with_dates(text)
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


def _with_dates(text: str) -> str:
    text = _DATE_AND_TIME.sub(r"\1 at \2", text)
    text = _DATE.sub(_date, text)
    text = _SHORT_DATE.sub(_short_date, text)
    text = _RANGE_OF_HOURS.sub(lambda hour: f"{hour[1]}:{hour[2] or '00'} to {hour[3]}:{hour[4] or '00'}", text)
    text = _HOUR_ALONE.sub(lambda hour: f"{hour[1]}{hour[2]}:00", text)
    text = _HOUR_AND_MINUTES.sub(lambda hour: f"{hour[1]}:{hour[2] or hour[3] or '00'}", text)
    text = _TIME.sub(_time, text)
    text = _RANGE_OF_DAYS.sub(lambda days: f"{_day(days[1])} to {_day(days[2])}", text)
    text = _RANGE_OF_MONTHS.sub(lambda months: f"{_month(months[1])} to {_month(months[2])}", text)
    text = _DAY_NAME.sub(lambda day: _day(day[0]), text)
    return _MONTH_NAME.sub(lambda month: _month(month[0]), text)


def _date(match: re.Match[str]) -> str:
    """A date as ISO 8601: the day is written first, unless the second number can be no month."""
    day, month = int(match[1]), int(match[3])
    if month > 12:
        day, month = month, day
    return f"{match[4]}-{month:02}-{day:02}" if 1 <= month <= 12 and 1 <= day <= 31 else match[0]


def _short_date(match: re.Match[str]) -> str:
    month, day = int(match[2]), int(match[3])
    if f"{month}/{day}" in _FRACTIONS and not match[1].lower().startswith("on"):
        return match[0]
    return f"{match[1]}{_MONTHS[month - 1]} {day}" if 1 <= month <= 12 and 1 <= day <= 31 else match[0]


def _time(match: re.Match[str]) -> str:
    hour, minutes = int(match[1]), match[2]
    if minutes == "00" and hour in (0, 24):
        return "midnight"
    if hour == 0:
        return f"12:{minutes} AM"
    return f"{hour - 12}:{minutes} PM" if 12 < hour < 24 else match[0]


def _day(name: str) -> str:
    return next(day for day in _DAYS if day.startswith(name[:3]))


def _month(name: str) -> str:
    return next(month for month in _MONTHS if month.startswith(name[:3]))


def _with_money(text: str) -> str:
    text = _MONEY_BEHIND.sub(lambda money: f"{_CURRENCIES.get(money[2], money[2])}{money[1]}", text)
    text = _MONEY_BY_CODE.sub(lambda money: f"{_CURRENCIES[money[1]]}{money[2]}", text)
    text = _OTHER_MONEY.sub(lambda money: _counted(money[2] or money[3], _OTHER_CURRENCIES[money[1] or money[4]]), text)
    text = _RANGE_OF_MONEY.sub(r"\2 to \1\3", text)
    return _PER_UNIT.sub(lambda unit: f" per {_PER.get(unit[1], unit[1])}", text)


def _with_measures(text: str) -> str:
    text = text.replace("24/7", "24 7")
    text = _IN_KITCHEN.sub(_in_kitchen, text)
    text = _MIXED.sub(_mixed, text)
    text = _RATIO.sub(r"\1 to \2", text)
    text = _TIMES.sub(lambda times: " times per " if times[0].endswith("/") else " times ", text)
    text = _SIZE.sub(" by ", text)
    text = _FEET.sub(r"\1 foot \2", text)
    text = _WATTS.sub(_power, text)
    return _UNIT.sub(lambda unit: _counted(unit[1], _UNITS[unit[2]]), text)


def _power(match: re.Match[str]) -> str:
    """A number of watts or volts in words: singular in front of a noun, as in a 60W lamp."""
    name = "watt" if match[2] == "W" else "volt"
    return f"{match[1]} {name}" if match[3] else _counted(match[1], (name, f"{name}s"))


def _in_kitchen(match: re.Match[str]) -> str:
    """A kitchen measure in words: a part of one is singular, as in half a teaspoon."""
    amount, names = match[1], _KITCHEN[re.sub(r"[ .]", "", match[2]).lower()]
    is_one = amount == "1" or amount in _HALVES or amount in _FRACTIONS
    return f"{amount} {names[not is_one]}"


def _mixed(match: re.Match[str]) -> str:
    fraction = match[2] or f"{match[3]}/{match[4]}"
    return f"{match[1]} and {_HALVES.get(fraction, fraction)}"


def _counted(number: str, names: tuple[str, str]) -> str:
    return f"{number} {names[number != '1']}"
