"""A call that is only transcribed is understood, and costs less than one that is answered."""

from tests.load.listening import measure
from tests.load.servers import TRANSCRIPTION


def test_every_call_is_transcribed() -> None:
    cost = measure(TRANSCRIPTION, 2, 3.0, pinned=False)
    assert cost.cpu_per_call > 0
    assert cost.transcripts_per_call >= 1
