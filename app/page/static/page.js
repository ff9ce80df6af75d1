/** The page at /: one conversation at a time, spoken or typed, and what can be seen of it. */

import { Earshot } from "./earshot.js";
import { Meters } from "./meters.js";
import { DeviceSettings } from "./settings.js";
import { switchScheme } from "./scheme-switch.js";
import { Timing } from "./timing.js";
import { Transcript } from "./transcript.js";

const $ = (id) => document.getElementById(id);

const CONNECTION = {
  idle: "Not connected",
  connecting: "Connecting",
  live: "Live",
  draining: "Live, restarts soon",
  reconnecting: "Reconnecting",
  ended: "Not connected",
};

/** The state in a word, and what the user can do, by state of the conversation. */
const FLOOR = {
  off: ["Ready", "Press Talk, or type a message"],
  wait: ["Connecting", "One moment"],
  listening: ["Listening", "Say something, or type"],
  user: ["You speak", "The agent listens"],
  thinking: ["Thinking", "The answer is on its way"],
  agent: ["Agent speaks", "Speak or type to interrupt"],
  paused: ["Paused", "Go on speaking to interrupt"],
};

/** The same for users who cannot speak: a page without https, or a browser without a microphone. */
const SPEECHLESS = { off: ["Ready", "Type a message"], agent: ["Agent speaks", "Type, or press Interrupt"] };

/** The same for the mode in which no agent answers. */
const WRITTEN_DOWN = {
  ...FLOOR,
  off: ["Ready", "Press Talk, and speak"],
  listening: ["Listening", "Say something"],
  user: ["You speak", "It is written down"],
};

/** The same while the microphone is off or muted. */
const UNHEARD = {
  typing: ["Your turn", "Type a message"],
  muted: ["Your turn", "You are muted: unmute, or type"],
  transcribing: ["Waiting", "Switch the microphone on"],
};

const MICROPHONE = {
  off: "Off",
  asking: "Asking",
  on: "On",
  muted: "Muted",
  refused: "Refused",
  missing: "None found",
  busy: "In use elsewhere",
  unplugged: "Taken away",
  insecure: "Not on this address",
  unsupported: "Not in this browser",
};

const SPEAK = "Press Talk and speak, or type below. You can interrupt at any time";
const TYPE = "Type below: browsers allow the microphone only over https or on localhost";

/** Shown when a request fails, that for the audio worklet included: the errors of browsers do not say what to do. */
const GONE = "The server cannot be reached. Check your connection, then press Talk to try again.";

const ENDINGS = {
  HUMAN_HANDOFF: "You are being handed over to a person.",
  IDLE_TIMEOUT: "The conversation ended, since nothing was said for a while.",
  ERROR: "The conversation ended because of a fault on our side.",
};

/** Milliseconds after a reply is heard to its end within which the server learns of it; it is not shown as thinking. */
const SETTLES_MS = 400;

const FORGOTTEN = "The server has no memory of the conversation; it begins anew.";

/** Under this name the tab keeps a conversation, and the words of it, over a reload. */
const KEEP = "page";
const KEPT_WORDS = "earshot-page-words";

const sentence = (...texts) =>
  texts
    .filter(Boolean)
    .map((text) => (/[.!?…]$/.test(text) ? text : `${text}.`))
    .join(" ");

const transcript = new Transcript($("log"), $("scroll"));
const timing = new Timing({ firstAudio: $("first-audio"), decision: $("decision"), silence: $("silence") }, $("plot"));
const meters = new Meters({ input: $("input-meter"), output: $("output-meter") }, () => call.levels());

let agents = [];
let call = null;
let ending = "";
let waiting = "";
let countdown = 0;
let settling = 0; // a timer, while the reply that was just heard may have been all
let dropped = false; // the reply was not heard to its end
let draining = false; // the server is about to end
let held = false; // the reply is paused while the server decides whether it is interrupted

const active = () => call?.active ?? false;
const live = () => call?.state === "live";
const transcribes = () => $("mode").value === "transcription";
/** Whether there may be a microphone: browsers have none for pages without https. */
const canSpeak = () => isSecureContext && Boolean(navigator.mediaDevices?.getUserMedia);
const hears = () => (active() ? call.microphone === "on" : canSpeak());

// the call

/** Begin a conversation; its outcome is reported by events. */
async function begin(microphone) {
  const options = { mode: $("mode").value, keep: KEEP };
  if ($("agent").value) options.agent = $("agent").value;
  const begun = new Earshot(options);
  call = begun;
  begun.use(devices.chosen);
  ending = waiting = "";
  notice("microphone", "");
  notice("sound", "");
  for (const [name, take] of Object.entries(ON)) {
    begun.addEventListener(name, ({ detail }) => {
      if (begun !== call) return;
      take(detail);
      show();
    });
  }
  await begun.start({ microphone });
}

const ON = {
  state({ state, reason, message, retryInMs }) {
    clearInterval(countdown);
    draining = state === "live" && reason === "draining";
    if (state !== "live") transcript.forget();
    if (state === "connecting") notice("state", sentence(message), "unseen");
    else if (state === "reconnecting") retrying(message, retryInMs ?? 0);
    else if (state === "ended") over(reason, message);
    else notice("state", draining ? sentence(message) : "", "warn");
  },
  microphone({ state, message }) {
    if (state === "on") devices.refresh();
    if (["on", "muted", "off"].includes(state)) notice("microphone", "");
    else if (state === "asking") notice("microphone", sentence(message));
    else notice("microphone", sentence(message, transcribes() ? "" : "You can type instead"), "warn");
  },
  sound({ state, message }) {
    notice("sound", state === "on" ? "" : sentence(message), "warn");
  },
  session({ label, resumed, restarted }) {
    sayWaiting();
    if (resumed) {
      transcript.note("The conversation goes on where it was.");
      if (label) transcript.goesOnWith(label);
      return;
    }
    if (restarted) transcript.note(FORGOTTEN, "warn");
    else transcript.note(`Connected with ${label ?? "the agent"}.`);
    transcript.begin(label ?? "Agent");
    timing.clear();
  },
  agent({ label, turn }) {
    transcript.note(`You are with ${label} now.`);
    transcript.agentFrom(turn, label);
  },
  partial({ text }) {
    transcript.partial(text);
  },
  user({ text, ...told }) {
    transcript.user(text, told);
  },
  reply({ turn, kind, text }) {
    transcript.reply(turn, kind, text);
  },
  heard({ turn, text, interrupted }) {
    transcript.heard(turn, text, interrupted);
  },
  tool(detail) {
    transcript.tool(detail);
  },
  metrics(detail) {
    if (detail.interrupted) transcript.interrupted(detail.turn, detail.heardMs ?? 0);
    timing.add(detail);
  },
  problem({ message }) {
    transcript.note(sentence(message), "warn");
  },
  ended({ reason }) {
    ending = reason;
  },
  floor() {},
  playout({ state }) {
    // The reply goes on: the sound was no interruption.
    if (state === "playing" && held) transcript.forget();
    held = state === "paused";
    if (state !== "empty") dropped = false;
    clearTimeout(settling);
    settling = state === "empty" && !dropped ? setTimeout(settled, SETTLES_MS) : 0;
  },
  cleared() {
    dropped = true;
  },
};

function settled() {
  settling = 0;
  show();
}

/** Count the seconds down visibly; a screen reader says the text once. */
function retrying(message, retryInMs) {
  const at = performance.now() + retryInMs;
  const element = notice("state", `${message} `, "warn");
  const seconds = document.createElement("span");
  seconds.setAttribute("aria-hidden", "true");
  element.append(seconds);
  const tick = () => {
    const left = Math.ceil((at - performance.now()) / 1000);
    seconds.textContent = left > 0 ? `in ${left} s …` : "now …";
  };
  tick();
  countdown = setInterval(tick, 200);
}

function over(reason, message) {
  notice("sound", "");
  notice("microphone", "");
  if (reason === "ended") {
    notice("state", "");
    transcript.note(ENDINGS[ending] ?? sentence(message), ending === "ERROR" ? "warn" : "plain");
  } else {
    notice("state", reason === "gone" && isSecureContext ? GONE : sentence(message), "bad");
  }
}

/**
 * One line above the controls, said once by a screen reader; an empty text takes it away. What else is plain to see is
 * `unseen`.
 */
function notice(which, text, tone = "plain") {
  const element = $(`${which}-notice`);
  element.className = tone === "unseen" ? tone : `notice ${tone}`;
  element.hidden = !text;
  if (element.textContent !== text) element.textContent = text;
  return element;
}

// what is seen

function floorNow() {
  if (!active()) return "off";
  if (!live()) return "wait";
  if (call.playout === "paused") return "paused";
  if (call.playout === "playing" || (settling && call.floor === "agent")) return "agent";
  if (call.floor === "user") return "user";
  return call.floor === "agent" ? "thinking" : "listening";
}

function agentLabel() {
  return agents.find(({ name }) => name === $("agent").value)?.label ?? "Voice agent";
}

function show() {
  const state = call?.state ?? "idle";
  const floor = floorNow();
  const label = agentLabel();
  document.body.dataset.state = state;
  document.body.dataset.floor = floor;
  document.body.dataset.draining = draining;
  document.title = state === "live" || state === "reconnecting" ? `${CONNECTION[state]}: ${label} – Earshot` : "Earshot";
  words("connection", CONNECTION[draining ? "draining" : state]);
  words("agent-name", label);
  showFloor(floor);
  showButtons();
  showFacts();
  $("setup").disabled = active();
  $("download").disabled = $("log").childElementCount === 0;
  $("welcome").hidden = active() || $("log").childElementCount > 0;
  $("text").disabled = $("send").disabled = transcribes();
  $("text").placeholder = transcribes() ? "Nobody answers here" : "Type a message";
  if (live()) meters.start();
  else meters.stop();
}

function showFloor(floor) {
  const [word, hint] = floorWords(floor);
  words("floor", floor === "wait" ? CONNECTION[call.state] : word);
  words("floor-hint", hint);
}

function floorWords(floor) {
  if (!hears() && SPEECHLESS[floor] && !transcribes()) return SPEECHLESS[floor];
  if (floor !== "listening" || call.microphone === "on") return (transcribes() ? WRITTEN_DOWN : FLOOR)[floor];
  if (transcribes()) return UNHEARD.transcribing;
  return UNHEARD[call.microphone] ?? UNHEARD.typing;
}

function showButtons() {
  const talks = active();
  const microphone = call?.microphone ?? "off";
  const has = microphone === "on" || microphone === "muted";
  words("talk-word", talks ? "Hang up" : "Talk");
  $("mute").hidden = !live() || !has;
  $("mute").setAttribute("aria-pressed", String(microphone === "muted"));
  words("mute-word", microphone === "muted" ? "Muted" : "Mute");
  $("use-microphone").hidden = !live() || has || microphone === "asking";
  $("interrupt").hidden = !live() || transcribes();
  $("interrupt").disabled = call?.floor !== "agent" && call?.playout !== "playing";
}

function showFacts() {
  words("microphone-fact", MICROPHONE[call?.microphone ?? "off"]);
  words("turns-fact", String(timing.turns));
  words("interrupted-fact", String(timing.interrupted));
  words("session-fact", call?.sessionId || "–");
}

function words(id, text) {
  if ($(id).textContent !== text) $(id).textContent = text;
}

// what people do

$("talk").addEventListener("click", ({ detail: clicks }) => {
  // The second click of a double click was meant for the button's former function.
  if (clicks > 1) return;
  if (active()) call.stop();
  else begin(true);
});

$("mute").addEventListener("click", () => call.mute(call.microphone !== "muted"));

$("use-microphone").addEventListener("click", () => call.setMicrophone(true));

$("interrupt").addEventListener("click", () => call.interrupt());

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.isComposing) return;
  const isAtDetails = [$("details"), $("details-toggle")].some((part) => part.contains(document.activeElement));
  if (document.body.dataset.details === "open" && isAtDetails) closeDetails();
  else if (live()) call.interrupt();
});

$("typed").addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text) return;
  if (!active()) {
    const begun = begin(false); // forgets what waited for an earlier conversation
    waiting = text;
    await begun;
  } else waiting = text;
  sayWaiting();
});

/**
 * Say what was typed, once, however often it was sent off and whoever finds the line open. Until then it stands in its
 * field; if the line never opens, nothing is lost.
 */
function sayWaiting() {
  if (!waiting || !call?.say(waiting)) return;
  if ($("text").value.trim() === waiting) $("text").value = "";
  waiting = "";
  // Whoever types has read the message, which can be removed.
  notice("microphone", "");
}

$("details-toggle").addEventListener("click", () => openDetails(document.body.dataset.details !== "open"));

/** In a narrow window the details cover the conversation. */
function openDetails(open) {
  $("details-toggle").setAttribute("aria-expanded", String(open));
  document.body.dataset.details = open ? "open" : "";
}

function closeDetails() {
  openDetails(false);
  $("details-toggle").focus();
}

$("agent").addEventListener("change", () => {
  introduce();
  show();
});
$("mode").addEventListener("change", show);

/** Who can be talked with; without a choice the server's default answers. */
async function offerAgents() {
  try {
    agents = await Earshot.agents();
  } catch {
    return;
  }
  for (const { name, label } of agents) $("agent").append(new Option(label, name));
  $("agent-choice").hidden = agents.length === 0;
  introduce();
  show();
}

function introduce() {
  const agent = agents.find(({ name }) => name === $("agent").value);
  if (!agent) return;
  words("welcome-title", agent.label);
  words("welcome-text", sentence(agent.description, canSpeak() ? SPEAK : TYPE));
}

/** What the address asks for: `/?agent=NAME&mode=MODE`. */
function takeAddress() {
  const asked = new URLSearchParams(location.search);
  const unknown = [
    ["agent", $("agent"), asked.get("agent")],
    ["mode", $("mode"), asked.get("mode")],
  ].filter(([, choice, value]) => value && !choose(choice, value));
  for (const [name, , value] of unknown) notice("state", sentence(`The address asks for the ${name} ${value}, which is not here`), "warn");
}

/** @returns {boolean} whether there is such a choice */
function choose(select, value) {
  const offered = [...select.options].find((option) => option.value === value && !option.disabled);
  if (offered) select.value = value;
  return Boolean(offered);
}

/** Offer the modes that the server supports, with its default chosen. */
async function offerModes() {
  try {
    const answer = await fetch(new URL("/api/v1/realtime/status", document.baseURI));
    const { streaming_modes: modes, default_mode: usual } = await answer.json();
    for (const option of $("mode").options) option.hidden = option.disabled = !modes.includes(option.value);
    choose($("mode"), usual);
  } catch {
    // Without an answer all are offered; the server refuses those that it does not support.
  }
}

// over a reload

/** The page was reloaded in a conversation: it goes on, unless a link led to somebody else meanwhile. */
function goOn() {
  const before = Earshot.kept(KEEP);
  if (!before || active()) return;
  if (leadsElsewhere(before)) {
    Earshot.forget(KEEP);
    return;
  }
  choose($("agent"), before.agent);
  choose($("mode"), before.mode);
  try {
    transcript.restore(JSON.parse(sessionStorage.getItem(KEPT_WORDS)) ?? []);
    sessionStorage.removeItem(KEPT_WORDS);
  } catch {
    // The former transcript cannot be shown; the conversation goes on.
  }
  begin(before.microphone);
}

function leadsElsewhere({ agent, mode }) {
  // An address that is loaded again, or gone back to, asks for nothing new.
  if (performance.getEntriesByType("navigation")[0]?.type !== "navigate") return false;
  const asked = new URLSearchParams(location.search);
  return (asked.get("agent") || agent) !== agent || (asked.get("mode") || mode) !== mode;
}

addEventListener("pagehide", () => {
  if (!active()) return;
  try {
    sessionStorage.setItem(KEPT_WORDS, JSON.stringify(transcript.lines()));
  } catch {
    // No storage: the transcript is lost with the page.
  }
});
addEventListener("pageshow", ({ persisted }) => persisted && goOn());

$("download").addEventListener("click", () => {
  const text = transcript.lines().map(({ name, text: said }) => (name ? `${name}: ${said}\n` : `[${said}]\n`));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(text, { type: "text/plain" }));
  link.download = `earshot-${call?.sessionId || "transcript"}.txt`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
});

const devices = new DeviceSettings({ microphone: $("microphone-device"), speaker: $("speaker-device") }, () =>
  call?.use(devices.chosen),
);

switchScheme($("scheme"));
show();
await Promise.all([offerAgents(), offerModes()]);
takeAddress();
introduce();
show();
goOn();
