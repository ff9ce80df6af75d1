"""Many calls, one after the other: nothing of them is left."""

import pytest

from tests.cloud.acs.caller import Caller
from tests.cloud.acs.identifiers import phone as number
from tests.kit.virtual_time import on_virtual_time
from tests.service.telephony.telephone_kit import telephone
from tests.service.telephony.test_many_calls import settled, short_call

# Most of their time they wait, and for longer where others want the machine.
pytestmark = pytest.mark.timeout(400)

ONE_BY_ONE = 200


@on_virtual_time
async def test_two_hundred_calls_one_after_the_other_leave_nothing() -> None:
    async with telephone() as phone:
        # Connections that are kept for the next request come into being with the first calls.
        for index in range(5):
            await short_call(phone, Caller(number(f"+1555020{index}"), keep_sound=True))
        tasks, open_ = await settled(phone)
        for index in range(ONE_BY_ONE):
            await short_call(phone, Caller(number(f"+155503{index:04}"), keep_sound=True))
        tasks_after, open_after = await settled(phone)
        assert tasks_after <= tasks
        assert open_after <= open_ + 2
        page = (await phone.rest.get("/calls", params={"status_filter": "disconnected"})).json()
        assert page["total"] == ONE_BY_ONE + 5
