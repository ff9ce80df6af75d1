"""Which records the store in memory keeps when there are too many: what was said, and a share for every client."""

import asyncio

from actors.conversation import ChatMessage, Role, SessionRecord
from app.stores.memory import MemoryStore


def record(session_id: str, said: str = "hello", state: str = "active") -> SessionRecord:
    messages = (ChatMessage(role=Role.USER, text=said),) if said else ()
    return SessionRecord(
        session_id=session_id,
        mode="media",
        agent="tester",
        state=state,
        created_at=0.0,
        updated_at=0.0,
        messages=messages,
    )


def kept(store: MemoryStore, *records: SessionRecord) -> list[str]:
    async def main() -> list[str]:
        for each in records:
            await store.save(each)
        return [each.session_id for each in await store.recent()]

    return asyncio.run(main())


def test_the_newest_record_stands_first_and_replaces_the_former_one_of_its_session() -> None:
    store = MemoryStore(keep=3)
    assert kept(store, record("a"), record("b"), record("a", state="ended")) == ["a", "b"]
    found = asyncio.run(store.load("a"))
    assert found is not None
    assert found.state == "ended"
    assert asyncio.run(store.load("c")) is None


def test_sessions_in_which_the_caller_said_nothing_go_before_any_other() -> None:
    store = MemoryStore(keep=3)
    assert kept(store, record("old"), record("silent", ""), record("silent too", ""), record("new")) == [
        "new",
        "silent too",
        "old",
    ]
    assert kept(store, record("newer"), record("newest")) == ["newest", "newer", "new"]


def test_a_session_that_is_silent_at_first_and_then_spoken_in_counts_as_spoken_in() -> None:
    store = MemoryStore(keep=2)
    assert kept(store, record("a", ""), record("a"), record("b", ""), record("c", "")) == ["c", "a"]


def test_a_client_that_opens_sessions_without_end_pushes_out_only_its_own() -> None:
    store = MemoryStore(keep=10, owner_of=lambda session_id: session_id.partition("-")[0])
    others = [record("ann-1"), record("ben-1"), record("ben-2")]
    left = kept(store, *others, *(record(f"flood-{number}") for number in range(50)))
    assert [name for name in left if not name.startswith("flood")] == ["ben-2", "ben-1", "ann-1"]
    assert left[:7] == [f"flood-{number}" for number in range(49, 42, -1)]


def test_a_client_is_remembered_after_its_session_has_ended() -> None:
    live = {"a": "ann", "b": "ann"}
    store = MemoryStore(keep=2, owner_of=lambda session_id: live.get(session_id, ""))
    kept(store, record("a"), record("b"))
    live.clear()
    # Ann has two records, the unknown client of c has one: the oldest of Ann's goes although c is newer.
    assert kept(store, record("a", state="ended"), record("c")) == ["c", "a"]


def test_sessions_of_unknown_clients_share_no_room_and_the_oldest_goes() -> None:
    assert kept(MemoryStore(keep=2), record("a"), record("b"), record("c")) == ["c", "b"]
