"""Dates, days, months and times of day, where hibari's normalizer reads them wrong or not at all. Pure.

Most are only written in the way that it reads well, so that "17:00" becomes "5:00 PM".
"""

# ruff: noqa: RUF001 - other dashes and apostrophes are meant

import re

HALF_OF_DAY = r"(?:\s?[AaPp]\.?[Mm]\b\.?)"
FRACTIONS = frozenset(("1/2", "1/3", "2/3", "1/4", "3/4"))

_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_DAY = "(Mon|Tues|Tue|Wed|Thurs|Thur|Thu|Fri|Sat|Sun)(?:day|nesday|sday|rsday|urday)?"
_SHORTEST_DAYS = "(Mo|Tu|We|Th|Fr|Sa|Su)"
_MONTH = "(Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)"
_ANY_MONTH = f"({'|'.join(_MONTHS)}|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)"
_ORDINAL = "(?:st|nd|rd|th)"
_HOUR = r"(?:[01]?\d|2[0-4])"
_LARGEST_FRACTION = 10
_FIRST_YEAR_OF_1900S = 31
"""Years of two digits from here on are those of the last century, as hibari has it."""

_DATE = re.compile(r"(?<![\w.-])(\d{1,2})([.-])(\d{1,2})\2(\d{4})(?![\w-]|\.\d)")
_YEAR_FIRST = re.compile(r"(?<![\w./-])((?:19|20)\d\d)/(\d{1,2})/(\d{1,2})(?![\w/]|[.,]\d)")
_DAY_MONTH_YEAR = re.compile(rf"(?<![\w-])(\d{{1,2}})-{_ANY_MONTH}-(\d{{4}}|\d\d)(?![\w-])", re.IGNORECASE)
_MONTH_OF_YEAR = re.compile(r"(?<![\w./-])(0?[1-9]|1[0-2])/((?:19|20)\d\d)(?![\w/]|[.,]\d)")
_EXPIRY = re.compile(r"(?i)(\bexp(?:iry|iration)?\.?(?:\sdate)?(?:\sis)?:?\s)(0[1-9]|1[0-2])/(\d\d)(?![\w/])")
_SHORT_YEAR = re.compile(rf"\b{_ANY_MONTH}\.? ['’](\d\d)(?!\w)")
_DATE_AND_TIME = re.compile(r"\b(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d)?(?:Z\b)?")
_SHORT_DATE = re.compile(r"(?i)(\b(?:on|by|until|since|before)\s)(\d{1,2})/(\d{1,2})(?![\w/]|[.,]\d)")
_RANGE_OF_DATES = re.compile(
    rf"(\b{_ANY_MONTH}\.? \d{{1,2}}{_ORDINAL}?(?:, \d{{4}})?)\s?[-–]\s?(?={_ANY_MONTH}\b)"
    r"|((?<![\w/])\d{1,2}/\d{1,2}(?:/\d{2,4})?)\s?[-–]\s?(?=\d{1,2}/\d)"
)
_DAYS_OF_MONTH = re.compile(
    rf"\b({_ANY_MONTH}\.? \d{{1,2}}){_ORDINAL}?\s?[-–]\s?(\d{{1,2}}){_ORDINAL}?(?![\w:/]|\.\d|{HALF_OF_DAY})"
)
_DAYS_AND_MONTH = re.compile(
    rf"(?<![\w.,:/-])(?:the )?(\d{{1,2}}){_ORDINAL}?\s?[-–]\s?(\d{{1,2}}){_ORDINAL}? (?:of )?{_ANY_MONTH}\b"
)

_DATE_AT_END = re.compile(r"(?<![\w./])(\d{1,2})/(\d{1,2})(?=\.(?:\s|$))")
_SHORT_HALF = re.compile(r"(?<![\w:.,])(\d{1,2}:[0-5]\d)\s?([AaPp])(?![\w.])")
_POINTED_TIME = re.compile(rf"(?<![\w:.,$€£])(\d{{1,2}})\.([0-5]\d)(?={HALF_OF_DAY})")
_RANGE_OF_POINTED_TIMES = re.compile(
    rf"(?<![\w:.,$€£])({_HOUR})\.([0-5][05])\s?[-–]\s?({_HOUR})\.([0-5][05])"
    r"(?=$|[.,;:!?)]*(?:\s(?:and|daily|every|on|or|weekdays)\b|\s*$|[,;!?)]))"
)
_RANGE_OF_DIGITS = re.compile(
    rf"(?<![\w.,:$€£-])(0\d)([0-5]\d)\s?(?:[-–]|to|until)\s?({_HOUR})([0-5]\d)(?![\w-]|[.,]\d)"
)
_TIME_IN_DIGITS = re.compile(r"(?i)(\b(?:at|until|till|before|after)\s)(0\d)([0-5]\d)(?![\w:-]|[.,]\d)")
_AFTER_MIDNIGHT = re.compile(r"(?i)(\b(?:after|around|at|before|by|from|since|till|to|um|until)\s)0:(?=[0-5]\d\b)")
_TIME = re.compile(rf"(?<![\d:.,])(\d\d):([0-5]\d)(?!:?\d|\s?minutes|{HALF_OF_DAY})(?:\s?(?:hours|hrs|h|Uhr)\b)?")
_HOUR_AND_MINUTES = re.compile(
    rf"(?<![\w:.,])({_HOUR})(?:\s?h\s?([0-5]\d)(?!\w|\s?min|\s?m\b)|(?:\.([0-5]\d))?\s?Uhr\b)"
)
_HOUR_ALONE = re.compile(r"(?i)(\b(?:at|until|till|from|à|dès|um|ab|bis|gegen)\s)([01]?\d|2[0-4])\s?h\b(?!\s?\d)")
_RANGE_OF_HOURS = re.compile(rf"(?<![\w:.,])({_HOUR})h([0-5]\d)?\s?(?:[-–]|to|bis|à)\s?({_HOUR})h([0-5]\d)?(?!\w)")
_ZONE = re.compile(r"\b(UTC|GMT)\s?([+−-])\s?(?=\d)")

_BETWEEN_DAYS = r"(?:,? (?:and|or|&|to|through|thru) |, | ?[/&] ?)"
_DAY_NAME = re.compile(
    r"\b(?:Tues|Tue|Thurs|Thur|Thu|Fri)\b(?!\.)"
    rf"|\b(?:Mon|Wed|Sat|Sun)\b(?=,? (?:\d|closed|open\b|at \d|from \d|morning|afternoon|evening|{_MONTH}\b)|: |,\s*$"
    rf"|{_BETWEEN_DAYS}{_DAY}\b)"
)
_LAST_DAY = re.compile(rf"((?i:\b(?:every|last|next|on|this)) |\b{_DAY}{_BETWEEN_DAYS})(Mon|Wed|Sat|Sun)\b(?!\.)")
_MONTH_NAME = re.compile(
    rf"\b{_MONTH}(?= \d{{4}}\b)|\b(Feb|Apr|Aug|Sept?|Oct|Nov|Dec)\b(?!\.|\s\d)"
    r"|(?<=\b(?:in|by) )(Jan|Mar|Jun|Jul)\b(?!\.|\s\d)|(?<=\b(?:next|last) )(Jan|Mar|Jun|Jul)\b(?!\.|\s\d)"
)
_RANGE_OF_DAYS = re.compile(rf"\b{_DAY}\.?\s?[-–]\s?{_DAY}\b\.?(?=$|[\s,;:.)])")
_RANGE_OF_SHORTEST_DAYS = re.compile(rf"\b{_SHORTEST_DAYS}\.?\s?[-–]\s?{_SHORTEST_DAYS}\b\.?(?=:?\s)")
_WORKING_DAYS = re.compile(r"\bM\s?[-–]\s?F\b(?=[:,]?\s\d)|(?:(?<=[ap]m )|(?<=AM )|(?<=PM )|(?<=\d ))M\s?[-–]\s?F\b")
_RANGE_OF_MONTHS = re.compile(rf"\b{_MONTH}\.?\s?[-–]\s?{_MONTH}\b\.?(?=$|[\s,;:.)])")


def with_dates(text: str) -> str:
    """`text` with dates and times of day written in the way that they are read well."""
    text = _with_dates(text)
    text = _with_times(text)
    return _with_names(text)


def _with_dates(text: str) -> str:
    text = _DATE_AND_TIME.sub(r"\1 at \2", text)
    text = _DATE.sub(_date, text)
    text = _YEAR_FIRST.sub(lambda date: _iso(int(date[1]), int(date[2]), int(date[3])) or date[0], text)
    text = _DAY_MONTH_YEAR.sub(lambda date: f"{date[1]} {_month(date[2])} {_year(date[3])}", text)
    text = _EXPIRY.sub(lambda date: f"{date[1]}{_MONTHS[int(date[2]) - 1]} {_year(date[3])}", text)
    text = _MONTH_OF_YEAR.sub(lambda date: f"{_MONTHS[int(date[1]) - 1]} {date[2]}", text)
    text = _SHORT_YEAR.sub(lambda date: f"{_month(date[1])} {_year(date[2])}", text)
    text = _RANGE_OF_DATES.sub(lambda dates: f"{dates[1] or dates[4]} to ", text)
    text = _DAYS_OF_MONTH.sub(lambda days: f"{days[1]} to {_ordinal(days[3])}", text)
    text = _DAYS_AND_MONTH.sub(
        lambda days: f"the {_ordinal(days[1])} to the {_ordinal(days[2])} of {_month(days[3])}", text
    )
    text = _SHORT_DATE.sub(_short_date, text)
    return _DATE_AT_END.sub(_date_at_end, text)


def _with_times(text: str) -> str:
    text = _SHORT_HALF.sub(lambda time: f"{time[1]} {time[2].upper()}M", text)
    text = _POINTED_TIME.sub(r"\1:\2", text)
    text = _RANGE_OF_POINTED_TIMES.sub(lambda time: f"{time[1]:0>2}:{time[2]} to {time[3]:0>2}:{time[4]}", text)
    text = _RANGE_OF_DIGITS.sub(lambda time: f"{time[1]}:{time[2]} to {time[3]:0>2}:{time[4]}", text)
    text = _TIME_IN_DIGITS.sub(r"\1\2:\3", text)
    text = _AFTER_MIDNIGHT.sub(r"\g<1>00:", text)
    text = _RANGE_OF_HOURS.sub(lambda hour: f"{hour[1]}:{hour[2] or '00'} to {hour[3]}:{hour[4] or '00'}", text)
    text = _HOUR_ALONE.sub(lambda hour: f"{hour[1]}{hour[2]}:00", text)
    text = _HOUR_AND_MINUTES.sub(lambda hour: f"{hour[1]}:{hour[2] or hour[3] or '00'}", text)
    text = _TIME.sub(_time, text)
    return _ZONE.sub(lambda zone: f"{zone[1]} {'plus' if zone[2] == '+' else 'minus'} ", text)


def _with_names(text: str) -> str:
    text = _WORKING_DAYS.sub("Monday to Friday", text)
    text = _RANGE_OF_DAYS.sub(lambda days: f"{_day(days[1])} to {_day(days[2])}", text)
    text = _RANGE_OF_SHORTEST_DAYS.sub(lambda days: f"{_day(days[1])} to {_day(days[2])}", text)
    text = _RANGE_OF_MONTHS.sub(lambda months: f"{_month(months[1])} to {_month(months[2])}", text)
    text = _DAY_NAME.sub(lambda day: _day(day[0]), text)
    text = _LAST_DAY.sub(lambda day: day[1] + _day(day[3]), text)
    return _MONTH_NAME.sub(lambda month: _month(month[0]), text)


def _date(match: re.Match[str]) -> str:
    """A date as ISO 8601: the day is written first, unless the second number can be no month."""
    day, month = int(match[1]), int(match[3])
    if month > 12:
        day, month = month, day
    return _iso(int(match[4]), month, day) or match[0]


def _iso(year: int, month: int, day: int) -> str:
    """A date as ISO 8601, or an empty text if there is none."""
    return f"{year}-{month:02}-{day:02}" if 1 <= month <= 12 and 1 <= day <= 31 else ""


def _year(digits: str) -> str:
    if len(digits) == 4:
        return digits
    return f"{'19' if int(digits) >= _FIRST_YEAR_OF_1900S else '20'}{digits}"


def _ordinal(digits: str) -> str:
    """A day of a month with its ending: 1st, 22nd, 13th."""
    day = int(digits)
    return f"{day}th" if 11 <= day <= 13 else f"{day}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th') }"


def _short_date(match: re.Match[str]) -> str:
    month, day = int(match[2]), int(match[3])
    if f"{month}/{day}" in FRACTIONS and not match[1].lower().startswith("on"):
        return match[0]
    return f"{match[1]}{_MONTHS[month - 1]} {day}" if 1 <= month <= 12 and 1 <= day <= 31 else match[0]


def _date_at_end(match: re.Match[str]) -> str:
    """A date in front of a full stop; what may be a fraction, as 2/3, stays."""
    month, day = int(match[1]), int(match[2])
    is_fraction = month < day <= _LARGEST_FRACTION
    return f"{_MONTHS[month - 1]} {day}" if 1 <= month <= 12 and 1 <= day <= 31 and not is_fraction else match[0]


def _time(match: re.Match[str]) -> str:
    hour, minutes = int(match[1]), match[2]
    if minutes == "00" and hour in (0, 24):
        return "midnight"
    if hour == 0:
        return f"12:{minutes} AM"
    return f"{hour - 12}:{minutes} PM" if 12 < hour < 24 else f"{match[1]}:{minutes}"


def _day(name: str) -> str:
    return next(day for day in _DAYS if day.startswith(name[:3]))


def _month(name: str) -> str:
    return next(month for month in _MONTHS if month.lower().startswith(name[:3].lower()))
