"""Lines of the log know which session they are about, whoever writes them."""

import asyncio
from typing import Any

from actors.runtime.clock import run_virtual
from actors.runtime.exits import order_stop
from actors.runtime.log_context import SessionIds, content, ids_of_line, work_for
from actors.runtime.session_trace import Stage, Trace
from actors.runtime.supervised_actor import SupervisedActor
from tests.kit.spans import recorded_spans


class Speaker(SupervisedActor):
    """Notes the ids that a line would have, from its handler and from a task."""

    def __init__(self, trace: Trace, seen: list[dict[str, str | int]]) -> None:
        super().__init__("speaker", None, trace)
        self._seen = seen

    def on_start(self) -> None:
        self._seen.append(ids_of_line())

    def on_receive(self, message: Any) -> None:
        self._seen.append(ids_of_line())
        self.spawn(self._task(), "task")

    def on_end(self) -> None:
        self._seen.append(ids_of_line())

    async def _task(self) -> None:
        await asyncio.sleep(0.01)
        self._seen.append(ids_of_line())


def of_session(number: int) -> Trace:
    trace = Trace()
    trace.session_started(f"session-{number}", "media", "ada", call_id="call" if number == 2 else "")
    return trace


def test_handlers_and_their_tasks_are_about_their_own_session_however_they_alternate() -> None:
    seen: dict[int, list[dict[str, str | int]]] = {1: [], 2: []}

    async def main() -> None:
        traces = {number: of_session(number) for number in seen}
        refs = {number: Speaker.start(traces[number], seen[number]) for number in seen}
        traces[1].turn_started(3)
        for _ in range(3):
            for ref in refs.values():
                ref.tell("hello")
            await asyncio.sleep(0.1)
        for ref in refs.values():
            order_stop(ref)
        await asyncio.sleep(0.1)
        assert ids_of_line() == {}

    run_virtual(main())
    assert seen[1] == [{"session_id": "session-1", "turn": 3}] * 8
    assert seen[2] == [{"session_id": "session-2", "call_id": "call"}] * 8


def test_a_socket_says_which_session_it_is_about_before_there_is_an_actor() -> None:
    async def connection(number: int) -> dict[str, str | int]:
        work_for(SessionIds(f"session-{number}", "call-1" if number else ""))
        await asyncio.sleep(0)
        return ids_of_line()

    async def main() -> list[dict[str, str | int]]:
        return list(await asyncio.gather(connection(0), connection(1)))

    assert asyncio.run(main()) == [{"session_id": "session-0"}, {"session_id": "session-1", "call_id": "call-1"}]


def test_where_traces_are_recorded_a_line_names_its_trace() -> None:
    with recorded_spans("actors.runtime.session_trace") as spans:
        trace = of_session(1)
        assert trace.ids()["trace_id"]
        trace.begin(Stage.MODEL)
        with trace.inside(Stage.MODEL):
            ids = ids_of_line()
        trace.session_ended("NORMAL")
        assert ids["trace_id"] == trace.ids()["trace_id"]
        model = next(span for span in spans.get_finished_spans() if span.name == "chat")
        assert model.context is not None
        assert ids["span_id"] == f"{model.context.span_id:016x}"


def test_what_holds_content_is_named_by_its_mark() -> None:
    assert content(text="hello", caller="+1") == {"text": "hello", "caller": "+1", "content": "text caller"}
