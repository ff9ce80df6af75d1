"""The page at / in a real browser, served by the real server with exact engines: a conversation on it."""

import re

import pytest
from playwright.async_api import Browser, WebSocketRoute, expect

from tests.browser.chromium import LOOKS_MS, page_in
from tests.browser.sounding_page import SoundingPage
from tests.browser.visit import (
    DESKTOP,
    LONG,
    QUICK,
    agent_is_heard,
    answered,
    floor_is,
    go_to,
    log,
    notices,
    type_in,
    visit,
    was_seen,
)
from tests.kit.serving import EARSHOT, Server, serving
from tests.kit.speech import say

MARKUP = "<img src=x onerror=alert(1)><b>bold</b>"

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_typed_question_is_answered_by_keyboard_alone(browser: Browser, server: Server) -> None:
    """With all that moves, as most people see the page."""
    async with visit(browser, server, reduced_motion="no-preference") as page:
        keyboard = page.keyboard
        await keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to the message field")).to_be_focused()
        await keyboard.press("Enter")
        await expect(page.get_by_label("Message")).to_be_focused()
        await keyboard.type("good morning")
        await keyboard.press("Tab")
        await expect(page.get_by_role("button", name="Send")).to_be_focused()
        await keyboard.press("Enter")
        await expect(log(page)).to_contain_text("good morning")
        await answered(page, "You said good morning. What else?")
        await page.get_by_label("Message").focus()
        for _ in range(3):
            await keyboard.press("Shift+Tab")
            if await page.get_by_role("button", name="Hang up").evaluate("b => b === document.activeElement"):
                break
        await keyboard.press("Enter")
        await expect(log(page)).to_contain_text("The conversation has ended.")
        await expect(page.get_by_role("button", name="Talk")).to_be_focused()


NEVER_SETTLES = """
const after = window.setTimeout;
window.setTimeout = (act, ms, ...more) => after(act, ms === 400 ? 1e9 : ms, ...more);
"""
"""The timer of a reply that may be over is never due: `SETTLES_MS` of page.js."""


async def test_the_end_of_a_reply_is_not_taken_for_another_thought(browser: Browser, server: Server) -> None:
    async with page_in(browser, **DESKTOP) as page:
        # However late the server says that it has finished, it is not too late.
        await page.add_init_script(NEVER_SETTLES)
        await go_to(page, server)
        await type_in(page, "hello")
        await answered(page, "You said hello. What else?")
        floors = await page.evaluate("seen.floors")
    assert floors[-3:] == ["Thinking", "Agent speaks", "Your turn"]


async def test_escape_interrupts_and_the_reply_is_cut_to_what_was_heard(browser: Browser, server: Server) -> None:
    async with visit(browser, server, reduced_motion="no-preference") as page:
        await type_in(page, LONG)
        await agent_is_heard(page, ms=1_000)
        await page.keyboard.press("Escape")
        reply = log(page).locator(".entry.agent").last
        await expect(reply).to_contain_text("interrupted")
        await floor_is(page, "Your turn")
        text = (await reply.locator(".words").inner_text()).removesuffix("interrupted").strip()
        await expect(page.locator("#interrupted-fact")).to_have_text("1")
        # Nobody has made a sound: there is no time from it.
        await expect(page.locator("#decision")).not_to_have_text(re.compile(r"\d"))
        await expect(page.locator("#silence")).to_have_text(re.compile(r"^\d+(\.\d)? ms$"))
        await expect(page.locator("#plot .barge-in .point")).to_have_count(0)
    assert text.startswith("You said once")
    assert f"You said {LONG}".startswith(text)
    assert len(text) < len(LONG)


MEASURED = """async () => {
  const { Timing } = await import("/static/timing.js");
  const [firstAudio, decision, silence, plot] = ["dd", "dd", "dd", "div"].map((name) => document.createElement(name));
  const timing = new Timing({ firstAudio, decision, silence }, plot);
  timing.add({ turn: 1, heardMs: 900, interrupted: true, onsetToDecisionMs: 400, decisionToSilenceMs: 4.2 });
  return [decision.textContent, silence.textContent, plot.querySelectorAll(".barge-in .point").length];
}"""


async def test_the_times_of_an_interruption_by_voice_are_shown(browser: Browser, server: Server) -> None:
    async with visit(browser, server) as page:
        assert await page.evaluate(MEASURED) == ["400 ms", "4.2 ms", 1]


async def test_the_times_of_each_turn_are_shown(browser: Browser, server: Server) -> None:
    async with visit(browser, server) as page:
        await page.get_by_role("button", name="Talk").click()
        await answered(page, "What can I do for you")
        await type_in(page, "one")
        await expect(page.get_by_role("definition").first).to_have_text(re.compile(r"^\d+ ms$"))
        await expect(page.get_by_role("img", name=re.compile("first audio after"))).to_be_visible()
        await answered(page, "You said one. What else?")
        await type_in(page, "two")
        table = page.get_by_role("table", name="Times of each turn in milliseconds")
        await expect(table.locator("tbody td:first-child")).to_have_text(["1", "2"])
        await expect(page.locator("#plot circle")).to_have_count(2)


async def test_the_policy_is_obeyed(browser: Browser, server: Server) -> None:
    async with visit(browser, server, expected=(r"(?i)content security policy",)) as page:
        await page.evaluate("""
            const script = document.createElement("script");
            script.textContent = "window.smuggled = true";
            document.body.append(script);
        """)
        assert await page.evaluate("window.smuggled") is None


async def test_what_comes_from_outside_is_text_and_nothing_else(browser: Browser, server: Server) -> None:
    async with visit(browser, server) as page:
        await type_in(page, "<img src=x onerror=alert(1)><b>bold</b> 1 < 2")
        await expect(log(page).locator(".entry.user")).to_contain_text("<img src=x onerror=alert(1)><b>bold</b> 1 < 2")
        # An agent speaks no markup: it is taken out of its words before the page is told of them.
        await expect(log(page).locator(".entry.agent").last).to_contain_text("You said bold 1 < 2")
        await expect(log(page).locator("img, b")).to_have_count(0)


async def test_markup_that_a_server_sends_all_the_same_is_text_too(browser: Browser, server: Server) -> None:
    def through(socket: WebSocketRoute) -> None:
        def pass_on(message: str | bytes) -> None:
            socket.send(message.replace("You said", MARKUP) if isinstance(message, str) else message)

        socket.connect_to_server().on_message(pass_on)

    async with page_in(browser, **DESKTOP) as page:
        await page.route_web_socket(re.compile("/realtime/conversation"), through)
        await go_to(page, server)
        await type_in(page, "good morning")
        await expect(log(page).locator(".entry.agent").last).to_contain_text(f"{MARKUP} good morning")
        await expect(log(page).locator("img, b")).to_have_count(0)


async def test_a_tool_is_one_line_of_the_conversation(browser: Browser) -> None:
    engines = {name: value for name, value in QUICK.items() if name != "LANGUAGE_MODEL"}
    with serving(EARSHOT, **engines, DEFAULT_AGENT="dentist") as server:
        async with visit(browser, server) as page:
            await page.get_by_role("combobox", name="Agent").select_option(label="Maple Street Dental")
            await type_in(page, "I would like to book a cleaning on friday")
            await expect(log(page)).to_contain_text(re.compile(r"free times.*day: \d{4}-\d\d-\d\d.*\d ms", re.DOTALL))
            chip = log(page).locator(".chip").first
            box = await chip.bounding_box()
            assert box is not None
            assert box["height"] < 40
            await expect(log(page).locator(".entry.agent").last).to_contain_text("Which time suits you")


async def test_an_agent_is_chosen_before_the_conversation(browser: Browser, server: Server) -> None:
    async with visit(browser, server) as page:
        await page.get_by_role("combobox", name="Agent").select_option(label="Harbour House")
        await expect(page.get_by_role("heading", name="Harbour House")).to_be_visible()
        await page.get_by_role("button", name="Talk").click()
        await expect(log(page)).to_contain_text("Connected with Harbour House.")
        await expect(log(page)).to_contain_text("Welcome to Harbour House")
        for name in ("Agent", "Mode"):
            await expect(page.get_by_role("combobox", name=name)).to_have_count(0)
        assert "Live: Harbour House" in await page.title()


async def test_who_only_wants_a_transcript_is_told_that_nobody_answers(browser: Browser, server: Server) -> None:
    async with visit(browser, server) as page:
        await page.get_by_label("Mode").select_option(label="Transcription only")
        await expect(page.get_by_label("Message")).to_be_disabled()
        await expect(page.get_by_placeholder("Nobody answers here")).to_be_visible()
        await page.get_by_role("button", name="Talk").click()
        await expect(log(page)).to_contain_text("Connected")
        await floor_is(page, "Waiting")
        await expect(notices(page)).not_to_contain_text("type")
        await expect(page.get_by_role("button", name="Interrupt")).to_be_hidden()


async def test_words_tell_their_language_and_when_they_were_said_and_stand_before_their_answer(
    browser: Browser, server: Server
) -> None:
    async with visit(browser, server) as page:
        await page.evaluate(
            """async () => {
              const { Transcript } = await import(new URL("static/transcript.js", document.baseURI));
              const shown = new Transcript(document.getElementById("log"), document.getElementById("scroll"));
              shown.reply(3, "reply", "We are open.");
              const words = [{ text: "guten", offset_ms: 1240 }, { text: "abend", offset_ms: 1600 }, { text: "x" }];
              shown.user("Guten Abend!", { turn: 3, language: "de-DE", words });
              shown.user("Plain.");
            }"""
        )
        entries = log(page).locator(".entry")
        await expect(entries).to_have_text(["You, de-DEGuten Abend!", re.compile("We are open."), "YouPlain."])
        said = entries.first.locator(".words")
        await expect(said).to_have_attribute("lang", "de-DE")
        titles = await said.locator("span").evaluate_all("all => all.map((one) => [one.textContent, one.title])")
        assert titles == [["Guten", "1.2 s"], ["Abend", "1.6 s"]]


EACH_ONCE = """() => {
  const log = document.getElementById("log");
  const said = [...log.querySelectorAll(".entry.user:not([aria-hidden])")];
  const shown = said.map((entry) => entry.querySelector(".words").textContent);
  const told = sound.told.filter(([name]) => name === "user").map(([, { text }]) => text);
  const is_same = told.length > 0 && JSON.stringify(told) === JSON.stringify(shown);
  if (!is_same || log.querySelector(".partial")) return false;
  return { places: said.map((entry) => [...log.children].indexOf(entry)), partials: seen.partials };
}"""
"""Where the log has what the user has said, and what it had there before, once it has just what the server understood.

A microphone to which a busy machine gives no time says one sentence in two halves, each of which is understood.
"""


async def test_what_is_said_is_shown_at_once_and_read_aloud_once(browser: Browser, server: Server) -> None:
    # The microphone that the test speaks into brings a module of its own, which the page's policy would forbid.
    async with page_in(browser, bypass_csp=True, **DESKTOP) as page:
        person = await SoundingPage.prepare(page, controlled_microphone=True)
        await go_to(page, server)
        await page.get_by_role("combobox", name="Agent").select_option(label="Harbour House")
        await page.get_by_role("button", name="Talk").click()
        await expect(log(page)).to_contain_text("Welcome to Harbour House")
        await floor_is(page, "Listening")
        await person.say(say("what are your opening hours"))
        said = log(page).locator(".entry.user:not([aria-hidden])")
        await expect(said.first).to_contain_text("what are your opening hours")
        await expect(log(page)).to_have_attribute("aria-live", "polite")
        once = await (await page.wait_for_function(EACH_ONCE, polling=LOOKS_MS)).json_value()
        places, partials = once["places"], once["partials"]
        await was_seen(page, "You speak")
        loudest = max(await page.evaluate("seen.userLevels"))
    assert loudest > 20
    assert partials != []
    assert all(partial["silent"] for partial in partials)
    assert "what are your opening hours".startswith(partials[0]["text"])
    assert partials[0]["place"] == places[0]
    # Behind all that was understood, words may have stood of which nothing was made.
    assert {partial["place"] for partial in partials if partial["place"] <= places[-1]} <= set(places)


async def test_a_muted_microphone_is_seen_and_can_be_heard_again(browser: Browser, server: Server) -> None:
    async with page_in(browser, bypass_csp=True, **DESKTOP) as page:
        await SoundingPage.prepare(page, controlled_microphone=True)
        await go_to(page, server)
        await page.get_by_role("button", name="Talk").click()
        mute = page.get_by_role("button", name="Mute")
        await mute.click()
        await expect(mute).to_have_attribute("aria-pressed", "true")
        await expect(page.locator("#microphone-fact")).to_have_text("Muted")
        await mute.click()
        await expect(mute).to_have_attribute("aria-pressed", "false")
        await expect(page.locator("#microphone-fact")).to_have_text("On")


async def test_what_is_sent_off_twice_while_it_connects_is_said_once(browser: Browser, server: Server) -> None:
    async with visit(browser, server) as page:
        # In one task of the browser: whatever a connection takes, it is not there yet.
        await page.evaluate("""() => {
            const form = document.querySelector("#typed");
            document.querySelector("#text").value = "hello";
            for (let times = 0; times < 3; times += 1) form.requestSubmit();
        }""")
        await answered(page, "You said hello. What else?")
        await type_in(page, "bye now")
        await answered(page, "You said bye now. What else?")
        await expect(log(page).locator(".entry.user .words")).to_have_text(["hello", "bye now"])
