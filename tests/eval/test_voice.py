"""People and synthetic callers are understood; recordings are not part of the project, so they may be absent."""

import pytest

from app.dialogue.caller_phrases import caller_phrases
from app.providers.moonshine.recognizer import create
from tests.eval.text import dialogue
from tests.eval.voice import Row, recordings, row_of_callers, row_of_recordings, sentences, table
from tests.eval.word_errors import WordErrors
from tests.kit.speech import FLITE_ALSO

needs_recordings = pytest.mark.skipif(not recordings(), reason="recordings of people are not part of the project")


@needs_recordings
@pytest.mark.parametrize(("condition", "most"), [("clean", 0.04), ("telephone", 0.1)])
async def test_people_are_understood(condition: str, most: float) -> None:
    engine = create()
    try:
        row = await row_of_recordings(engine, recordings(), condition)
    finally:
        await engine.close()
    assert row.errors.rate <= most


@pytest.mark.parametrize(("condition", "least"), [("clean", 0.83)])
async def test_a_synthetic_caller_is_understood(condition: str, least: float) -> None:
    engine = create()
    try:
        row = await row_of_callers(engine, FLITE_ALSO, condition, caller_phrases(dialogue()))
    finally:
        await engine.close()
    assert row.right is not None
    assert row.right >= least * len(sentences()), table([row])


def test_the_table_has_a_line_for_each_row() -> None:
    row = Row(voice="people", condition="clean", count=3, errors=WordErrors(10, 1, 3, 2), cpu_s=0.04)
    heading, line, itself = table([row]).splitlines()
    assert heading.split()[:3] == ["voice", "condition", "clips"]
    assert line.split() == ["people", "clean", "3", "10.0%", "2", "0.040"]
    assert "the text itself" in itself
