"""The making of replies: the model is asked, what it says is written, and the tools that it calls are run."""

from typing import assert_never

import msgspec

from actors.conversation import ExpectedAnswer, HandoffMade, UtteranceKind
from actors.messages.model import (
    HandedOff,
    ModelFailed,
    ReplyGoesOn,
    ReplyTrouble,
    SessionSpent,
    ToolFinished,
)
from actors.messages.transcript import FinalTranscript
from actors.ports.llm import MemoryUpdated, ReplyGenerated, TextGenerated, ToolCalled
from actors.rules.turn_taking.core import THINKING
from actors.rules.turn_taking.effects import SPOKEN, StartReply
from actors.session.engine_events import ClauseJudged, ModelPaused, ModelReported
from actors.session.ongoing_conversation import OngoingConversation
from actors.session.replies.generation import ReplySource
from actors.session.replies.guardrail_model import GuardrailModel
from actors.session.replies.held_clauses import HeldClauses
from actors.session.replies.model_asking import TROUBLES, ModelAsking
from actors.session.replies.preemptive_reply import ModelMessage, PreemptiveReply
from actors.session.replies.reply_ending import ReplyEnding
from actors.session.replies.reply_filter import ReplyFilter
from actors.session.replies.reply_text import ReplyText
from actors.session.replies.reply_writer import ReplyWriter
from actors.session.replies.spending import Spending
from actors.session.replies.summaries import Summaries
from actors.session.tools.handoffs import Handoffs
from actors.session.tools.tool_rounds import ToolRounds
from actors.session.tools.tool_runs import ToolRuns


class ReplyMaker:
    """Makes the reply of the turn in hand: at most one at a time.

    Args:
        conversation: whose replies they are; the connection is shown the transcript that is answered.
        source: what makes the replies.
        writer: takes the text.
        filters: what of the model's text is spoken.
        tool_runs: runs the tools.
        handoffs: gives the conversation to another agent.
        spending: counts what the replies cost.
        guardrails: judges each clause before it is heard; None: only patterns do.
    """

    def __init__(
        self,
        conversation: OngoingConversation,
        *,
        source: ReplySource,
        writer: ReplyWriter,
        filters: ReplyFilter,
        tool_runs: ToolRuns,
        handoffs: Handoffs,
        spending: Spending,
        guardrails: GuardrailModel | None = None,
    ) -> None:
        log, plan = conversation.log, conversation.plan
        self._connection = conversation.connection
        self._turn = conversation.turn
        self._tell_turn_taking = conversation.tell_turn_taking
        self._trace = conversation.trace
        self._plan = plan
        self._clock = conversation.clock
        self._history = log.history
        self._writer = writer
        self._generation = source
        self._handoffs = handoffs
        self._spending = spending
        self._asking = ModelAsking(plan, log.history, source, conversation.clock, lambda: log.language)
        self._rounds = ToolRounds(conversation, tool_runs, handoffs, self._tools_back)
        self._text = ReplyText(
            writer,
            filters,
            turn_number=self._turn_number,
            on_end=self._ended_by_filter,
            on_forbidden=self._forbidden,
            held=self._held_for(guardrails) if guardrails is not None else None,
        )
        self._ending = ReplyEnding(conversation, self._text, writer)
        self.preemptive = PreemptiveReply(
            conversation, asking=self._asking, source=source, handoffs=handoffs, spending=spending
        )
        """The reply that is begun before the caller's words are final."""
        self.summaries = Summaries(plan, log.history, source, lambda: self._asking.max_chars, spending)
        """Keeps the conversation that the model reads short."""
        self._told_before: list[ModelMessage] = []
        """The messages that the model has sent of the reply in hand before the reply was asked for."""
        self._tool_rounds = 0
        """How often the model has called tools in the reply in hand, including the time of a former orchestrator."""
        self._transcript: FinalTranscript | None = None
        """What was recognised since the last reply was begun, from its first word to its last; None if nothing was."""

    def _held_for(self, guardrails: GuardrailModel) -> HeldClauses:
        return HeldClauses(guardrails, self._plan.agent.guardrail_model.on_failure, self._spending, self._asked)

    def _turn_number(self) -> int:
        return self._turn.state.turn_number

    def _forbidden(self, guardrail: int) -> None:
        self._ending.forbidden(guardrail)

    def _asked(self) -> tuple[int, str]:
        """The turn in hand, and the words of the caller that are answered in it."""
        turn = self._turn_number()
        return turn, self._history.user_text(turn)

    # the reply

    def note_transcript(self, final: FinalTranscript) -> None:
        """Add one more utterance to what the next reply answers: as uncertain as the least certain of them."""
        if (before := self._transcript) is not None:
            confidence = min(before.confidence, final.confidence)
            final = msgspec.structs.replace(final, start_ms=before.start_ms, confidence=confidence)
        self._transcript = final

    def start(self, order: StartReply) -> None:
        """Record and show what is answered, and ask the model; go on with a turn that a former orchestrator began."""
        self._trace.turn_started(order.turn)
        if self._history.has_turn(order.turn) or self._history.tool_rounds(order.turn):
            self._go_on(order)
            return
        transcript, self._transcript = self._transcript or FinalTranscript(text=order.text), None
        transcript = msgspec.structs.replace(transcript, text=order.text, turn=order.turn)
        told = self.preemptive.take(transcript.confidence) if order.is_preempted else None
        self._history.add_user_words(
            order.text, order.turn, self._clock.wall(), continues=order.continues, confidence=transcript.confidence
        )
        self._end_if_spent()
        if order.text and SPOKEN not in order.text:
            self._connection.show(transcript)
        self._text.reply, self._tool_rounds = order.reply, 0
        self._rounds.forget()
        self._asking.begin()
        self._text.follow("")
        if told is None:
            self._ask_model()
        else:
            self._told_before = told

    def catch_up(self) -> None:
        """Write what the model has told of the reply before it was asked for: once turn-taking's orders are done."""
        if not self._told_before:
            return
        told, self._told_before = self._told_before, []
        for message in told:
            if isinstance(message, ModelReported):
                self.model_reported(message)
            else:
                self.model_paused(message)

    def cancel(self) -> None:
        """Make nothing more of the reply in hand: its stream is closed, its tools that may be cancelled are."""
        self._generation.cancel()
        self._rounds.cancel()
        self._text.cancel()
        self._writer.finish(self._text.reply)

    @property
    def owes_answer(self) -> bool:
        """Whether tools were called in the turn in hand, and nothing that follows from them was written yet."""
        state = self._turn.state
        if state.agent not in THINKING or not self._history.tool_rounds(state.turn_number):
            return False
        return self._writer.model_text(state.turn_number) == self._writer.text_before_tools

    def finish_former(self) -> bool:
        """Have what a former orchestrator was writing spoken as far as it goes; whether that was the turn's reply.

        A reply that waits for its tools goes on when they are back.
        """
        turn = self._turn.state.turn_number
        begun = self._writer.unfinished()
        if self.owes_answer:
            begun = [p for p in begun if p.turn != turn or p.kind is not UtteranceKind.REPLY]
        for pending in begun:
            self._writer.finish(pending.reply)
        return any(p.turn == turn and p.kind is UtteranceKind.REPLY for p in begun)

    def _go_on(self, order: StartReply) -> None:
        """Go on with a turn that a former orchestrator began: with its tools, and what they came to."""
        self._text.reply, self._tool_rounds = order.reply, self._history.tool_rounds(order.turn)
        self._text.follow(self._writer.text(self._text.reply))
        self._asking.begin()
        if not self._rounds.resume(order.turn):
            self._ask_model()

    def retracted(self, text: str) -> None:
        """Go on behind `text`, the beginning of what the model has said of the reply: the rest will not be heard."""
        self._text.retract(text)

    def sounding(self) -> None:
        """Write all that has come of the reply, which its model speaks by itself: it may be heard from now on."""
        self._text.release()

    # the model

    def _ask_model(self) -> None:
        turn = self._turn.state.turn_number
        if self._tool_rounds > 0:
            self._asking.ask(turn, self._writer.text(self._text.reply).strip())
        else:
            self._asking.ask(turn, "", self._handoffs.first_note(turn))

    def model_reported(self, message: ModelReported) -> None:
        """Write what the model says, and note the tools that it wants."""
        if self._is_kept(message) or not self._is_wanted(message):
            return
        match message.event:
            case TextGenerated(text):
                if self._turn.state.is_asked_on:
                    self._tell_turn_taking(ReplyGoesOn(message.turn))
                self._text.push(text)
            case ToolCalled():
                self._generation.tool_calls.append(message.event)
            case MemoryUpdated(memory):
                self._history.memory = memory
            case ReplyGenerated(prompt_tokens, completion_tokens, cut, expected):
                self._trace.model_used(prompt_tokens, completion_tokens)
                self._spending.replied(prompt_tokens + completion_tokens, len(self._text.written))
                self._end_if_spent()
                if self._text.finish(is_cut=cut):
                    self._text.when_judged(lambda: self._generated(expected))
            case _:
                assert_never(message.event)

    def model_paused(self, message: ModelPaused) -> None:
        """Have spoken what is complete of the reply, as far as can be told: more may be long in coming."""
        if not self._is_kept(message) and self._is_wanted(message):
            self._text.pause()

    def _is_wanted(self, message: ModelReported | ModelPaused | ModelFailed) -> bool:
        """Whether a message is of the stream in which the reply in hand is made."""
        state = self._turn.state
        is_of_stream = message.stream in (0, self._generation.stream)
        return is_of_stream and message.turn == state.turn_number and state.agent in THINKING

    def _is_kept(self, message: ModelMessage) -> bool:
        """Whether a message is of a pre-emptive reply, which keeps it until the caller's words are final."""
        if not self.preemptive.is_made_in(message.stream):
            return False
        self.preemptive.told(message)
        return True

    def model_failed(self, message: ModelFailed) -> None:
        """Ask again where that may help; else have what was written spoken, and let turn-taking decide how to go on."""
        if self.preemptive.is_made_in(message.stream):
            self.preemptive.failed(message)
        if not self._is_wanted(message):
            return
        if self._text.is_empty and self._asking.ask_with_less(message):
            return
        trouble = TROUBLES.get(message.kind, ReplyTrouble.NO_ANSWER)
        if trouble is ReplyTrouble.REFUSED:
            self._history.withhold(message.turn)
        self._ending.failed(message.turn, f"the language model failed: {message.kind}, {message.detail}", trouble)

    def clause_judged(self, message: ClauseJudged) -> None:
        """Have a clause heard that was held, or none of it and nothing of the reply behind it."""
        self._text.judged(message)

    def _end_if_spent(self) -> None:
        if self._spending.report_spent():
            self._tell_turn_taking(SessionSpent())

    def _generated(self, expected: ExpectedAnswer | None) -> None:
        if self._generation.tool_calls and self._turn.state.ending is None:
            self._run_tools()
            return
        if self._ending.owes_words and self._asking.ask_for_words():
            self._text.begin_again()
            return
        if self._ending.owes_words and self._tool_rounds:
            self._ending.failed(
                self._turn.state.turn_number, "the language model says nothing of what its tools have found"
            )
            return
        self._written_out(expected)

    def _ended_by_filter(self) -> None:
        self._generation.cancel()
        self._text.when_judged(self._written_out)

    def _written_out(self, expected: ExpectedAnswer | None = None) -> None:
        turn = self._turn.state.turn_number  # what is told of the reply may begin the next one
        self._ending.written(expected)
        self.summaries.look(turn)

    # tools

    def _run_tools(self) -> None:
        turn = self._turn.state.turn_number
        wanted, self._generation.tool_calls = self._generation.tool_calls, []
        self._tool_rounds += 1
        if self._tool_rounds > self._plan.agent.model.max_tool_rounds:
            if not self._asking.ask_without_tools():
                self._ending.failed(turn, f"the language model called tools {self._tool_rounds} times in one reply")
            return
        self._spending.called(len(wanted))
        self._end_if_spent()
        self._text.follow(self._writer.text(self._text.reply))
        self._rounds.run(wanted, turn)

    def take_over_tools(self) -> None:
        """Record what became of the tools that the former orchestrator, or the one of another process, began."""
        self._rounds.take_over()

    def tool_finished(self, message: ToolFinished) -> None:
        """Record the result of a tool; the model goes on when all that it called together are back."""
        self._rounds.finished(message)

    def _tools_back(self, turn: int, handoff: HandoffMade | None) -> None:
        """The model goes on, or that of the agent to which the tools have handed the conversation."""
        if handoff is None:
            self._ask_model()
            return
        has_text = self._writer.is_begun(self._text.reply)
        self._writer.finish(self._text.reply)
        self._text.follow("")
        # Each agent's model has notes of its own.
        self._history.memory = {}
        self._handoffs.note(handoff)
        self._tell_turn_taking(HandedOff(turn, has_text))
        self._handoffs.announce(handoff)
