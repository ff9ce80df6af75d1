"""What ACS has understood, as the session is told it."""

from typing import Any

from actors.messages.transcript import FinalTranscript, InterimTranscript
from actors.runtime.clock import run_virtual
from actors.session.modes.transcription import TRANSCRIPTION
from app.telephony.acs.transcription_input import TranscriptionInput
from protocol.acs.media import TranscriptionMetadata, TranscriptionText, decode
from tests.kit.session_kit import stage

CALLER = "+15550100"
DATA = (
    '{"kind":"TranscriptionData","transcriptionData":{"text":" Good morning. ","format":"display","confidence":1.5,'
    '"offset":7000000,"duration":8000000,"words":[{"text":"good","offset":7000000,"duration":4000000},"no word",'
    '{"text":7},{"text":"morning","offset":11000000,"duration":4000000}],"participantRawID":"4:+15550100",'
    '"resultStatus":"Final"}}'
)


def test_a_transcript_is_told_with_speaker_language_place_and_words() -> None:
    async def main() -> None:
        async with stage(mode=TRANSCRIPTION, caller=False) as on:
            told: list[Any] = []
            on.entry.tap = told.append
            transcripts = TranscriptionInput(CALLER, on.engines.clock)
            transcripts.begins(TranscriptionMetadata(locale="en-US"), on.entry)
            said = decode(DATA)
            assert isinstance(said, TranscriptionText)
            transcripts.transcribed(said, on.entry)
            (final,) = told
            assert isinstance(final, FinalTranscript)
            assert (final.text, final.confidence, final.language) == ("Good morning.", 1.0, "en-US")
            assert (final.speaker, final.start_ms, final.end_ms) == ("caller", 700.0, 1_500.0)
            assert [(w.text, w.start_ms, w.end_ms) for w in final.words] == [
                ("good", 700.0, 1_100.0),
                ("morning", 1_100.0, 1_500.0),
            ]

    run_virtual(main())


def test_without_metadata_words_lie_where_they_are_said_to_and_no_words_are_nothing() -> None:
    async def main() -> None:
        async with stage(mode=TRANSCRIPTION, caller=False) as on:
            told: list[Any] = []
            on.entry.tap = told.append
            transcripts = TranscriptionInput(CALLER, on.engines.clock)
            interim = TranscriptionText(
                text="Goo", confidence=None, offset=10_000, duration=0, participant="8:acs:guest", final=False
            )
            transcripts.transcribed(interim, on.entry)
            transcripts.transcribed(TranscriptionText(**_without_text(interim)), on.entry)
            assert told == [InterimTranscript("Goo", 1.0, 1.0, "speaker 2", "")]

    run_virtual(main())


def _without_text(said: TranscriptionText) -> dict[str, Any]:
    fields = {name: getattr(said, name) for name in said.__struct_fields__}
    return fields | {"text": " "}
