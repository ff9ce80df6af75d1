"""Formulas as LaTeX has them, and money, which only looks so."""

import pytest

from actors.rules.text.formulas import readable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"The result is \frac{1}{2} of it.", "The result is 1/2 of it."),
        (r"$\frac{a+b}{2}$ or \dfrac12", "(a+b)/2 or 1/2"),
        (r"$\frac{\frac{1}{2}}{3}$", "(1/2)/3"),
        ("It is $x^2$ now.", "It is x\u00b2 now."),
        (r"It is \(x^{10} + y_1\) or \(a_{max}\).", "It is x\u00b9\u2070 + y 1 or a max."),
        (r"\[ E = mc^2 \]", "E = mc\u00b2"),
        (r"$$a \times b = c$$", "a \u00d7 b = c"),
        (r"$90^\circ$, \approx 1.57", "90\u00b0, \u2248 1.57"),
        (r"$90^{\circ}$", "90\u00b0"),
        (r"\sqrt{16} and \sqrt{a+b}", "\u221a16 and \u221a(a+b)"),
        (r"\text{speed} = 5\,\mathrm{km}", "speed = 5 km"),
        (r"$20\%$ of \$5", "20% of $5"),
        (r"\begin{equation} x = 1 \\ \end{equation}", " x = 1   "),
        (r"$\left( 2 \right)$", "( 2 )"),
        (r"\sin(x)", " sin (x)"),
        (r"$\alpha\to\infty$", "\u03b1\u2192\u221e"),
        (r"a \u2014 b \ud83d", "a \u2014 b  "),
        (r"One.\nTwo\n", "One. Two  "),
        ("$x$ and $5$", "x and 5"),
        ("It costs $5 and $10, or $5-$10.", "It costs $5 and $10, or $5-$10."),
        ("$5 (US$) and $6", "$5 (US$) and $6"),
        ("Nothing of it.", "Nothing of it."),
        (r"\*not\* a\_b", "*not* a_b"),
    ],
)
def test_what_is_made_of_it(text: str, expected: str) -> None:
    assert readable(text) == expected
