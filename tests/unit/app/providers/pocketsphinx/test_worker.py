"""A worker's own rules: turns, bounded audio, failures that stay with their stream."""

from pathlib import Path

import pytest

from actors.errors import ErrorKind
from app.providers.pocketsphinx.engine import Engine, speakable
from app.providers.pocketsphinx.wire import (
    Audio,
    Close,
    Finish,
    NothingHeard,
    Open,
    Opened,
    Prepare,
    StreamFailed,
    Told,
)
from app.providers.pocketsphinx.worker import BACKLOG_MAX_BYTES, Stream, Worker
from tests.kit.speech import say, silence


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return Engine(tmp_path_factory.mktemp("vocabularies"))


@pytest.fixture
def told() -> list[Told]:
    return []


@pytest.fixture
def worker(engine: Engine, told: list[Told]) -> Worker:
    worker = Worker(engine, told.append)
    worker.obey(Prepare("v", ("yes please", "no thank you")))
    for number in (1, 2):
        worker.obey(Open(number, "v", 16_000))
    assert told[1:] == [Opened(1), Opened(2)]
    told.clear()
    return worker


def work_off(worker: Worker) -> None:
    while worker.work():
        pass


def test_streams_are_served_in_turns(worker: Worker, told: list[Told]) -> None:
    worker.obey(Audio(1, silence(3_000)))
    worker.obey(Finish(1))
    worker.obey(Audio(2, silence(100)))
    worker.obey(Finish(2))
    work_off(worker)
    assert [message.stream for message in told if isinstance(message, NothingHeard)] == [2, 1]


def test_what_waits_for_a_minute_fails_its_stream_alone(worker: Worker, told: list[Told]) -> None:
    worker.obey(Audio(1, bytes(BACKLOG_MAX_BYTES + 2)))
    worker.obey(Audio(1, silence(20)))
    worker.obey(Finish(2))
    work_off(worker)
    assert [type(message) for message in told] == [StreamFailed, NothingHeard]
    assert isinstance(told[0], StreamFailed)
    assert told[0].kind is ErrorKind.THROTTLED


def test_a_failing_decoder_fails_its_stream_alone(
    worker: Worker, told: list[Told], monkeypatch: pytest.MonkeyPatch
) -> None:
    work = Stream.work

    def fail_the_first(stream: Stream, tell: object) -> None:
        if stream.number == 1:
            raise RuntimeError("no")
        work(stream, told.append)

    monkeypatch.setattr(Stream, "work", fail_the_first)
    for number in (1, 2):
        worker.obey(Finish(number))
    work_off(worker)
    assert {(message.stream, type(message)) for message in told if not isinstance(message, Opened)} == {  # type: ignore[union-attr]
        (1, StreamFailed),
        (2, NothingHeard),
    }


def test_a_closed_stream_gives_its_decoder_back(engine: Engine, worker: Worker) -> None:
    vocabulary = engine.vocabulary(("yes please", "no thank you"))
    worker.obey(Audio(1, silence(500) + say("yes please")[:20_000]))
    work_off(worker)
    assert vocabulary.lent == 1
    worker.obey(Close(1))
    assert vocabulary.lent == 0


def test_equal_phrases_are_one_vocabulary(engine: Engine) -> None:
    assert engine.vocabulary(["No.", "yes"]) is engine.vocabulary(["yes", "no", "yes"])


def test_words_that_no_dictionary_has_are_recognisable(engine: Engine) -> None:
    decoder = engine.vocabulary(["i want to see doctor gwynplaine"]).borrow()
    assert decoder.lookup_word("gwynplaine") == "G W IY N P L EY N"


@pytest.mark.parametrize(
    ("phrase", "spoken"), [("What's a check-up, please?", "what's a check up please"), ("24/7", ""), ("", "")]
)
def test_phrases_become_words(phrase: str, spoken: str) -> None:
    assert speakable(phrase) == spoken


def test_nothing_is_left_outside_the_directory(engine: Engine, tmp_path: Path) -> None:
    Engine(tmp_path).vocabulary(["yes"])
    assert {path.suffix for path in tmp_path.iterdir()} == {".arpa", ".dict"}
