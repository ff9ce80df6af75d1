"""A store whose records others hear of: first they, then the store, whether or not it takes them."""

import pytest

from actors.conversation import SessionRecord
from actors.errors import StoreError
from app.stores.observed import ObservedStore
from tests.kit.fakes import FakeStore
from tests.kit.faults import Fault, Faults, Plan

RECORD = SessionRecord(session_id="s", mode="media", agent="a", state="live", created_at=0.0, updated_at=0.0)


async def test_what_is_stored_is_heard_of_and_found() -> None:
    heard: list[SessionRecord] = []
    store = ObservedStore(FakeStore(), heard.append)
    await store.save(RECORD)
    assert heard == [RECORD]
    assert await store.load("s") == RECORD
    assert await store.load("another") is None
    assert await store.recent() == [RECORD]
    await store.close()


async def test_what_the_store_does_not_take_is_heard_of_as_well() -> None:
    heard: list[SessionRecord] = []
    store = ObservedStore(FakeStore(Faults(Plan("store.save", Fault.FAIL))), heard.append)
    with pytest.raises(StoreError):
        await store.save(RECORD)
    assert heard == [RECORD]
