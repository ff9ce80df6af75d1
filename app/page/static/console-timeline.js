/** The timeline of a session as a picture: lanes of caller, agent and tools over time, and marks for other events. */

const SVG = "http://www.w3.org/2000/svg";
const LANES = { user: 34, agent: 74, tool: 114 };
const NAMES = { user: "caller", agent: "agent", tool: "tools" };
const LEFT = 56;
const HEIGHT = 176;
const FOOT = 150;
const WORKER_AT = 10;
const PER_SECOND = 24;
const WIDEST = 20_000;
const PER_CHARACTER = 6;

/** @returns {SVGElement} an element with attributes and, if given, text; never markup */
function part(name, attributes, text) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  if (text !== undefined) element.textContent = text;
  return element;
}

/** Find the spans of time in the events: who held the floor, and which tools ran. */
function spans(events, now) {
  const found = [];
  const tools = [];
  const troubles = new Map();
  let floor = null;
  for (const event of events) {
    if (event.kind === "floor" || event.kind === "ended") {
      if (floor) found.push({ ...floor, to: event.at });
      floor = null;
      if (event.kind === "floor" && event.name !== "nobody") floor = { lane: event.name, from: event.at, title: event.name };
    } else if (event.kind === "tool") {
      tools.push({ lane: "tool", from: event.at, title: event.name ?? "tools" });
    } else if (event.kind === "tool_over") {
      const begun = tools.findIndex((tool) => tool.title === (event.name ?? "tools"));
      if (begun >= 0) found.push({ ...tools.splice(begun, 1)[0], to: event.at, failed: event.failed });
    } else if (event.kind === "worker" && event.failed) {
      troubles.set(event.name, { lane: "worker", from: event.at, title: event.text });
    } else if (event.kind === "worker" && troubles.has(event.name)) {
      found.push({ ...troubles.get(event.name), to: event.at });
      troubles.delete(event.name);
    }
  }
  for (const open of [floor, ...tools, ...troubles.values()]) if (open) found.push({ ...open, to: now });
  return found;
}

/**
 * Draw the events into an SVG element.
 * @param {SVGElement} picture
 * @param {Array} events in the order of time
 * @param {number} now seconds since 1970, where a live session ends
 */
export function draw(picture, events, now) {
  const playhead = picture.querySelector(".play");
  picture.replaceChildren();
  if (events.length === 0) {
    picture.setAttribute("aria-label", "Nothing has happened yet.");
    return;
  }
  const first = events[0].at;
  const last = Math.max(now, events[events.length - 1].at, first + 1);
  const scale = Math.min(PER_SECOND, (WIDEST - LEFT) / (last - first));
  const x = (at) => LEFT + (at - first) * scale;
  const width = Math.ceil(x(last)) + 16;
  picture.setAttribute("width", width);
  picture.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  picture.setAttribute("preserveAspectRatio", "xMinYMin meet");
  for (const [lane, y] of Object.entries(LANES)) {
    picture.append(part("line", { class: "lane", x1: LEFT, x2: width, y1: y + 10, y2: y + 10 }), part("text", { x: 0, y: y + 14 }, NAMES[lane]));
  }
  const step = [1, 2, 5, 10, 30, 60, 300, 900].find((seconds) => seconds * scale >= 60) ?? 3600;
  for (let at = 0; at <= last - first; at += step) {
    picture.append(part("text", { x: x(first + at), y: HEIGHT - 6 }, at < 120 ? `${at} s` : `${Math.floor(at / 60)}:${String(at % 60).padStart(2, "0")}`));
  }
  for (const span of spans(events, last)) {
    const ofWorker = span.lane === "worker";
    const bar = part("rect", {
      class: span.failed ? "tool failed" : span.lane, x: x(span.from), y: ofWorker ? WORKER_AT : LANES[span.lane], height: ofWorker ? 8 : 20, width: Math.max(2, (span.to - span.from) * scale),
    });
    bar.append(part("title", {}, `${span.title}, ${(span.to - span.from).toFixed(1)} s`));
    picture.append(bar);
  }
  marks(picture, events, x);
  Object.assign(picture.dataset, { first, scale });
  if (playhead) picture.append(playhead);
  const seconds = Math.round(last - first);
  const count = (kind) => events.filter((event) => event.kind === kind).length;
  picture.setAttribute("aria-label", `Timeline of ${seconds} seconds: ${count("said")} utterances of the caller, ${count("heard")} replies, ${count("cut")} interruptions, ${count("tool")} tools, ${count("restart")} restarts, ${events.filter(({ kind, failed }) => kind === "worker" && failed).length} troubles of the worker. In words below.`);
}

/**
 * Mark the position of the audio player, and scroll to it.
 * @param {SVGElement} picture a timeline that was drawn
 * @param {?number} at seconds since 1970; null: nowhere
 */
export function showPlayhead(picture, at) {
  let playhead = picture.querySelector(".play");
  if (at === null) {
    playhead?.remove();
    return;
  }
  if (!playhead) {
    playhead = part("line", { class: "play", y1: 20, y2: FOOT });
    picture.append(playhead);
  }
  const x = LEFT + (at - Number(picture.dataset.first)) * Number(picture.dataset.scale);
  playhead.setAttribute("x1", String(x));
  playhead.setAttribute("x2", String(x));
  const frame = picture.parentElement;
  const where = playhead.getBoundingClientRect().left - frame.getBoundingClientRect().left;
  if (where < LEFT || where > frame.clientWidth - LEFT) frame.scrollLeft += where - frame.clientWidth / 3;
}

/** @returns {number} the time at a place of the picture, in seconds since 1970; `clientX` as events of the mouse have it */
export function timeAt(picture, clientX) {
  const { x } = new DOMPoint(clientX, 0).matrixTransform(picture.getScreenCTM().inverse());
  return Number(picture.dataset.first) + (x - LEFT) / Number(picture.dataset.scale);
}

/** Place texts so that they end when they were over, shortened to the room beside the text before. */
function words(picture, lane, at, text, room) {
  const space = Math.floor((at - room[lane]) / PER_CHARACTER);
  if (space < 6) return;
  const shown = text.length > space ? `${text.slice(0, space - 1)}…` : text;
  picture.append(part("text", { class: "words", x: at, y: LANES[lane] - 4, "text-anchor": "end" }, shown));
  room[lane] = at + PER_CHARACTER;
}

function marks(picture, events, x) {
  const room = { user: LEFT, agent: LEFT };
  const kinds = { cut: "cut", paused: "pause", restart: "restart", error: "cut" };
  for (const event of events) {
    if (event.kind in kinds) {
      const line = part("line", { class: kinds[event.kind], x1: x(event.at), x2: x(event.at), y1: 24, y2: FOOT - 8 });
      line.append(part("title", {}, describe(event)));
      picture.append(line);
    }
    if (event.kind === "measured" && event.times_ms?.first_audio_ms !== undefined) {
      picture.append(part("text", { class: "words", x: x(event.at) - 40, y: FOOT }, `${Math.round(event.times_ms.first_audio_ms)} ms`));
    }
    if ((event.kind === "said" || event.kind === "heard") && event.text) {
      words(picture, event.kind === "said" ? "user" : "agent", x(event.at), event.text, room);
    }
  }
}

/** Describe one event in words. */
export function describe(event) {
  const words = event.text ? `: ${event.text}` : "";
  switch (event.kind) {
    case "floor": return event.name === "nobody" ? "nobody holds the floor" : `the floor is the ${event.name === "user" ? "caller" : "agent"}'s`;
    case "said": return `the caller said${words || " something"}`;
    case "interim": return `the caller seems to say${words}`;
    case "heard": return `${event.interrupted ? "the beginning of a reply was heard" : "a reply was heard"}${words}`;
    case "paused": return "the agent pauses: the caller makes a sound";
    case "resumed": return "the agent goes on: it was no interruption";
    case "cut": return "the agent is interrupted";
    case "tool": return event.name ? `tool ${event.name} begins` : "tools begin";
    case "tool_over": return event.name ? `tool ${event.name} ${event.failed ? "failed" : "is done"} after ${Math.round(event.times_ms?.elapsed_ms ?? 0)} ms` : "the tools are back";
    case "measured": return `turn ${event.turn}: ${Object.entries(event.times_ms ?? {}).map(([name, ms]) => `${name.replaceAll("_", " ").replace(/ ms$/, "")} ${Math.round(ms)} ms`).join(", ")}`;
    case "restart": return `${event.name} is started again${words}`;
    case "worker": return event.failed ? `the worker: ${event.text}` : `the worker is well again: ${event.text}`;
    case "error": return "the caller is told of an error";
    case "ended": return `the session ended: ${event.name}`;
    default: return event.kind;
  }
}
