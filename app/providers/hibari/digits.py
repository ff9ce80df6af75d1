"""What is read digit by digit or letter by letter: telephone numbers, PINs and codes. Pure."""

import re
from collections.abc import Iterable

_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
WORD_LETTERS = 4
"""The fewest capital letters in a code that are read as a word, as in COVID-19; hibari's dictionary has its
pronunciation."""

_TELEPHONE = re.compile(
    r"(?<![\w.,$€£-])(\+?)"
    r"(\(?\d{1,4}\)?(?:(?:[ .-]|(?<=\)))\(?\d{2,4}\)?){2,5}|(?<=\+)\d{1,4}(?:[ .-]\(?\d{2,9}\)?){1,5}|(?<=\+)\d{7,15}"
    r"|0\d{2,4}[ -]\d{5,8}|00\d{1,3}(?:[ .-]\d{1,8}){1,4}|\d{8,15})"
    r"(?![\w-]|[.,]\d)"
)
_LOCAL_TELEPHONE = re.compile(r"(?<![\w.,$€£-])\d{3}-\d{4}(?![\w-]|[.,]\d)")
_DATE_OR_YEARS = re.compile(r"\d{4}-\d{4}|\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[.-]\d{1,2}[.-]\d{4}")
_TELEPHONE_IN_LETTERS = re.compile(r"(?<![\w-])((?:1-)?[89]\d\d)-([A-Z]{4,10})(?![\w-])")
_EMERGENCY = re.compile(
    r"(?i)(\b(?:call|calling|called|dial|dialing|ring|phone|text)\s)(000|110|112|211|311|411|911|988|999)\b"
)
_GROUPS = re.compile(
    r"(?<![\w.,-])(?:\d{4}(?:[ -]\d{4}){2,4}(?:[ -]\d{1,4})?|\d+(?:-\d+){3,}|\d(?:-\d){2}|\d{5}-\d{4})(?![\w-]|[.,]\d)"
)
"""Matches the numbers of bank cards and books, and American postal codes."""
_ACCOUNT = re.compile(r"\b[A-Z]{2}\d\d(?: ?[A-Z\d]{4}){2,7}(?: ?[A-Z\d]{1,3})?\b")
"""Matches an IBAN."""
_NAME_OF_NUMBER = (
    r"(?i)(\b(?:(?:one[- ]time|pass|zip|post|postal|sort|access|area|security|verification|confirmation)?[ ]?code"
    r"|passcode|pin|otp|cvv|cvc|password|zip|extension"
    r"|(?:account|booking|card|case|confirmation|customer|invoice|member|order|phone|policy|reference|reservation|room"
    r"|security|serial|telephone|ticket|tracking)\s(?:number|no\.|id)"
    r"|(?:account|card|number)(?:\sthat|\swhich)?\s(?:ends|ending)(?:\s(?:in|with))?"
    r"|(?:last|final|first)\s(?:three|four|five|six|[3-6])\sdigits)"
    r"(?:\s(?:is|are|was|were))?:?\s#?)"
)
_NAMED = re.compile(_NAME_OF_NUMBER + r"[-*•x]{0,4}(\d{3,7})(?![\w-]|[.,:/]\d|\s?%| \d{2,4}\b)")
_NAMED_GROUPS = re.compile(_NAME_OF_NUMBER + r"(\d{2,4}([ -])\d{2,4}(?:\3\d{2,4}){0,2})(?![\w-]|[.,:/]\d|\s?%)")
_NUMBER_AND_PART = re.compile(r"(?<![\w.,$€£/-])(\d{3,})-(\d{1,5})(?![\w/-]|[.,:]\d)")
_HASH_AND_NUMBER = re.compile(r"(?<!\bpress )(?<!\bdial )(?<!\bhit )(?<!\bthe )(?<=\w )#\s(?=[A-Z]*\d)")
_SHORT_CODE = re.compile(r"(?i)(\b(?:text|sms|send)\b[^.!?\d]{0,30}\bto\s)(\d{5,6})(?![\w-]|[.,:/]\d|\s?[a-z%])")
_COUNTRY_AND_ZERO = re.compile(r"(?<![\w.])(\+\d{1,3}) ?\(0\) ?(?=\d)")
_AREA_AND_NUMBER = re.compile(r"(?<![\w./])(0\d{1,4}) ?/ ?(?=\d{3}[\d -]{1,8}\d(?![\w/]))")
_HASH_BEHIND_NUMBER = re.compile(r"(?i)(\bnumber:? )#(?=\w)")
_HASHED_CODE = re.compile(r"#(?=[A-Z\d-]*[A-Z])(?=[A-Z\d-]*\d)")
_KEY = re.compile(r"(?<![^\s('\"])(?<!\d )([#*])(?=[\s.,;:!?)'\"]|$)|(?<![^\s('\"])(\*)(?=\d{2,3}(?!\w))")
_KEYS = {"#": "pound", "*": "star"}
_HASHED = re.compile(r"(?<![\w&])#(\d{5,})(?!\w|[.,]\d)")
_ZEROS = re.compile(r"(?<![\w.,:/$€£+-])0\d{2,}(?![\w:/-]|[.,]\d)")
_CODE = re.compile(r"(?<![\w$€£-])(?=[A-Z\d-]*\d)(?=[A-Z\d-]*[A-Z])[A-Z\d]+(?:-[A-Z\d]+)*(?![\w-])")
_ORDINAL_OR_UNIT = re.compile(r"\d+(?:ST|ND|RD|TH|AM|PM|S|K|KB|MB|GB|TB|M|W|V|X|D)")
_WORD_AND_NUMBER = re.compile(r"([A-Z]{4,})(\d{1,4})")
_YEAR = re.compile(r"(?:19|20)\d\d")
_FISCAL_YEAR = re.compile(r"([FC]Y)((?:19|20)?\d\d)")
_LETTER_BEFORE = re.compile(r"([A-Z])([1-9]\d?)")
_LETTER_BEHIND = re.compile(r"([1-9]\d?)([A-Z])")


def with_digits(text: str) -> str:
    """`text` with telephone numbers and named or well-known kinds of numbers as single digits."""
    text = _HASH_AND_NUMBER.sub("#", text)
    text = _KEY.sub(lambda key: _KEYS["*"] + " " if key[2] else _KEYS[key[1]], text)
    text = _COUNTRY_AND_ZERO.sub(r"\1 ", text)
    text = _AREA_AND_NUMBER.sub(r"\1 ", text)
    text = _ACCOUNT.sub(lambda account: in_groups(re.findall(r"\w{1,4}", account[0].replace(" ", ""))), text)
    text = _NAMED_GROUPS.sub(lambda match: match[1] + in_groups(match[2].split(match[3])), text)
    text = _GROUPS.sub(lambda match: in_groups(re.findall(r"\d+", match[0])), text)
    text = _TELEPHONE_IN_LETTERS.sub(lambda match: f"{in_groups(match[1].split('-'))}, {match[2]}", text)
    text = _TELEPHONE.sub(_telephone, text)
    text = _LOCAL_TELEPHONE.sub(lambda match: in_groups(match[0].split("-")), text)
    text = _NUMBER_AND_PART.sub(_number_and_part, text)
    text = _EMERGENCY.sub(lambda match: match[1] + _singly(match[2]), text)
    text = _NAMED.sub(lambda match: match[1] + _singly(match[2]), text)
    text = _SHORT_CODE.sub(lambda match: match[1] + _singly(match[2]), text)
    text = _HASHED.sub(lambda match: f"number {_singly(match[1])}", text)
    return _ZEROS.sub(lambda match: _singly(match[0]), text)


def with_codes(text: str) -> str:
    """`text` with what mixes digits and capitals as letters and digits."""
    text = _HASHED_CODE.sub("number ", _HASH_BEHIND_NUMBER.sub(r"\1", text))
    return _CODE.sub(_code, text)


def digit_by_digit(text: str) -> str:
    """`text` with each digit as a word, for figures that are longer than any number has a name for."""
    return re.sub(r"\d", lambda digit: f" {_DIGITS[int(digit[0])]} ", text)


def _number_and_part(match: re.Match[str]) -> str:
    """A number such as 4711-22; what grows, as 100-200 or 2025-26 does, is a range."""
    first, second = match[1], match[2]
    is_range = int(first) < int(second) or (_YEAR.fullmatch(first) is not None and len(second) == 2)
    return match[0] if is_range else in_groups((first, second))


def _telephone(match: re.Match[str]) -> str:
    plus, number = match[1], match[2]
    digits = re.sub(r"\D", "", number)
    if _DATE_OR_YEARS.fullmatch(number) or not 7 <= len(digits) <= 15:
        return match[0]
    groups = re.findall(r"\d+", number)
    if len(groups) == 1:
        groups = _grouped(digits, bool(plus))
    return ("plus " if plus else "") + in_groups(groups)


def _grouped(digits: str, has_country: bool) -> list[str]:
    """Digits in the groups in which people say them: those of North America as 3, 3 and 4, others by threes."""
    if len(digits) == 10 or (len(digits) == 11 and digits[0] == "1" and has_country):
        return [*([digits[0]] if len(digits) == 11 else []), digits[-10:-7], digits[-7:-4], digits[-4:]]
    return [digits[at : at + 3] for at in range(0, len(digits), 3)]


def in_groups(groups: Iterable[str]) -> str:
    """Digits and letters one by one, with a short pause between two groups."""
    return ", ".join(map(_singly, groups))


def _singly(characters: str) -> str:
    return " ".join(_DIGITS[int(char)] if char.isdigit() else char for char in characters)


def _code(match: re.Match[str]) -> str:
    if _ORDINAL_OR_UNIT.fullmatch(match[0]):
        return match[0]
    if before := _LETTER_BEFORE.fullmatch(match[0]):
        return f"{before[1]} {before[2]}"
    if behind := _LETTER_BEHIND.fullmatch(match[0]):
        return f"{behind[1]} {behind[2]}"
    if year := _FISCAL_YEAR.fullmatch(match[0]):
        return f"{_singly(year[1])} {year[2]}"
    if (word := _WORD_AND_NUMBER.fullmatch(match[0])) and _is_pronounceable(word[1]):
        is_number = _is_small(word[2]) or _YEAR.fullmatch(word[2])
        return f"{word[1]} {word[2] if is_number else _singly(word[2])}"
    groups = match[0].split("-")
    is_numbered = len(groups) == 2 and groups[0].isalpha()
    return " ".join(
        group if _is_word(group) or (is_numbered and _is_small(group)) else _singly(group) for group in groups
    )


def _is_word(group: str) -> bool:
    return group.isalpha() and len(group) >= WORD_LETTERS


def _is_small(group: str) -> bool:
    return group.isdigit() and len(group) <= 2 and group[0] != "0"


def _is_pronounceable(letters: str) -> bool:
    """Whether capital letters can be a word: it has a vowel, and no four consonants in a row."""
    return re.search("[AEIOUY]", letters) is not None and re.search("[^AEIOUY]{4}", letters) is None
