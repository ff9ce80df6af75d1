from app.server.processes.session_registry import SessionRegistry

ONE, OTHER = 11, 22


def test_whoever_claims_first_has_it_until_it_leaves() -> None:
    registry = SessionRegistry()
    assert registry.owner("s") == 0
    assert registry.claim("s", ONE) == ONE
    assert registry.claim("s", OTHER) == ONE
    registry.release("s", OTHER)
    assert registry.owner("s") == ONE
    registry.release("s", ONE)
    assert registry.claim("s", OTHER) == OTHER


def test_a_session_that_is_over_stays_with_its_record_and_may_be_gone_on_with_there() -> None:
    registry = SessionRegistry()
    registry.claim("s", ONE)
    registry.end("s", ONE)
    assert registry.claim("s", OTHER) == ONE
    registry.release("s", ONE)
    assert registry.owner("s") == ONE


def test_only_as_many_are_remembered_as_there_are_records_and_live_ones_are_never_forgotten() -> None:
    registry = SessionRegistry(recent=2)
    for session_id in ("live", "a", "b", "c", "again"):
        registry.claim(session_id, ONE)
    for session_id in ("again", "a", "b"):
        registry.end(session_id, ONE)
    assert registry.owner("again") == 0
    registry.claim("a", ONE)
    registry.end("c", ONE)
    registry.end("live", OTHER)
    assert [registry.owner(session_id) for session_id in ("live", "a", "b", "c")] == [ONE] * 4


def test_the_sessions_of_a_worker_end_with_it() -> None:
    registry = SessionRegistry()
    registry.claim("s", ONE)
    registry.claim("t", OTHER)
    registry.claim("u", ONE)
    registry.end("u", ONE)
    assert registry.forget(ONE) == ["s"]
    assert [registry.owner(session_id) for session_id in "stu"] == [0, OTHER, 0]


def test_a_session_that_goes_on_at_another_worker_is_that_ones_whatever_its_former_says_later() -> None:
    registry = SessionRegistry()
    registry.claim("s", ONE)
    registry.begin("s", OTHER)
    assert registry.owner("s") == OTHER
    registry.end("s", ONE)
    registry.forget(ONE)
    assert registry.owner("s") == OTHER
    registry.begin("t", ONE)
    registry.end("t", ONE)
    registry.begin("t", OTHER)
    registry.forget(ONE)
    assert registry.owner("t") == OTHER
