"""Formulas as LaTeX writes them, in the signs that voices and people read: `\\frac{1}{2}` as 1/2, `$x^2$` as x². Pure.

Only what models put into a reply is known: fractions, roots, powers, the commonest signs and Greek letters. Any other
command is said by its name, as `\\sin` is.
"""

# ruff: noqa: RUF001 - signs that look like letters are meant

import re

_SIGNS = {
    "times": "×", "cdot": "×", "ast": "×", "div": "÷", "pm": "±", "approx": "≈", "sim": "≈", "leq": "≤", "le": "≤",
    "geq": "≥", "ge": "≥", "neq": "≠", "ne": "≠", "to": "→", "rightarrow": "→", "circ": "°", "degree": "°",
    "infty": "∞",
    "ldots": "…", "dots": "…", "cdots": "…", "quad": " ", "qquad": " ", "percent": "%", "euro": "€", "pounds": "£",
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "Delta": "Δ", "epsilon": "ε", "theta": "θ", "lambda": "λ",
    "mu": "µ", "pi": "π", "rho": "ρ", "sigma": "σ", "Sigma": "Σ", "tau": "τ", "phi": "φ", "omega": "ω", "Omega": "Ω",
    "sum": "Σ", "n": " ", "t": " ",
}  # fmt: skip
_LAYOUT = ("left", "right", "big", "Big", "bigg", "Bigg", "displaystyle", "textstyle", "limits", "hline", "nonumber")
"""Commands that only say how a formula looks."""
_BEGIN_WITH_N = ("nabla", "ne", "nu", "ni", "not", "nonumber", "nmid", "nleq", "ngeq", "nsub", "nsup", "nless", "ngtr")
"""How commands begin that are no line's end with a word behind it."""
_POWERS = str.maketrans("0123456789+-n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ")
_GROUP = r"\{((?:[^{}]|\{[^{}]{0,80}\}){0,160})\}"
_SYMBOLS = r"[\\^_=+]|^\s*[\w.,%]{1,8}\s*$"
_DISPLAYED = re.compile(r"\\\[(.{0,300}?)\\\]|\\\((.{0,300}?)\\\)|\$\$(.{1,300}?)\$\$", re.DOTALL)
_INLINE = re.compile(r"(?<![\w$\\])\$(?!\s)([^$\n]{1,120}?)(?<![\s\\])\$(?![\d$])")
_ENVIRONMENT = re.compile(r"\\(?:begin|end)\{[a-z]{1,20}\*?\}(?:\{[lcr|]{1,12}\})?")
_FRACTION = re.compile(rf"\\[dt]?frac\s?{_GROUP}\s?{_GROUP}")
_SHORT_FRACTION = re.compile(r"\\[dt]?frac\s?(\d)\s?(\d)")
_ROOT = re.compile(rf"\\sqrt\s?{_GROUP}")
_BOXED = re.compile(rf"\\(?:text|textbf|textit|mathrm|mathbf|mathit|operatorname|boxed|underline|emph)\s?{_GROUP}")
_POWER = re.compile(r"\^(?:\{([0-9+\-n]{1,6})\}|([0-9n]))(?![\w])")
_DEGREES = re.compile(r"\^\s?\{?\s?\\(?:circ|degree)\b\s?\}?")
_INDEX = re.compile(r"(?<=[A-Za-z])_(?:\{([^{}]{1,20})\}|(\w)(?!\w))")
_COMMAND = re.compile(r"\\([A-Za-z]+)\s?")
_ESCAPED = re.compile(r"\\([^A-Za-z0-9\s])")
_BREAK = re.compile(r"\\\\(?=\s|$)")
_SPACING = re.compile(r"\\[,;:!]")
_CODE_POINT = re.compile(r"\\u([0-9a-fA-F]{4})")
_SIMPLE = re.compile(r"\w+|[^\W_]")


def readable(text: str) -> str:
    """`text` with the formulas in it as people write them without LaTeX."""
    if "\\" not in text and "$" not in text and "^" not in text:
        return text
    text = _CODE_POINT.sub(lambda code: _character(int(code[1], 16)), text)
    text = _DISPLAYED.sub(lambda found: _formula(found[1] or found[2] or found[3] or ""), text)
    text = _INLINE.sub(lambda found: _formula(found[1]) if re.search(_SYMBOLS, found[1]) else found[0], text)
    return _commands(_POWER.sub(_power, text))


def _formula(text: str) -> str:
    text = _commands(_POWER.sub(_power, _DEGREES.sub("°", text)))
    return _INDEX.sub(lambda found: f" {found[1] or found[2]}", text).replace("{", "").replace("}", "").strip()


def _commands(text: str) -> str:
    if "\\" not in text:
        return text
    text = _DEGREES.sub("°", _ENVIRONMENT.sub("", text))
    for _ in range(3):
        text = _BOXED.sub(r"\1", text)
        text = _FRACTION.sub(lambda found: f"{_whole(found[1])}/{_whole(found[2])}", text)
        text = _SHORT_FRACTION.sub(r"\1/\2", text)
        text = _ROOT.sub(lambda found: f"√{_whole(found[1])}", text)
    text = _SPACING.sub(" ", _BREAK.sub(" ", text))
    text = _COMMAND.sub(_sign, text)
    return _ESCAPED.sub(r"\1", text)


def _whole(text: str) -> str:
    """What stands in a fraction or a root, in brackets if it is more than one thing."""
    text = text.strip()
    return text if _SIMPLE.fullmatch(text) else f"({text})"


def _power(found: re.Match[str]) -> str:
    return (found[1] or found[2]).translate(_POWERS)


def _sign(found: re.Match[str]) -> str:
    name = found[1]
    if name in _SIGNS:
        return f"{_SIGNS[name]} " if found[0][-1].isspace() else _SIGNS[name]
    # A line's end that was escaped once too often: "\\nSecond".
    said = name[1:] if name[0] == "n" and not name.startswith(_BEGIN_WITH_N) else name
    return "" if name in _LAYOUT else f" {said} "


def _character(code: int) -> str:
    return chr(code) if not 0xD800 <= code < 0xE000 and code >= 0x20 else " "
