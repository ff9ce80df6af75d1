"""From events of a service to events of the port: where turns lie, whose response it is, how much has come."""

from collections.abc import Iterable

import pytest

from actors.messages.transcript import (
    FinalTranscript,
    InterimTranscript,
    NoSpeechRecognized,
    SpeechStarted,
    SpeechStopped,
)
from actors.ports import realtime_events as reported
from actors.rules.utterances import MAX_UTTERANCE_CHARS
from app.providers.realtime.event_reader import KEPT_ITEMS, EventReader, described
from protocol.realtime import events
from protocol.realtime.failure_kinds import FailureKind


@pytest.fixture
def reader() -> EventReader:
    return EventReader("service", 24_000, 24_000, silence_ms=500)


def read(reader: EventReader, *told: events.Event) -> list[reported.RealtimeEvent]:
    return [report for event in told for report in reader.read(event)]


def test_a_turn_that_we_ended_lies_where_we_ended_it(reader: EventReader) -> None:
    reader.committed(300.0, 900.0)
    reader.committed(900.0, 2_000.0)
    assert read(reader, events.InputCommitted("i1"), events.InputCommitted("i2")) == [
        reported.CallerCommitted(item_id="i1", start_ms=300.0, end_ms=900.0),
        reported.CallerCommitted(item_id="i2", start_ms=900.0, end_ms=2_000.0),
    ]


def test_a_turn_that_was_refused_has_no_item(reader: EventReader) -> None:
    reader.committed(0.0, 20.0)
    reader.committed(20.0, 900.0)
    reader.commit_failed()
    (committed,) = read(reader, events.InputCommitted("i1"))
    assert committed == reported.CallerCommitted(item_id="i1", start_ms=20.0, end_ms=900.0)


def test_a_turn_that_the_service_ended_lies_where_it_heard_it(reader: EventReader) -> None:
    reports = read(
        reader,
        events.InputSpeechStarted(400, "i1"),
        events.InputSpeechStopped(1_700, "i1"),
        events.InputCommitted("i1"),
        events.InputTranscript("i1", " Hello. "),
    )
    assert reports == [
        SpeechStarted(400.0),
        SpeechStopped(start_ms=400.0, end_ms=1_200.0, voiced_ms=800.0, silence_ms=500.0),
        reported.CallerCommitted(item_id="i1", start_ms=400.0, end_ms=1_200.0),
        reported.CallerTranscribed("i1", FinalTranscript(text="Hello.", start_ms=400.0, end_ms=1_200.0)),
    ]


def test_words_of_the_caller_grow_until_they_are_final(reader: EventReader) -> None:
    reader.committed(0.0, 800.0)
    reports = read(
        reader,
        events.InputCommitted("i1"),
        events.InputTranscriptDelta("i1", "book"),
        events.InputTranscriptDelta("i1", " a table"),
        events.InputTranscript("i1", "Book a table."),
        events.InputTranscriptDelta("i2", "yes"),
    )
    transcripts = [report.transcript for report in reports if isinstance(report, reported.CallerTranscribed)]
    assert transcripts == [
        InterimTranscript("book", 0.0, 800.0),
        InterimTranscript("book a table", 0.0, 800.0),
        FinalTranscript(text="Book a table.", start_ms=0.0, end_ms=800.0),
        InterimTranscript("yes", 0.0, 0.0),
    ]


@pytest.mark.parametrize("event", [events.InputTranscript("i1", "  "), events.InputTranscriptFailed("i1", "x")])
def test_a_turn_without_words(reader: EventReader, event: events.Event) -> None:
    reader.committed(0.0, 800.0)
    *_, last = read(reader, events.InputCommitted("i1"), event)
    assert last == reported.CallerTranscribed("i1", NoSpeechRecognized(800.0))


def test_words_that_break_off_stand(reader: EventReader) -> None:
    *_, last = read(reader, events.InputTranscriptDelta("i1", "yes"), events.InputTranscriptFailed("i1", "x"))
    assert last == reported.CallerTranscribed("i1", FinalTranscript(text="yes"))


@pytest.mark.parametrize(
    ("metadata", "request_"),
    [({"request": "2"}, 2), ({}, 1), ({"request": "x"}, 1), ({"request": "9" * 40}, 1)],
)
def test_whose_response_it_is(reader: EventReader, metadata: dict[str, str], request_: int) -> None:
    reader.requested(1)
    reader.requested(2)
    assert read(reader, events.ResponseCreated("r", metadata)) == [reported.ResponseStarted("r", request_)]


def test_a_response_that_nobody_asked_for(reader: EventReader) -> None:
    reader.requested(1)
    reader.request_failed(1)
    assert read(reader, events.ResponseCreated("r")) == [reported.ResponseStarted("r", 0)]


def test_how_much_has_come_of_an_item(reader: EventReader) -> None:
    assert reader.received_ms("i") is None
    read(reader, events.AudioDelta("r", "i", bytes(4_801)), events.AudioDelta("r", "i", bytes(4_799)))
    assert reader.received_ms("i") == 200.0


def test_what_has_come_is_kept_for_the_newest_items_only(reader: EventReader) -> None:
    read(reader, *(events.AudioDelta("r", f"i{at}", bytes(48)) for at in range(KEPT_ITEMS + 1)))
    assert reader.received_ms("i0") is None
    assert reader.received_ms(f"i{KEPT_ITEMS}") == 1.0


def test_the_end_of_an_items_audio_is_told_after_all_of_it() -> None:
    reader = EventReader("service", 16_000, 24_000, silence_ms=500)
    reports = read(reader, events.AudioDelta("r", "i", bytes(4_800)), events.AudioDone("r", "i"))
    audio = b"".join(report.pcm for report in reports if isinstance(report, reported.ResponseAudio))
    assert len(audio) == 3_200
    assert reports[-1] == reported.ResponseAudioFinished("r", "i")


@pytest.mark.parametrize(
    ("status", "reason", "failure", "told"),
    [
        ("completed", "", None, reported.ResponseStatus.COMPLETED),
        ("cancelled", "client_cancelled", None, reported.ResponseStatus.CANCELLED),
        ("cancelled", "turn_detected", None, reported.ResponseStatus.CANCELLED),
        ("incomplete", "max_output_tokens", None, reported.ResponseStatus.CUT),
        ("incomplete", "content_filter", None, reported.ResponseStatus.FILTERED),
        (
            "failed",
            "",
            events.Failure(kind=FailureKind.REFUSED, code="content_filter"),
            reported.ResponseStatus.FILTERED,
        ),
        ("failed", "", events.Failure(kind=FailureKind.TRANSIENT), reported.ResponseStatus.FAILED),
        ("unheard of", "", None, reported.ResponseStatus.FAILED),
    ],
)
def test_what_became_of_a_response(
    reader: EventReader, status: str, reason: str, failure: events.Failure | None, told: reported.ResponseStatus
) -> None:
    (finished,) = read(reader, events.ResponseDone(response_id="r", status=status, reason=reason, failure=failure))
    assert isinstance(finished, reported.ResponseFinished)
    assert finished.status is told
    assert (finished.failure is None) == (failure is None)


@pytest.mark.parametrize(
    "event",
    [
        events.SessionCreated(),
        events.SessionUpdated(),
        events.ServiceFailed(failure=events.Failure(kind=FailureKind.REFUSED)),
        events.Ignored("response.content_part.added"),
    ],
)
def test_what_is_told_of_the_session_itself_is_not_for_the_conversation(
    reader: EventReader, event: events.Event
) -> None:
    assert read(reader, event) == []


@pytest.mark.parametrize(
    ("failure", "text"),
    [
        (events.Failure(kind=FailureKind.REFUSED, code="a", param="b"), "service: a, parameter b"),
        (events.Failure(kind=FailureKind.TRANSIENT), "service: transient"),
    ],
)
def test_a_failure_is_described_by_identifiers(failure: events.Failure, text: str) -> None:
    assert described("service", failure) == text


def test_words_of_the_model_and_their_times(reader: EventReader) -> None:
    told: Iterable[events.Event] = (
        events.TranscriptDelta("r", "i", "Good"),
        events.WordTime(response_id="r", item_id="i", text="Good", audio_ms=10, audio_duration_ms=200),
        events.TranscriptDone("r", "i", "Good."),
        events.FunctionCalled(response_id="r", item_id="j", call_id="c", name="n", arguments="{}"),
        events.RateLimitsUpdated((events.RateLimit(name="tokens", limit=3, remaining=2, reset_seconds=1.0),)),
    )
    kinds = [type(report) for report in read(reader, *told)]
    assert kinds == [
        reported.ResponseTranscript,
        reported.ResponseWord,
        reported.ResponseTranscriptFinished,
        reported.ResponseToolCalled,
        reported.RateLimited,
    ]


def test_words_that_are_told_without_end_are_bounded(reader: EventReader) -> None:
    for _ in range(10):
        read(reader, events.InputTranscriptDelta("i1", "word " * 1_000))
    (told,) = read(reader, events.InputTranscriptDelta("i1", "last"))
    assert isinstance(told, reported.CallerTranscribed)
    assert isinstance(told.transcript, InterimTranscript)
    assert len(told.transcript.text) <= MAX_UTTERANCE_CHARS
    assert told.transcript.text.endswith("word last")


def test_a_response_that_goes_on_is_told(reader: EventReader) -> None:
    assert read(reader, events.ResponseGoesOn("r")) == [reported.ResponseGoesOn("r")]
