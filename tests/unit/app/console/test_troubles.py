"""What is wrong, in words, and in which order."""

from actors.runtime.actor_state import ActorState
from app.console.troubles import (
    MOST_CHARS,
    MOST_TROUBLES,
    Trouble,
    troubles_of_session,
    troubles_of_worker,
    weight_of,
    worst_first,
)


def actor(name: str = "recognizer", **changes: object) -> ActorState:
    state: dict[str, object] = {
        "name": name, "actor_class": "Recognizer", "state": "running", "mailbox_urgent": 0, "mailbox": 0, "dropped": 0,
        "handled": 9, "restarts": 0, "last_error": "", "last_message_age_s": 0.1,
    }  # fmt: skip
    return ActorState(**(state | changes))  # type: ignore[arg-type]


def of_session(
    *actors: ActorState, state: str = "connected", age_s: float = 1.0, rebuilt: int = 0, **errors: str
) -> list[str]:
    found = troubles_of_session(actors, state=state, age_s=age_s, rebuilt=rebuilt, last_errors=errors)
    return [trouble.text for trouble in found]


def test_a_healthy_session_has_none() -> None:
    assert of_session(actor(), actor("synthesizer", last_message_age_s=None, mailbox=3)) == []
    assert weight_of([]) == 0


def test_a_stuck_actor_comes_before_a_restarted_one_and_that_before_a_full_mailbox() -> None:
    found = of_session(
        actor("synthesizer", mailbox=150),
        actor("orchestrator", restarts=2),
        actor(mailbox=4, mailbox_urgent=1, last_message_age_s=7.4),
        state="waiting",
        orchestrator="ValueError at x.py:1",
    )
    assert found == [
        "recognizer is stuck: 5 messages wait, none was handled for 7 s",
        "orchestrator was started again 2 times: ValueError at x.py:1",
        "the mailbox of synthesizer is full: 150 messages wait",
        "its connection is lost, and is waited for",
    ]


def test_an_actor_that_has_never_come_to_its_mail_is_stuck_once_the_session_is_old_enough() -> None:
    never = actor("synthesizer", last_message_age_s=None, mailbox=3)
    assert of_session(never, age_s=9.0) == ["synthesizer is stuck: 3 messages wait, none was handled for 9 s"]
    assert of_session(actor("synthesizer", last_message_age_s=None), age_s=9.0) == []


def test_a_silent_actor_without_mail_is_not_stuck_and_dropped_audio_is_told() -> None:
    assert of_session(actor(last_message_age_s=600.0, dropped=12)) == ["recognizer has dropped 12 messages"]
    assert of_session(rebuilt=1) == ["the session was rebuilt: its supervisor had failed"]


def test_a_worker_says_what_keeps_it_from_its_work() -> None:
    fine = {
        "phase": "ready", "lag_ms": 3.0, "max_lag_ms": 100.0, "sessions": 4, "max_sessions": 9, "starts_sessions": True,
        "breakers": {}, "degradations": {},
    }  # fmt: skip
    assert troubles_of_worker(**fine) == []  # type: ignore[arg-type]
    ill = fine | {
        "phase": "draining", "lag_ms": 412.0, "sessions": 9, "starts_sessions": False,
        "breakers": {"language_model azure": "open"},
    }  # fmt: skip
    assert [trouble.text for trouble in troubles_of_worker(**ill)] == [  # type: ignore[arg-type]
        "its event loop is 412 ms late: it takes no more sessions",
        "it cannot start sessions any more: drain it",
        "language_model azure: circuit breaker open",
        "it is full: 9 sessions",
        "it drains",
    ]
    degraded = troubles_of_worker(**(fine | {"degradations": {"the fast path": "another Hypercorn"}}))  # type: ignore[arg-type]
    assert [trouble.text for trouble in degraded] == ["the fast path is degraded: another Hypercorn"]


def test_a_list_of_troubles_and_each_of_them_are_bounded() -> None:
    found = worst_first(Trouble(weight, "x" * 500) for weight in range(20))
    assert [trouble.weight for trouble in found] == list(range(19, 19 - MOST_TROUBLES, -1))
    assert {len(trouble.text) for trouble in found} == {MOST_CHARS}
    assert weight_of(found) == 19
