"""What is said for what is written, in English: addresses and abbreviations here, figures and codes beside. Pure.

Numbers, dates, times, money, units and most abbreviations are spoken by hibari's own normalizer. Here is what it reads
as sums, as words or not at all, either in words or written in a way that it knows.
"""

# ruff: noqa: RUF001 - other dashes are meant

import re

from app.providers.hibari.digits import with_codes, with_digits
from app.providers.hibari.figures import with_figures, with_ranges
from app.providers.hibari.postal import with_states

_ABBREVIATIONS = {
    "mme": "Madame",
    "mlle": "Mademoiselle",
    "sra": "Señora",
    "srta": "Señorita",
    "nr": "number",
    "ca": "about",
    "approx": "about",
    "vs": "versus",
    "tel": "telephone",
    "ext": "extension",
    "dept": "department",
    "appt": "appointment",
    "apt": "apartment",
    "p": "page",
    "fl": "floor",
    "flr": "floor",
    "rm": "room",
    "hr": "Herr",
    "hrn": "Herrn",
    "bd": "boulevard",
    "bzw": "beziehungsweise",
    "evtl": "eventuell",
    "ggf": "gegebenenfalls",
    "inkl": "inklusive",
    "incl": "including",
    "acct": "account",
    "excl": "excluding",
}
_ABBREVIATION = re.compile(
    r"\b([Mm]me|[Mm]lle|[Ss]ra|[Ss]rta|[Nn]r|[Cc]a|[Aa]pprox|vs|[Tt]el|[Ee]xt|[Dd]ept|[Aa]pp?t|bzw|evtl|ggf|inkl|[Ii]ncl|[Ee]xcl|[Aa]cct)"
    r"\.:?(?=\s+\S)"
    r"|\b(p|[Ff]lr?|[Rr]m)\.(?=\s?\d)"
    r"|\b((?<!\d )Hrn?|Bd)\.(?=\s+(?:[^\W\d_]{1,5}\.\s+)*[A-ZÄÖÜ])"
)
_APPROXIMATELY = re.compile(r"\b[Aa]pprox\b(?!\.)")
_LIMIT = re.compile(r"(?<!\d )(?<!\d)\b(min|max)\.?(?= \d)", re.IGNORECASE)
_PHRASES = (
    (re.compile(r"\be\.\s?g\.(?=,?\s)", re.IGNORECASE), "for example"),
    (re.compile(r"\bi\.\s?e\.(?=,?\s)", re.IGNORECASE), "that is"),
    (re.compile(r"\ba\.k\.a\.(?=\s)", re.IGNORECASE), "also known as"),
    (re.compile(r"\bz\.\s?B\.(?=,?\s)", re.IGNORECASE), "zum Beispiel"),
    (re.compile(r"\bd\.\s?h\.(?=,?\s)"), "das heißt"),
    (re.compile(r"\busw\b\.?(?![^\s,;)])"), "und so weiter"),
    (re.compile(r"\bsq\.?\s?ft\b\.?(?=\s*[a-z,;:)]|$)"), "square feet"),
    (re.compile(r"(?<![\w/])b/c(?![\w/])", re.IGNORECASE), "because"),
    (re.compile(r"(?<![\w/])n/a(?![\w/])", re.IGNORECASE), "not applicable"),
    (re.compile(r"(?<![\w/])c/o(?=\s)", re.IGNORECASE), "care of"),
    (re.compile(r"(?<=\d{3}[-. ]\d{4}),?\s(?:x|[Ee]xt)\.?\s?(?=\d{1,6}\b)"), " extension "),
    (re.compile(r"\bC#(?!\w)"), "C sharp"),
)
_STREET = re.compile(r"(?<=[a-zäöü])str\.(?=\s|$)")
_NEXT_SENTENCE = (
    r"(?=\s+(?:And|Are|Can|Do|How|I|If|Is|It|Our|Please|So|That|The|There|They|This|We|What|When|Would|You)\b)"
)
_ROADS = {
    "St": "Street", "Dr": "Drive", "Ave": "Avenue", "Rd": "Road", "Blvd": "Boulevard", "Ln": "Lane", "Ct": "Court",
    "Pl": "Place", "Pkwy": "Parkway", "Sq": "Square", "Hwy": "Highway", "Cir": "Circle", "Ter": "Terrace",
}  # fmt: skip
_QUARTERS = {
    "N": "North", "S": "South", "E": "East", "W": "West", "NE": "Northeast", "NW": "Northwest", "SE": "Southeast",
    "SW": "Southwest",
}  # fmt: skip
_QUARTER = "(?:[NS][EW]?|[EW])"
_BEHIND_ROAD = rf"(?=,|$| (?:{_QUARTER}|and|apt|at|by|for|in|is|near|on|or|to|unit|Apt|Suite|Unit)\b)"
_ROAD = re.compile(
    rf"(\b(?:\d+[A-Za-z]? (?:(?:[A-Z][\w'’]*\.?|\d+(?:st|nd|rd|th)) ){{1,3}}|\d+(?:st|nd|rd|th) ))({'|'.join(_ROADS)})"
    rf"(?:\.(?! {_QUARTER}\b)|\.?{_BEHIND_ROAD})({_NEXT_SENTENCE})?"
)
_ANY_ROAD = f"(?:{'|'.join(_ROADS)}|{'|'.join(_ROADS.values())})"
_QUARTER_BEFORE = re.compile(
    rf"(?<=\d )({_QUARTER})\.? (?=(?:[A-Z][\w'’]+|\d+(?:st|nd|rd|th)) (?:[A-Z][\w'’]+ ){{0,2}}{_ANY_ROAD}\b)"
)
_QUARTER_BEHIND = re.compile(rf"\b({'|'.join(_ROADS.values())}) ({_QUARTER})(?=\.?$|[\s,;]|\. )")
_ROAD_IN_SENTENCE = re.compile(rf"(?<=[a-z] )([A-Z][\w'’]+ )(St)\.{_NEXT_SENTENCE}")
_SENIOR_OR_SENOR = re.compile(r"(\b[A-Z][\w'’]+,? )?\bSr\.(?=\s+[A-Z])(?!\s+(?:Señor|Sr)\b)")
_POSITION = re.compile(
    r"\s+(?:Account|Analyst|Associate|Consultant|Designer|Developer|Director|Editor|Engineer|Manager|Officer|Partner"
    r"|Product|Project|Sales|Scientist|Software|Vice|VP)\b"
)

_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_ENDINGS = (
    "com|org|net|edu|gov|info|biz|io|ai|app|dev|tv|co|uk|de|fr|es|eu|ch|nl|au|ca|jp|pdf|html|txt|csv|docx|js|py|zip"
)
_SITE = re.compile(
    rf"(?:https?://(?:www\.)?|(?<![\w@.-])www\.|(?<![\w@./-]))((?:[A-Za-z0-9][\w-]*\.)+(?:{_ENDINGS}))\b((?:/[\w./~-]*\w)?)"
    r"/?(?:[?#][\w=&%.-]*\w)?(?![\w@])"
)
_MACHINE = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]*\d)")
_VERSION = re.compile(r"\b(?:(v)|([Vv]ersion |[Rr]elease ))(\d+(?:\.\d+)+)(?![\w-])")
_SIGNS = {".": " dot ", "@": " at ", "_": " underscore ", "-": " dash ", "+": " plus ", "/": " slash ", "~": " tilde "}


def speakable(text: str) -> str:
    """`text` as it is said, as far as hibari's normalizer does not know it already."""
    text = _with_addresses(text)
    text = _with_abbreviations(text)
    text = with_states(text)
    text = with_figures(text)
    text = with_digits(text)
    text = with_ranges(text)
    return with_codes(text)


def _with_addresses(text: str) -> str:
    """E-mail and web addresses, numbers of machines and of versions, sign by sign."""
    if "." not in text:
        return text
    text = _EMAIL.sub(lambda address: _signs(address[0]), text)
    text = _SITE.sub(lambda site: _signs(site[1] + site[2]), text)
    text = _MACHINE.sub(lambda address: address[0].replace(".", " dot "), text)
    return _VERSION.sub(
        lambda version: ("version " if version[1] else version[2]) + version[3].replace(".", " point "), text
    )


def _signs(address: str) -> str:
    return re.sub(r"[.@_+/~-]", lambda sign: _SIGNS[sign[0]], address)


def _with_abbreviations(text: str) -> str:
    text = _SENIOR_OR_SENOR.sub(_senior, text)
    text = _ABBREVIATION.sub(_abbreviated, text)
    text = _APPROXIMATELY.sub("about", text)
    text = _LIMIT.sub(lambda match: f"{match[1]}imum", text)
    for pattern, said in _PHRASES:
        text = pattern.sub(said, text)
    text = _QUARTER_BEFORE.sub(lambda match: f"{_QUARTERS[match[1]]} ", text)
    text = _ROAD.sub(lambda match: match[1] + _ROADS[match[2]] + ("" if match[3] is None else "."), text)
    text = _QUARTER_BEHIND.sub(lambda match: f"{match[1]} {_QUARTERS[match[2]]}", text)
    text = _ROAD_IN_SENTENCE.sub(r"\1Street.", text)
    return _STREET.sub("strasse", text)


def _abbreviated(match: re.Match[str]) -> str:
    return _as_written(match[0], _ABBREVIATIONS[(match[1] or match[2] or match[3]).lower()])


def _senior(match: re.Match[str]) -> str:
    """`Sr.` in words: Senior behind a name or in front of a position, else Señor, as in front of a Spanish name."""
    is_senior = match[1] or _POSITION.match(match.string, match.end())
    return (match[1] or "") + ("Senior" if is_senior else "Señor")


def _as_written(written: str, said: str) -> str:
    return said[0].upper() + said[1:] if written[0].isupper() else said
