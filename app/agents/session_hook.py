"""The function `on_session` of an agent: it may look the caller up before the greeting.

    async def on_session(about: SessionContext) -> dict[str, str]:
        customer = await customers.by_number(about.caller)
        return {"customer_name": customer.name}

What it returns is added to the session's context: the agent's variables have their values from there, its model is
told of all of it, and tools find it in `ToolContext.about`. It is user code on the way of every call: it has a bound in
time, and whatever it does, the call goes on.
"""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextvars import copy_context
from functools import cache, partial
from typing import Any

import msgspec

from actors.agent import Agent
from actors.rules.unicode_text import well_formed_json
from actors.runtime.failure_counters import Failure, report_failure
from actors.runtime.time_limit import OverdueError, within
from actors.runtime.tool_threads import ToolThreads
from actors.session_context import SessionContext, bounded
from app.plugins import PluginError, in_one_line, resolve

log = logging.getLogger(__name__)

Lookup = Callable[[SessionContext], Awaitable[SessionContext]]


def require_hook(reference: str) -> None:
    """See that `reference` can be called with what is known of a session.

    Raises:
        PluginError: it cannot; the text says what is missing.
    """
    function = resolve(reference)
    if not callable(function):
        raise PluginError(f"{reference} is no function")
    try:
        inspect.signature(function).bind(SessionContext())
    except TypeError:
        raise PluginError(f"{reference} must take one argument: what is known of the session") from None


def lookup_of(agent: Agent) -> Lookup | None:
    """What completes the context of the agent's sessions; None if it has no such function."""
    return partial(_looked_up, agent.on_session, agent.limits.on_session_s) if agent.on_session else None


async def _looked_up(reference: str, within_s: float, about: SessionContext) -> SessionContext:
    """`about` with what the function returns; as it is if the function fails or takes too long."""
    try:
        return _with(about, await within(within_s, _call(reference, within_s, about)))
    except BaseException as error:
        task = asyncio.current_task()
        if isinstance(error, GeneratorExit) or (task is not None and task.cancelling()):
            raise
        # Whatever it is, the call goes on. The text of an exception may quote who calls; its class does not.
        is_late = isinstance(error, OverdueError)
        cause = f"it took more than {within_s:g} s" if is_late else in_one_line(error, with_text=False)
        report_failure(
            Failure.HOOK, log, "%s failed, the session begins without it: %s", reference, cause, hook=reference
        )
        return about


async def _call(reference: str, within_s: float, about: SessionContext) -> Any:
    function = resolve(reference)
    if inspect.iscoroutinefunction(function):
        return await function(about)
    called = partial(copy_context().run, function, about)
    found = await asyncio.get_running_loop().run_in_executor(_threads(reference, within_s), called)
    return await found if inspect.isawaitable(found) else found


@cache
def _threads(reference: str, within_s: float) -> ToolThreads:
    return ToolThreads(reference, within_s)


def _with(about: SessionContext, found: Any) -> SessionContext:
    if found is None:
        return about
    value = bounded(well_formed_json(msgspec.to_builtins(found, str_keys=True)))
    if not isinstance(value, Mapping):
        raise TypeError("it must return a mapping, or nothing")
    language = value.get("language")
    return msgspec.structs.replace(
        about,
        context={**about.context, **value},
        language=language if isinstance(language, str) and language else about.language,
    )
