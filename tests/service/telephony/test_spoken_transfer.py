"""A caller is put through by voice: the running server and the engines of this machine, two calls of the network."""

import asyncio
from pathlib import Path

from tests.eval.phone import answering, calling
from tests.kit.speech import HIBARI, RATE_HZ, say_aside, silence

PERSON = "+15550177"
DESK = """
name: desk
label: Desk
greeting: Hello, this is the desk.
instructions: You put people through.
tools: [transfer_with_briefing, end_conversation]
dialogue:
  intents:
    - name: person
      examples: [i want to talk to a person, can i talk to a person please]
      steps:
        - {step: call, tool: transfer_with_briefing, arguments: {briefing: Somebody asks for you.}, say: [One moment.]}
"""


async def test_by_voice_who_says_yes_is_put_on_the_line(tmp_path: Path) -> None:
    wish, yes = [
        await say_aside(text, HIBARI) for text in ("i want to talk to a person please", "yes put them through")
    ]
    (tmp_path / "desk.yaml").write_text(DESK)
    environ = {"AGENTS_DIRECTORY": str(tmp_path), "DEFAULT_AGENT": "desk", "HANDOFF_PHONE_NUMBER": PERSON}
    async with answering(**environ) as (acs, url), calling(acs, url) as caller:
        await caller.reply()
        await caller.say(wish)
        person = await acs.callee(PERSON, 60)
        await person.connected(60)
        await person.hears_reply(quiet_ms=1_500, since_s=person.ear.started_s, timeout_s=60)
        speaking = asyncio.ensure_future(person.say(yes + silence(2_000), RATE_HZ))
        await acs.requests.until(lambda exchange: exchange.operation == "hang_up", 60)
        # Put through, they are streamed to nobody, who would hear the rest of the silence.
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)
        assert caller.caller.call is person.call
        assert [event["tool"] for event in caller.of("tool_start")] == ["transfer_with_briefing"]
