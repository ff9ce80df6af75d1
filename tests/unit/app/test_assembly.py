"""What a worker is put together from: each part is handed what it needs, and hears of what concerns it."""

from unittest.mock import Mock

from actors.runtime.clock import run_virtual
from app.assembly import Assembly
from tests.kit.service_kit import running


def test_the_switchboard_hears_of_the_sessions_that_end() -> None:
    async def main() -> None:
        async with running({"ACS_SOURCE_PHONE_NUMBER": "+15550111"}) as services:
            worker = Assembly(services)
            switchboard = worker.switchboard
            assert switchboard.network is None
            assert switchboard.carrier.source_number == "+15550111"
            call = worker.new_calls.adopt("call-1", "s")
            call.run = Mock()  # type: ignore[method-assign]
            services.session_events.over.notify("another")
            assert call.run.call_count == 0
            services.session_events.over.notify("s")
            assert call.run.call_count == 1
            call.run.call_args.args[0].close()
            call.cancel()

    run_virtual(main())
