"""What is to be done is not said; what is said stays, whatever stands around it."""

import pytest

from actors.rules.text.stage_directions import without_stage_directions


@pytest.mark.parametrize(
    "text",
    [
        "[laughs]", "[clears throat]", "[laughs softly]", "[whispers]", "[PAUSE]", "[Laughs]", "[END_CONVERSATION]",
        "[/INST]", "(sighs)", "(Laughs)", "(clears throat)", "(short pause)", "(lacht)", "(seufzt leise)",
        "(sich räuspert)", "(se ríe)", "(soupire)", "(sospira)", "*smiles*", "*Clears throat.*", "_chuckles softly_",
        "*lacht*", "*rit*",
        "*tilts head*", "**sighs**",
    ],
)  # fmt: skip
def test_what_is_left_out(text: str) -> None:
    assert without_stage_directions(f"{text} Yes, of course.").strip() == "Yes, of course."


def test_it_is_left_out_within_a_sentence_and_behind_it() -> None:
    assert without_stage_directions("Well (laughs) okay. [pause] So.") == "Well  okay.  So."
    assert without_stage_directions("I am so happy *giggles*") == "I am so happy "
    assert without_stage_directions("Fine. *nods* Let us go.") == "Fine.  Let us go."


@pytest.mark.parametrize(
    "text",
    [
        "We open at nine, *not* on Monday.", "*nur* Montags geht es.", "*Please* wait.", "Press *pause* to stop.",
        "(closed on Sundays)", "(as I said)", "(sound waves)", "(takes about an hour)", "(pause from twelve until one)",
        "(12)", "He said (quietly) no.", "[Your Name]", "see [1]", "[Terms] apply.", "*takes* time", "2 * 3 * 4",
        "snake_case_name", "She *smiles* a lot.",
    ],
)  # fmt: skip
def test_what_stays(text: str) -> None:
    assert without_stage_directions(text) == text
