"""The short form of the freezes of `make chaos`: a worker whose call another one has is not heard, and leaves it."""

import pytest

from tests.load.two_owners import freezes, table


@pytest.mark.timeout(240)
async def test_no_frame_comes_of_a_worker_that_stood_still_past_its_lease() -> None:
    found = await freezes(3)
    assert [each.frames_after for each in found] == [0, 0, 0], table(found)
    assert all(each.frames_before > 0 for each in found), "it did not speak when it was stopped"
    assert all(each.went_on_elsewhere for each in found)
