"""The session before the session: it asks for the access code, and nothing of the agent's own can be reached in it.

It is a session like any other, with a model that knows nothing but the code: keys, time limits and interruptions work
as they always do. Its words are neither stored nor shown, since they would hold the code.
"""

from collections.abc import AsyncIterator, Callable

import msgspec

from actors.agent import Agent
from actors.conversation import ANY_KEYS, Role
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.tools import end_conversation
from actors.turn_taking_settings import BargeIn, PhasePolicy
from app.telephony.inbound.access_code_check import Verdict

ATTEMPTS = 3
LONGEST_S = 120.0
PROMPTS = 2
"""How often a caller who presses no key is asked again."""
SUFFIX = "-code"

_KEYS_ONLY = PhasePolicy(protected=True)


class AccessCodeModel:
    """Implements `LanguageModel` for one call.

    `judge` looks at the keys that were pressed; `accept` is called once, when the code was given.
    """

    def __init__(self, judge: Callable[[str], Verdict], agent: Agent, accept: Callable[[], None]) -> None:
        self._judge = judge
        self._phrases = agent.phrases
        self._accept = accept
        self._wrong = 0

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """Let the caller in, ask again, or give up."""
        said = request.messages[-1]
        if said.role is Role.USER:
            for event in self._answer("".join(said.text.split())):
                yield event
        yield ReplyGenerated()

    def _answer(self, keys: str) -> list[ModelEvent]:
        verdict = self._judge(keys)
        if verdict is Verdict.ACCEPTED:
            self._accept()
            return [TextGenerated(self._phrases.code_accepted), _END]
        self._wrong += 1
        if verdict is Verdict.WRONG and self._wrong < ATTEMPTS:
            return [TextGenerated(self._phrases.wrong_code)]
        return [TextGenerated(self._phrases.goodbye), _END]

    async def close(self) -> None:
        """Do nothing: the model holds no connection open."""


_END = ToolCalled(call_id="end", name=end_conversation.name, arguments="{}")
TOOLS = {end_conversation.name: end_conversation}
"""The tools of the model in the session that asks for the code."""


def gatekeeper(agent: Agent) -> Agent:
    """The agent that asks callers of `agent` for the code, in the same voice. Nothing that callers say is heard, so
    one who presses no key is asked again."""
    return msgspec.structs.replace(
        agent,
        name=f"{agent.name}{SUFFIX}",
        greeting=agent.phrases.enter_code,
        phrases=msgspec.structs.replace(agent.phrases, no_input=(agent.phrases.enter_code,) * PROMPTS),
        in_language={},
        barge_in=BargeIn(greeting=_KEYS_ONLY, speaking=_KEYS_ONLY, thinking=_KEYS_ONLY, tool=_KEYS_ONLY),
        limits=msgspec.structs.replace(agent.limits, max_session_s=min(LONGEST_S, agent.limits.max_session_s)),
        keys=ANY_KEYS,
        tools=(),
        handoffs=(),
        guardrails=(),
        # It costs time, and who calls is not known yet.
        on_session="",
    )
