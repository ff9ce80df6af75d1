"""Events of a call that are delivered more than once count once."""

from app.telephony.seen_events import KEPT, SeenEvents


def test_an_event_is_new_once() -> None:
    seen = SeenEvents()
    assert [seen.add(event) for event in ("a", "b", "a", "a", "b")] == [True, True, False, False, False]


def test_events_without_an_id_cannot_be_told_apart_and_all_count() -> None:
    seen = SeenEvents()
    assert seen.add("")
    assert seen.add("")


def test_only_the_latest_are_remembered() -> None:
    seen = SeenEvents()
    assert all(seen.add(str(number)) for number in range(KEPT + 1))
    assert not seen.add(str(KEPT))
    assert not seen.add("1")
    assert seen.add("0")
