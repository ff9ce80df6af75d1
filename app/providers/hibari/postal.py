"""American states and post codes in addresses: `Seattle, WA 98101`. Pure."""

import re

from app.providers.hibari.digits import in_groups

_STATES = {
    "AL": "Alabama", "AK": "Alaska", "AZ": "Arizona", "AR": "Arkansas", "CA": "California", "CO": "Colorado",
    "CT": "Connecticut", "DC": "D.C.", "DE": "Delaware", "FL": "Florida", "GA": "Georgia", "HI": "Hawaii",
    "IA": "Iowa", "ID": "Idaho", "IL": "Illinois", "IN": "Indiana", "KS": "Kansas", "KY": "Kentucky",
    "LA": "Louisiana", "MA": "Massachusetts", "MD": "Maryland", "ME": "Maine", "MI": "Michigan", "MN": "Minnesota",
    "MO": "Missouri", "MS": "Mississippi", "MT": "Montana", "NC": "North Carolina", "ND": "North Dakota",
    "NE": "Nebraska", "NH": "New Hampshire", "NJ": "New Jersey", "NM": "New Mexico", "NV": "Nevada",
    "NY": "New York", "OH": "Ohio", "OK": "Oklahoma", "OR": "Oregon", "PA": "Pennsylvania", "RI": "Rhode Island",
    "SC": "South Carolina", "SD": "South Dakota", "TN": "Tennessee", "TX": "Texas", "UT": "Utah", "VA": "Virginia",
    "VT": "Vermont", "WA": "Washington", "WI": "Wisconsin", "WV": "West Virginia", "WY": "Wyoming",
}  # fmt: skip
# Without the post code, OK and IN are words.
_STATE_AND_CODE = re.compile(rf"(?<=[a-z],\s)({'|'.join(_STATES)})\s(\d{{5}})(?:-(\d{{4}}))?(?![\w-])")


def with_states(text: str) -> str:
    """`text` with the state in front of a post code as a word, and the post code digit by digit."""
    return _STATE_AND_CODE.sub(lambda match: f"{_STATES[match[1]]} {in_groups(filter(None, match.groups()[1:]))}", text)
