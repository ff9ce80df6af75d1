"""All that a conversation of the usual mode has, where a speech-to-speech model holds it, in both dialects.

The client is ours, the service is the emulated one, the engines beside are fakes. The rows of a table converse at once,
each with a service of its own.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actors.agent import (
    Agent,
    Guardrail,
    GuardrailAction,
    GuardrailModel,
    Handoff,
    InLanguage,
    Phrases,
    Voice,
    VoicemailAction,
)
from actors.conversation import Ending, Role, UtteranceKind
from actors.mcp_server import McpServerOptions
from actors.messages.caller import EndSession, HoldEnded, HoldStarted, KeyPressed, TextEntered
from actors.messages.model import ToolFinished
from actors.messages.output import AudioFrame, ReplyHeard
from actors.messages.transcript import FinalTranscript
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from actors.ports.stt import RecognitionEvent, RecognitionOptions
from actors.rules.agent_language import speaking
from actors.session.modes.voice_live import VOICE_LIVE
from actors.session.plan import TeamMember
from actors.session.replies.model_asking import NO_MORE_TOOLS
from actors.session.tools.approvals import Decision
from actors.session_context import OUTBOUND, Channel, SessionContext
from actors.tool_outcome import ToolOutcome
from actors.tools import AnyTool, ToolContext, ToolEnding, tool
from app.agents.handoffs import handoff_tools
from app.agents.knowledge import Knowledge, knowledge_tool
from app.api.transcripts import transcript_response
from app.mcp.tool import McpTool
from app.providers.absent import AbsentRecognizer
from app.providers.realtime.model import RealtimeService
from app.providers.realtime.resource import RealtimeResource
from app.tools.language import switch_language
from app.tools.telephone import transfer_with_briefing
from tests.cloud.realtime.emulator import RealtimeEmulator
from tests.cloud.realtime.replies import WORD_MS, Call, Heard, Reply
from tests.cloud.realtime.service_session import ServiceSession
from tests.kit.fakes import FakeModel, FakeRecognition, FakeRecognizer
from tests.kit.session_kit import Stage, stage
from tests.kit.virtual_time import on_virtual_time
from tests.service.providers.realtime.conversing import ga, voice_live
from tests.unit.actors.session.realtime.realtime_kit import SILENT

WAIT_S = 60.0
VOICES = {"ga": ("marin", "cedar"), "voice_live": ("en-US-AvaMultilingualNeural", "de-DE-KatjaNeural")}
RESOURCES: Mapping[str, Callable[[RealtimeEmulator], RealtimeResource]] = {"ga": ga, "voice_live": voice_live}
ANSWER = "It is open."
ON_THE_PHONE = SessionContext(channel=Channel.TELEPHONE, direction=OUTBOUND)
MACHINE = "You have reached Anna. Please leave a message after the tone."


class Conversation:
    """One session, its service, and the dialect in which they speak with each other."""

    def __init__(self, on: Stage, service: RealtimeEmulator, dialect: str) -> None:
        self.on = on
        self.service = service
        self.dialect = dialect

    async def far(self, number: int = 0) -> ServiceSession:
        """The service's side of connection `number`, once it has its settings."""
        async with asyncio.timeout(WAIT_S):
            far = await self.service.session(number)
        await far.received.until(lambda message: message["type"] == "session.update", WAIT_S)
        return far

    async def says(self, ms: int = 700) -> None:
        """The caller says something."""
        await self.far()
        await self.on.talk(ms)

    async def hears(self, text: str, kind: UtteranceKind = UtteranceKind.REPLY) -> ReplyHeard:
        """What the caller has heard of this kind, once these words are in it."""
        told = [each for each in await self._heard(lambda each: each.kind is kind and text in each.text)]
        return told[0]

    async def _heard(self, wanted: Callable[[ReplyHeard], bool]) -> list[ReplyHeard]:
        await self.on.ear.until(lambda ear: any(wanted(each) for each in ear.of(ReplyHeard)), WAIT_S)
        return [each for each in self.on.ear.of(ReplyHeard) if wanted(each)]

    async def ended(self) -> Ending | None:
        """How the session has ended, once it has."""
        await self.on.ear.until(lambda ear: ear.ended is not None, WAIT_S)
        return self.on.ear.ended

    def outcomes(self) -> list[str]:
        """What the tools came to, as the model is told of it."""
        return [each.outcome.text for each in self.on.ear.of(ToolFinished)]


Test = Callable[[str], Awaitable[None]]


@asynccontextmanager
async def conversing(
    dialect: str,
    *replies: Reply,
    agent: Agent = SILENT,
    heard: Sequence[Heard] = (),
    tools: Sequence[AnyTool] = (),
    plan: Mapping[str, Any] | None = None,
    recognizer: Any = None,
    **more: Any,
) -> AsyncIterator[Conversation]:
    """A session whose model answers so, and what its turns are understood as."""
    async with RealtimeEmulator() as service:
        service.plan.default = Reply(text=ANSWER)
        service.plan.replies.extend(replies)
        service.plan.heard.extend(heard)
        async with (
            closing(RealtimeService(RESOURCES[dialect](service))) as model,
            stage(
                mode=VOICE_LIVE,
                agent=agent,
                recognizer=recognizer or AbsentRecognizer(),
                realtime=model,
                tools={each.name: each for each in tools},
                tap=lambda entry: entry.change_plan(**plan or {}),
                **more,
            ) as on,
        ):
            yield Conversation(on, service, dialect)


@asynccontextmanager
async def closing(model: RealtimeService) -> AsyncIterator[RealtimeService]:
    """A client that is closed in the end."""
    try:
        yield model
    finally:
        await model.close()


def of_type(far: ServiceSession, kind: str) -> list[dict[str, Any]]:
    """The messages of this type that the service was sent."""
    return far.received.where(lambda message: message["type"] == kind)


def results(far: ServiceSession) -> list[str]:
    """The results of tools that the service was told."""
    items = [message["item"] for message in of_type(far, "conversation.item.create")]
    return [item["output"] for item in items if item["type"] == "function_call_output"]


def session_of(far: ServiceSession) -> dict[str, Any]:
    """The settings that a session of the service was given."""
    session: dict[str, Any] = of_type(far, "session.update")[0]["session"]
    return session


def voice_of(far: ServiceSession) -> str:
    """The name of the voice in which a session of the service speaks."""
    session = session_of(far)
    voice = session.get("voice") or session["audio"]["output"]["voice"]
    return str(voice["name"] if isinstance(voice, dict) else voice)


# tools


async def a_tool_is_run(dialect: str) -> None:
    ran: list[str] = []

    @tool
    async def book(day: str) -> str:
        """Book a table."""
        ran.append(day)
        return "booked for two"

    calls = Reply(text="One moment.", calls=(Call("book", {"day": "Friday"}),))
    async with conversing(dialect, calls, Reply(text="You have a table."), tools=[book]) as talk:
        await talk.says()
        heard = await talk.hears("You have a table.")
        assert heard.text == "One moment. You have a table."
        assert ran == ["Friday"]
        assert "booked for two" in results(await talk.far())[0]


async def what_must_be_confirmed_is_said_back_first(dialect: str) -> None:
    paid: list[int] = []

    @tool(confirm=True)
    async def pay(amount: int) -> str:
        """Pay."""
        paid.append(amount)
        return "paid"

    call = Reply(calls=(Call("pay", {"amount": 5}),))
    replies = (call, Reply(text="Five euros, right?"), call, Reply(text="It is paid."))
    # No word of the caller's is ever told: that they have had their say is enough.
    async with conversing(dialect, *replies, tools=[pay], heard=[Heard(), Heard()]) as talk:
        await talk.says()
        await talk.hears("right?")
        assert paid == []
        await talk.says()
        await talk.hears("It is paid.")
        assert paid == [5]
        assert "not done yet" in talk.outcomes()[0]


async def an_operator_is_asked(dialect: str) -> None:
    @tool(approval="operator")
    async def refund(amount: int) -> str:
        """Refund."""
        return "refunded"

    call = Reply(calls=(Call("refund", {"amount": 7}),))
    async with conversing(dialect, call, Reply(text="You have it back."), tools=[refund]) as talk:
        await talk.says()
        await talk.hears(talk.on.session.plan.agent.phrases.hold_on, UtteranceKind.FILLER)
        approvals = talk.on.entry.tool_runs.approvals
        (pending,) = approvals.pending()
        assert pending.arguments == '{"amount": 7}'
        approvals.decide(pending.approval_id, Decision.APPROVE, "")
        await talk.hears("You have it back.")
        assert talk.outcomes() == [ToolOutcome("refunded").text]


async def a_tool_of_an_mcp_server_is_called(dialect: str) -> None:
    class Crm:
        async def call(self, named: str, arguments: dict[str, Any]) -> ToolOutcome:
            return ToolOutcome({"found": f"{named} {arguments['name']}"})

    found = McpTool(Crm(), McpServerOptions(name="crm", command="crm", tools=("find",)), "find")
    found.describe("Find a customer.", {"type": "object", "properties": {"name": {"type": "string"}}})
    call = Reply(calls=(Call(found.name, {"name": "Anna"}),))
    async with conversing(dialect, call, Reply(text="I have found her."), tools=[found]) as talk:
        await talk.says()
        await talk.hears("I have found her.")
        assert "find Anna" in results(await talk.far())[0]
        (told,) = session_of(await talk.far())["tools"]
        assert told["parameters"]["properties"] == {"name": {"type": "string"}}


async def who_calls_tools_without_end_is_asked_to_answer_without(dialect: str) -> None:
    @tool
    async def look() -> str:
        """Look again."""
        return "nothing"

    agent = msgspec.structs.replace(SILENT, model=msgspec.structs.replace(SILENT.model, max_tool_rounds=2))
    call = Reply(calls=(Call("look"),))
    async with conversing(dialect, call, call, call, Reply(text="I do not know."), agent=agent, tools=[look]) as talk:
        await talk.says()
        await talk.hears("I do not know.")
        far = await talk.far()
        choices = [asked["response"].get("tool_choice") for asked in of_type(far, "response.create")]
        assert choices == [None, None, None, "none"]
        notes = [each for each in of_type(far, "conversation.item.create") if each["item"].get("role") == "system"]
        assert notes[-1]["item"]["content"][0]["text"] == NO_MORE_TOOLS


async def what_was_found_is_named_with_the_reply(dialect: str, folder: Path) -> None:
    (folder / "house.md").write_text("# Parking\n\nCars are parked behind the house.\n")
    search = knowledge_tool("tester", Knowledge(folder))
    call = Reply(calls=(Call(search.name, {"question": "parking"}),))
    async with conversing(dialect, call, Reply(text="Behind the house."), tools=[search]) as talk:
        await talk.says()
        await talk.hears("Behind the house.")
        document = transcript_response(talk.on.session.record(), lambda name: name, "application/json")
        (entry,) = [each for each in msgspec.json.decode(document.body)["entries"] if each.get("kind") == "reply"]
        assert entry["sources"] == ["house.md#Parking"]
        assert "Cars are parked" in results(await talk.far())[0]


# languages and agents


def in_two_languages(dialect: str) -> dict[str, Any]:
    ours, theirs = VOICES[dialect]
    german = InLanguage(
        greeting="Guten Tag.", phrases=Phrases(goodbye="Auf Wiederhören."), voice=Voice(name=theirs, language="de-DE")
    )
    host = msgspec.structs.replace(
        SILENT, languages=("en-US", "de-DE"), voice=Voice(name=ours), in_language={"de-DE": german}
    )
    members = {
        ("tester", language): TeamMember(
            agent=speaking(host, language), tools={"switch_language": switch_language}, kept=lambda _: {}
        )
        for language in ("", "en-US", "de-DE")
    }
    return {"agent": host, "tools": [switch_language], "plan": {"in_language": members}}


async def the_model_changes_the_language_and_its_voice(dialect: str) -> None:
    call = Reply(calls=(Call("switch_language", {"language": "de"}),))
    async with conversing(dialect, call, Reply(text="Gerne."), **in_two_languages(dialect)) as talk:
        await talk.says()
        await talk.hears("Gerne.")
        first, second = await talk.far(0), await talk.far(1)
        assert (voice_of(first), voice_of(second)) == VOICES[dialect]
        assert "They speak de-DE" in session_of(second)["instructions"]
        assert "goes on in de-DE" in results(second)[0]
        assert talk.on.entry.checkpoint.language == "de-DE"
        talk.on.entry.deliver(EndSession(Ending.NORMAL, politely=True))
        await talk.hears("Auf Wiederhören.", UtteranceKind.GOODBYE)


async def a_language_that_is_known_is_that_of_the_greeting_and_the_voice(dialect: str) -> None:
    known = in_two_languages(dialect)
    known["plan"]["about"] = SessionContext(language="de-DE")
    async with conversing(dialect, Reply(text="Gerne."), **known) as talk:
        await talk.hears("Guten Tag.", UtteranceKind.GREETING)
        await talk.says()
        await talk.hears("Gerne.")
        assert voice_of(await talk.far()) == VOICES[dialect][1]
        assert len(talk.service.sessions) == 1


class GermanRecognition(FakeRecognition):
    """Hears German."""

    def _tell(self, event: RecognitionEvent) -> None:
        is_final = isinstance(event, FinalTranscript)
        super()._tell(msgspec.structs.replace(event, language="de-DE") if is_final else event)


class GermanRecognizer(FakeRecognizer):
    """A recognizer beside the model that finds out which language is spoken."""

    def stream_of(self, options: RecognitionOptions, report: Callable[[RecognitionEvent], None]) -> FakeRecognition:
        return GermanRecognition(self, options, report)


async def the_conversation_follows_a_caller_into_their_language(dialect: str) -> None:
    beside = GermanRecognizer(["ich möchte bitte einen Tisch reservieren", "für zwei Personen am Freitag bitte"])
    in_two = in_two_languages(dialect)
    async with conversing(
        dialect, Reply(text="One moment."), Reply(text="Gerne."), heard=[Heard(), Heard()], recognizer=beside, **in_two
    ) as talk:
        await talk.says()
        await talk.hears("One moment.")
        await talk.says()
        await talk.hears("Gerne.")
        assert talk.on.entry.checkpoint.language == "de-DE"
        first, *_, last = [await talk.far(number) for number in range(len(talk.service.sessions))]
        assert (voice_of(first), voice_of(last)) == VOICES[dialect]
        assert "They speak de-DE" in session_of(last)["instructions"]
        said = [each.text for each in talk.on.entry.checkpoint.messages if each.role is Role.USER]
        assert said == ["ich möchte bitte einen Tisch reservieren", "für zwei Personen am Freitag bitte"]


async def another_agent_takes_over_with_its_own_voice(dialect: str) -> None:
    ours, theirs = VOICES[dialect]
    billing = msgspec.structs.replace(
        SILENT, name="billing", label="Billing", introduction="This is billing.", voice=Voice(name=theirs),
        instructions="You know about money.",
    )  # fmt: skip
    desk = msgspec.structs.replace(
        SILENT, voice=Voice(name=ours), handoffs=(Handoff(agent="billing", when="It is about money."),)
    )
    tools = handoff_tools(desk, {"tester": desk, "billing": billing})
    team = {
        "tester": TeamMember(agent=desk, tools=tools, kept=lambda _: {}),
        "billing": TeamMember(agent=billing, tools={}, kept=lambda _: {}),
    }
    call = Reply(text="One moment.", calls=(Call("handoff_to_billing"),))
    heard = [Heard(text="What do I owe?")] * 2
    async with conversing(
        dialect, call, Reply(text="You owe nothing."), agent=desk, tools=list(tools.values()), team=team, heard=heard
    ) as talk:
        await talk.says()
        await talk.hears("You owe nothing.")
        said = [each for each in talk.on.ear.of(ReplyHeard) if each.kind is not UtteranceKind.FILLER]
        assert [each.text for each in said] == [
            "One moment.", "This is billing.", "You owe nothing.",
        ]  # fmt: skip
        first, second = await talk.far(0), await talk.far(1)
        assert (voice_of(first), voice_of(second)) == (ours, theirs)
        assert "You know about money." in session_of(second)["instructions"]
        assert of_type(second, "input_audio_buffer.commit"), "it hears what the caller has asked"


# what must not be, and what it may cost


def guarded(action: GuardrailAction, say: str) -> Agent:
    rail = Guardrail(name="advice", pattern=r"\bsue\b", action=action, say=say)
    return msgspec.structs.replace(SILENT, guardrails=(rail,))


async def what_must_not_be_said_is_not_heard(dialect: str) -> None:
    before = " ".join(["well"] * 12)
    forbidden = Reply(text=f"{before}. You should sue them and all of their friends. {before}.")
    said = "I may not advise you on that."
    async with conversing(dialect, forbidden, agent=guarded(GuardrailAction.STOP, said)) as talk:
        await talk.says()
        await talk.hears(said, UtteranceKind.APOLOGY)
        far = await talk.far()
        await far.sent.until(lambda message: message["type"] == "response.done", WAIT_S)
        of_reply = [frame for frame in talk.on.ear.of(AudioFrame) if frame.kind is UtteranceKind.REPLY]
        place_ms = WORD_MS * forbidden.text.split().index("sue")
        assert 20 * len(of_reply) < place_ms, "it was silenced before the word"
        assert not any("sue" in each.text for each in talk.on.ear.of(ReplyHeard))
        (done,) = far.sent.where(lambda message: message["type"] == "response.done")
        assert done["response"]["status"] == "cancelled"
        forgotten = of_type(far, "conversation.item.truncate") + of_type(far, "conversation.item.delete")
        assert len(forgotten) == 1, "nor does the model remember it"
        await talk.says()
        await talk.hears(ANSWER)
        assert talk.on.ear.ended is None


async def what_a_model_judges_slowly_waits_for_the_verdict(dialect: str) -> None:
    before = " ".join(["well"] * 12)
    forbidden = Reply(text=f"{before}. Buy gold and all that there is of it, friends. {before}.")
    rail = Guardrail(name="money", topic="Advice on money.", say="I may not advise you on that.")
    agent = msgspec.structs.replace(SILENT, guardrails=(rail,), guardrail_model=GuardrailModel(within_ms=10_000))

    def judge(request: ModelRequest) -> list[ModelEvent | float]:
        is_gold = "gold" in msgspec.json.decode(request.messages[-1].text)["clause"]
        return [6.0 if is_gold else 0.2, TextGenerated("1" if is_gold else "0"), ReplyGenerated()]

    async with conversing(dialect, forbidden, agent=agent, model=FakeModel(judge)) as talk:
        await talk.says()
        await talk.hears(rail.say, UtteranceKind.APOLOGY)
        of_reply = [frame for frame in talk.on.ear.of(AudioFrame) if frame.kind is UtteranceKind.REPLY]
        assert of_reply, "what was judged before it is heard"
        assert 20 * len(of_reply) < WORD_MS * forbidden.text.split().index("gold"), "its sound waits, however late"
        assert not any("gold" in each.text for each in talk.on.ear.of(ReplyHeard))
        await talk.says()
        await talk.hears(ANSWER)


async def the_same_where_words_would_be_left_out(dialect: str) -> None:
    forbidden = Reply(text="You should sue them.")
    agent = guarded(GuardrailAction.REDACT, "talk to")
    async with conversing(dialect, forbidden, agent=agent) as talk:
        await talk.says()
        await talk.hears(agent.phrases.refused, UtteranceKind.APOLOGY)
        assert not any("sue" in each.text for each in talk.on.ear.of(ReplyHeard))


async def a_session_that_has_cost_enough_ends(dialect: str) -> None:
    limits = msgspec.structs.replace(SILENT.limits, max_tokens=150)
    long = Reply(text=" ".join(["word"] * 25))
    async with conversing(dialect, long, agent=msgspec.structs.replace(SILENT, limits=limits)) as talk:
        await talk.says()
        await talk.hears("word")
        assert await talk.ended() is Ending.NORMAL
        assert talk.on.entry.checkpoint.spent_tokens == 100 + 2 * 25


async def what_was_interrupted_costs_too(dialect: str) -> None:
    long = Reply(text=" ".join(["word"] * 60))
    async with conversing(dialect, long) as talk:
        await talk.says()
        await talk.on.ear.until_count(AudioFrame, 20, WAIT_S)
        await talk.says()
        await talk.hears(ANSWER)
        assert talk.on.entry.checkpoint.spent_tokens == 2 * 100 + 2 * 60 + 2 * len(ANSWER.split())


async def so_does_one_that_has_called_enough_tools(dialect: str) -> None:
    @tool
    async def look() -> str:
        """Look."""
        return "nothing"

    limits = msgspec.structs.replace(SILENT.limits, max_tool_calls=1)
    agent = msgspec.structs.replace(SILENT, limits=limits)
    async with conversing(dialect, Reply(calls=(Call("look"),)), agent=agent, tools=[look]) as talk:
        await talk.says()
        await talk.hears(ANSWER)
        assert await talk.ended() is Ending.NORMAL


# the telephone


def calling(action: VoicemailAction) -> dict[str, Any]:
    agent = msgspec.structs.replace(SILENT, greeting="Hello, this is the library.", voicemail=action)
    return {"agent": agent, "plan": {"about": ON_THE_PHONE}}


async def a_person_is_greeted_after_their_first_words(dialect: str) -> None:
    heard = [Heard(text="Hello?"), Heard(text="Yes, please.")]
    async with conversing(dialect, heard=heard, **calling(VoicemailAction.HANG_UP)) as talk:
        await talk.says()
        assert talk.on.ear.of(AudioFrame) == [], "whoever has answered is heard out first"
        await talk.hears("Hello, this is the library.", UtteranceKind.GREETING)
        await talk.says()
        await talk.hears(ANSWER)
        words = [each.text for each in talk.on.entry.checkpoint.messages if each.role is Role.USER]
        assert words == ["Hello?", "Yes, please."]


async def one_of_whom_no_words_come_is_greeted_all_the_same(dialect: str) -> None:
    async with conversing(dialect, heard=[Heard(), Heard()], **calling(VoicemailAction.HANG_UP)) as talk:
        await talk.says()
        await talk.hears("Hello, this is the library.", UtteranceKind.GREETING)
        await talk.says()
        await talk.hears(ANSWER)


async def a_machine_is_hung_up_on(dialect: str) -> None:
    async with conversing(dialect, heard=[Heard(text=MACHINE)], **calling(VoicemailAction.HANG_UP)) as talk:
        await talk.says()
        assert await talk.ended() is Ending.VOICEMAIL
        assert talk.on.ear.of(AudioFrame) == []


async def a_machine_is_left_the_message(dialect: str) -> None:
    async with conversing(dialect, heard=[Heard(text=MACHINE)], **calling(VoicemailAction.LEAVE_MESSAGE)) as talk:
        await talk.says()
        await talk.hears(talk.on.session.plan.agent.phrases.voicemail, UtteranceKind.VOICEMAIL)
        assert await talk.ended() is Ending.MESSAGE_LEFT


async def a_machine_whose_words_come_late_is_noticed_too(dialect: str) -> None:
    heard = [Heard(text=MACHINE, after_s=2.6)]
    async with conversing(dialect, heard=heard, **calling(VoicemailAction.HANG_UP)) as talk:
        await talk.says()
        assert await talk.ended() is Ending.VOICEMAIL
        assert not of_type(await talk.far(), "response.create")


async def a_recognizer_beside_knows_a_machine_as_well(dialect: str) -> None:
    beside = FakeRecognizer([MACHINE])
    async with conversing(
        dialect, heard=[Heard()], recognizer=beside, **calling(VoicemailAction.HANG_UP)
    ) as talk:  # fmt: skip
        await talk.says()
        assert await talk.ended() is Ending.VOICEMAIL


async def nobody_is_spoken_to_on_hold(dialect: str) -> None:
    limits = msgspec.structs.replace(SILENT.limits, no_input_s=1)
    async with conversing(dialect, agent=msgspec.structs.replace(SILENT, limits=limits)) as talk:
        await talk.says()
        await talk.hears(ANSWER)
        talk.on.entry.deliver(HoldStarted())
        frames = len(talk.on.ear.of(AudioFrame))
        await asyncio.sleep(2.5)
        assert len(talk.on.ear.of(AudioFrame)) == frames
        talk.on.entry.deliver(HoldEnded())
        await talk.says()
        await talk.on.ear.until_count(ReplyHeard, 2, WAIT_S)


class Line:
    """A telephone line whose callee takes every caller."""

    def __init__(self) -> None:
        self.briefings: list[str] = []

    async def transfer_with_briefing(self, briefing: str, target: str = "") -> None:
        """See `CallControls`."""
        await asyncio.sleep(2.5)
        self.briefings.append(briefing)


async def a_caller_is_put_through_to_somebody_who_is_asked_first(dialect: str) -> None:
    line = Line()
    call = Reply(text="I will ask them.", calls=(Call("transfer_with_briefing", {"briefing": "It is about a bill."}),))
    async with conversing(
        dialect, call, Reply(text="This is Anna, goodbye."), tools=[transfer_with_briefing],
        plan={"call": line, "about": ON_THE_PHONE},
    ) as talk:  # fmt: skip
        await talk.says()
        await talk.hears(talk.on.session.plan.agent.phrases.connecting[0], UtteranceKind.FILLER)
        await talk.hears("This is Anna, goodbye.")
        assert await talk.ended() is Ending.HUMAN_HANDOFF
        assert line.briefings == ["It is about a bill."]


async def keys_and_typed_words_are_answered(dialect: str) -> None:
    async with conversing(dialect) as talk:
        far = await talk.far()
        for key in "12#":
            talk.on.entry.deliver(KeyPressed(key))
        await talk.hears(ANSWER)
        talk.on.entry.deliver(TextEntered("and on Sunday"))
        await talk.on.ear.until_count(ReplyHeard, 2, WAIT_S)
        items = [message["item"] for message in of_type(far, "conversation.item.create")]
        told = [item["content"][0]["text"] for item in items if item.get("role") == "user"]
        assert "1 2" in told[0]
        assert told[1] == "and on Sunday"


async def a_tool_ends_the_conversation(dialect: str) -> None:
    @tool
    async def goodbye(context: ToolContext) -> ToolOutcome:
        """End the conversation."""
        return ToolOutcome({"status": "over"}, ToolEnding.END_SESSION)

    call = Reply(text="Goodbye then.", calls=(Call("goodbye"),))
    async with conversing(dialect, call, Reply(text="See you soon."), tools=[goodbye]) as talk:
        await talk.says()
        await talk.hears("Goodbye then.")
        assert await talk.ended() is Ending.NORMAL


async def a_long_conversation_is_summed_up(dialect: str) -> None:
    agent = msgspec.structs.replace(
        SILENT, model=msgspec.structs.replace(SILENT.model, context_chars=2_000),
        limits=msgspec.structs.replace(SILENT.limits, no_input_s=60),
    )  # fmt: skip
    async with conversing(dialect, agent=agent, plan={}) as talk:
        talk.service.plan.written = Reply(text="The caller is Ada.")
        await talk.far()
        turn = 0
        while len(talk.service.sessions) < 3:
            turn += 1
            talk.on.entry.deliver(TextEntered("I am Ada. " if turn == 1 else f"{turn} " + "word " * 80))
            await talk.on.ear.until_count(ReplyHeard, turn, WAIT_S)
            await asyncio.sleep(0.3)
            assert turn < 12, "it is never summed up"
        talk.on.entry.deliver(TextEntered("Who am I?"))
        await talk.on.ear.until_count(ReplyHeard, turn + 1, WAIT_S)
        aside, renewed = await talk.far(1), await talk.far(2)
        assert "I am Ada." in of_type(aside, "conversation.item.create")[0]["item"]["content"][0]["text"]
        first = of_type(renewed, "conversation.item.create")[0]["item"]
        assert (first["role"], "The caller is Ada." in first["content"][0]["text"]) == ("system", True)
        assert len(of_type(renewed, "conversation.item.create")) < 8
        assert talk.on.entry.checkpoint.summary is not None
        assert [each.text for each in talk.on.ear.of(ReplyHeard)] == [ANSWER] * (turn + 1)


# waits


async def who_waits_hears_a_filler_and_who_is_silent_is_asked(dialect: str) -> None:
    limits = msgspec.structs.replace(SILENT.limits, no_input_s=2, filler_after_ms=800)
    agent = msgspec.structs.replace(SILENT, limits=limits)
    async with conversing(dialect, Reply(text=ANSWER, begin_s=2.5), agent=agent) as talk:
        await talk.says()
        await talk.hears(agent.phrases.fillers[0], UtteranceKind.FILLER)
        await talk.hears(ANSWER)
        await talk.hears(agent.phrases.no_input[0], UtteranceKind.PROMPT)
        await talk.says()
        await talk.on.ear.until(lambda ear: [r.text for r in ear.of(ReplyHeard)].count(ANSWER) == 2, WAIT_S)


ABILITIES: tuple[Test, ...] = (
    a_tool_is_run,
    what_must_be_confirmed_is_said_back_first,
    an_operator_is_asked,
    a_tool_of_an_mcp_server_is_called,
    who_calls_tools_without_end_is_asked_to_answer_without,
    the_model_changes_the_language_and_its_voice,
    a_language_that_is_known_is_that_of_the_greeting_and_the_voice,
    the_conversation_follows_a_caller_into_their_language,
    another_agent_takes_over_with_its_own_voice,
    what_must_not_be_said_is_not_heard,
    what_a_model_judges_slowly_waits_for_the_verdict,
    the_same_where_words_would_be_left_out,
    a_session_that_has_cost_enough_ends,
    what_was_interrupted_costs_too,
    so_does_one_that_has_called_enough_tools,
    a_person_is_greeted_after_their_first_words,
    one_of_whom_no_words_come_is_greeted_all_the_same,
    a_machine_is_hung_up_on,
    a_machine_is_left_the_message,
    a_machine_whose_words_come_late_is_noticed_too,
    a_recognizer_beside_knows_a_machine_as_well,
    nobody_is_spoken_to_on_hold,
    a_caller_is_put_through_to_somebody_who_is_asked_first,
    keys_and_typed_words_are_answered,
    a_tool_ends_the_conversation,
    a_long_conversation_is_summed_up,
    who_waits_hears_a_filler_and_who_is_silent_is_asked,
)


@pytest.mark.parametrize("dialect", list(RESOURCES))
@on_virtual_time
async def test_a_session_of_the_mode_has_all_that_the_usual_one_has(dialect: str, tmp_path: Path) -> None:
    rows: dict[str, Awaitable[None]] = {test.__name__: test(dialect) for test in ABILITIES}
    rows[what_was_found_is_named_with_the_reply.__name__] = what_was_found_is_named_with_the_reply(dialect, tmp_path)
    outcomes = await asyncio.gather(*rows.values(), return_exceptions=True)
    assert {name: outcome for name, outcome in zip(rows, outcomes, strict=True) if outcome is not None} == {}
