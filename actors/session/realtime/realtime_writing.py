"""A speech-to-speech model that writes: it answers as text what is no part of a conversation, such as a summary."""

import asyncio
from collections.abc import AsyncIterator

from actors.errors import ErrorKind, ModelError
from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from actors.rules.realtime.failures import of_only_response
from actors.rules.reply_bounds import MAX_REPLY_CHARS
from actors.runtime.closing import close_in_background
from actors.session.engine_violations import required_stream
from actors.session.realtime.guarded_realtime import GuardedRealtimeSession


class WritingModel:
    """Implements `LanguageModel`. Each request has a session that hears nothing, says nothing and calls no tools.

    Whoever asks says how long is waited for an answer: its text comes as a whole.
    """

    def __init__(self, model: port.RealtimeModel) -> None:
        self._model = model

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """Have the model write its answer.

        Raises:
            ProviderError: the model cannot be had, or has failed.
        """
        answer = _Answer()
        options = port.RealtimeOptions(
            session_id="aside",
            instructions=request.agent.instructions,
            max_tokens=request.agent.model.max_tokens,
            temperature=request.agent.model.temperature,
            speaks=False,
        )
        session = GuardedRealtimeSession(required_stream(await self._model.open(options, answer.told)), answer.told)
        try:
            for message in request.messages:
                session.add(message)
            session.respond(port.ResponseRequest(tools=False))
            await answer.done
        finally:
            close_in_background(session)
        yield TextGenerated(answer.text)
        yield ReplyGenerated(answer.prompt_tokens, answer.completion_tokens)

    async def close(self) -> None:
        """Do nothing: the model is shared with the sessions of the worker, which closes it."""


class _Answer:
    """What a session tells of its one response."""

    def __init__(self) -> None:
        self.text = ""
        self.prompt_tokens = self.completion_tokens = 0
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def told(self, event: reported.RealtimeEvent) -> None:
        if self.done.done():
            return
        if (failure := of_only_response(event)) is not None:
            self._failed(failure)
            return
        match event:
            case reported.ResponseTranscript(text=str(text)):
                self.text += text
                if len(self.text) > MAX_REPLY_CHARS:
                    self._failed(f"it had more than {MAX_REPLY_CHARS} characters")
            case reported.ResponseFinished(status=reported.ResponseStatus.COMPLETED):
                self.prompt_tokens, self.completion_tokens = event.prompt_tokens, event.completion_tokens
                self.done.set_result(None)
            case _:
                pass

    def _failed(self, detail: str) -> None:
        self.done.set_exception(ModelError(ErrorKind.UNAVAILABLE, detail))
