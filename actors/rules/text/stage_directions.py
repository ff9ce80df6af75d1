"""Stage directions that models write into what they say: "*smiles*", "(sighs)", "[clears throat]". Pure.

What stands in square brackets in small letters is never said. Parentheses hold half of what people say, and asterisks
emphasise: there the words decide, and for asterisks their place too, since "*not* on Monday" must not lose its "not".
"""

import re


def _words(*lines: str) -> frozenset[str]:
    return frozenset(word for line in lines for word in line.split())


_DOES = _words(
    "laughs laughing chuckles chuckling giggles giggling smiles smiling smirks grins grinning sighs sighing gasps",
    "gasping groans groaning moans sobs sobbing whispers whispering nods nodding winks winking blinks shrugs shrugging",
    "yawns yawning sniffs sniffles coughs coughing inhales exhales pauses pausing clears mutters gulps squeals claps",
    "applauds hesitates hesitating",
    "lacht lachend kichert kichernd lächelt lächelnd grinst seufzt seufzend nickt nickend zwinkert flüstert flüsternd",
    "räuspert schmunzelt hustet gähnt stöhnt schluchzt",
    "ríe riendo riéndose sonríe sonriendo suspira suspirando susurra susurrando asiente guiña tose bosteza carraspea",
    "rit riant sourit souriant soupire soupirant chuchote hoche tousse bâille ricane sanglote",
    "ridendo sorride sorridendo sospira sospirando annuisce tossisce rindo sorri sorrindo",
    "glimlacht zucht zuchtend knikt fluistert grinnikt knipoogt",
)
"""Verbs for what people are seen or heard to do while they talk, and that no answer to a caller is about."""
_IS_HEARD = _words(
    "laugh laughter chuckle giggle smile sigh gasp groan whisper nod wink shrug yawn sniff pause beat breath",
    "softly warmly cheerfully excitedly thoughtfully lachen seufzer pause risas suspiro pausa rires rire soupir",
)
"""Nouns and adverbs for the same; answers use them as well, so that they count in brackets and parentheses only."""
_BEFORE = _words("se sich soft softly small short long brief little light deep kurze leise petit petite un una eine")
"""Words that may stand before such a word in a stage direction."""
_MOVES = _words("tilts leans looks raises rolls scratches takes shakes rubs turns scratches adjusts waves bows crosses")
"""Verbs of stage directions that have several words: "*tilts head*"."""
_FEW = 4
"""The most words of a stage direction."""

_IN_BRACKETS = re.compile(r"\[(?P<said>[^\W\d_A-Z][^\[\]\d]{1,40})\]")
_CONTROL = re.compile(r"\[/?(?:INST|[A-Z]{2,20}(?:_[A-Z0-9]{1,20})+)\]")
"""Matches a word that is meant for the program around the model: `[END_CONVERSATION]`."""
_ASIDE = re.compile(r"\((?P<round>[^()]{2,40})\)|\[(?P<square>[^\[\]]{2,40})\]")
_MARKED = re.compile(
    r"(?P<opens>^\W*|[.!?…,;:]\s*)(?<![*\w])(?P<star>\*{1,2}|_)(?P<marked>[^\s*_][^*_\n]{0,40}[^\s*_])(?P=star)(?![*\w])"
    r"|(?<![*\w])(?P<last_star>\*{1,2}|_)(?P<last>[^\s*_][^*_\n]{0,40}[^\s*_])(?P=last_star)(?=\s*$)"
)
_WORD = re.compile(r"[^\W\d_]+")


def without_stage_directions(text: str) -> str:
    """`text` without what is to be done and not to be said."""
    if "[" in text or "(" in text:
        text = _IN_BRACKETS.sub("", _CONTROL.sub("", text))
        text = _ASIDE.sub(lambda aside: "" if _is_aside(aside["round"] or aside["square"]) else aside[0], text)
    if "*" in text or "_" in text:
        text = _MARKED.sub(_kept, text)
    return text


def _is_aside(said: str) -> bool:
    words = _WORD.findall(said.lower())
    known = _DOES | _IS_HEARD
    if not words or len(words) > _FEW:
        return False
    if words[0] in ("in", "with") and words[-1] in ("tone", "voice", "accent"):
        return True
    return words[0] in known or (words[0] in _BEFORE and words[-1] in known)


def _kept(found: re.Match[str]) -> str:
    words = _WORD.findall((found["marked"] or found["last"]).lower())
    is_direction = bool(words) and (
        words[0] in _DOES or (words[0] in _BEFORE and words[-1] in _DOES) or (len(words) > 1 and words[0] in _MOVES)
    )
    return (found["opens"] or "") if is_direction and len(words) <= _FEW else found[0]
