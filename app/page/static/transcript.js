/**
 * The conversation in words. What is final is added as elements of its own, so that a screen reader says it once; what is
 * not final yet is shown and not said.
 */

const clone = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);
const bare = (text) => text.replace(/\s+/g, "");

const NEAR_END_PX = 80;
/** Milliseconds for which an interim text waits for its final one; a slow recognizer takes two seconds. */
const FORGET_AFTER_MS = 5_000;

/** What a kind of reply is called, if it is not simply an answer. */
const KINDS = { filler: "meanwhile", prompt: "asks again", apology: "apologises" };

export class Transcript {
  #log;
  #scroll;
  /** The agents by their first turn; an agent that has handed off is heard to its end after that. */
  #agents = [{ from: 0, label: "Agent" }];
  #following = true;
  #size = ""; // of what scrolls and of its window, as last seen
  #partial = null;
  #forgetting = 0;
  #replies = []; // {turn, kind, entry, words, settled}
  #tools = new Map();

  /**
   * @param {HTMLElement} log a live region
   * @param {HTMLElement} scroll what scrolls
   */
  constructor(log, scroll) {
    this.#log = log;
    this.#scroll = scroll;
    scroll.addEventListener("scroll", () => {
      // If the size has changed, the user has not scrolled: the end of the log has moved.
      if (this.#size !== sizeOf(scroll)) return;
      this.#following = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_END_PX;
    });
    // After any change in size, a user who was at the end stays there.
    const sizes = new ResizeObserver(() => {
      this.#size = sizeOf(scroll);
      if (this.#following) this.#toEnd();
    });
    sizes.observe(scroll);
    sizes.observe(log);
  }

  /** A conversation begins, with an agent of this name; what was said before stays to be read. */
  begin(agent) {
    this.#agents = [{ from: 0, label: agent }];
    this.#replies = [];
    this.#tools.clear();
    this.forget();
  }

  /** The conversation goes on after a reload or a lost connection, with this agent: it may have changed meanwhile. */
  goesOnWith(agent) {
    if (this.#agents.at(-1).label !== agent) this.#agents = [{ from: 0, label: agent }];
  }

  /** Another agent speaks from a turn on. */
  agentFrom(turn, label) {
    this.#agents.push({ from: turn, label });
  }

  /** A line about the conversation itself. */
  note(text, tone = "plain") {
    const note = document.createElement("p");
    note.className = `note ${tone}`;
    note.textContent = text;
    this.#add(note);
  }

  /** Show an interim text where its final one will stand; it is removed if there is none. */
  partial(text) {
    clearTimeout(this.#forgetting);
    if (!text.trim()) {
      this.forget();
      return;
    }
    this.#forgetting = setTimeout(() => this.forget(), FORGET_AFTER_MS);
    if (!this.#partial) {
      this.#partial = this.#entry("user", "You");
      this.#partial.classList.add("partial");
      this.#partial.setAttribute("aria-hidden", "true");
      this.#add(this.#partial);
    }
    this.#partial.querySelector(".words").textContent = text;
  }

  /** The user has said nothing after all. */
  forget() {
    this.#partial?.remove();
    this.#partial = null;
  }

  /**
   * What the user said: in which language, and where in the sound each word is, as far as that is known. A model that
   * hears by itself tells the words when it answers already: they stand before the answer all the same.
   */
  user(text, { turn = 0, language = "", words = [] } = {}) {
    const entry = this.#entry("user", "You", language);
    const said = entry.querySelector(".words");
    if (language) said.lang = language;
    said.append(...timed(text, words));
    const answer = turn && this.#replies.find((one) => one.turn === turn && one.kind === "reply");
    if (answer) {
      this.forget();
      answer.entry.before(entry);
    } else if (this.#partial) {
      this.#partial.replaceWith(entry);
      this.#partial = null;
    } else {
      entry.classList.add("appearing");
      this.#add(entry);
    }
  }

  /** A piece of a reply. */
  reply(turn, kind, text) {
    let reply = this.#replies.find((one) => one.turn === turn && one.kind === kind && !one.settled);
    if (!reply) reply = this.#newReply(turn, kind);
    const piece = document.createElement("span");
    piece.textContent = text;
    reply.words.append(piece);
  }

  /** Show what was heard of a reply: of the oldest one of the turn whose text begins so. */
  heard(turn, text, interrupted) {
    const open = this.#replies.filter((one) => one.turn === turn && !one.settled);
    const reply = open.find((one) => bare(one.words.textContent).startsWith(bare(text))) ?? open[0];
    if (!reply && !text) return;
    this.#settle(reply ?? this.#newReply(turn, "reply"), text, interrupted);
  }

  /** After an interruption remove the turn's replies of which nothing was reported as heard. */
  interrupted(turn, heardMs) {
    for (const reply of this.#replies.filter((one) => one.turn === turn && !one.settled)) {
      if (heardMs > 0) this.#settle(reply, "", true);
      else {
        reply.settled = true;
        reply.entry.remove();
      }
    }
  }

  /** A tool that begins, goes on or ends, as one line. */
  tool({ phase, callId, tool, args, percent, status, error, elapsedMs }) {
    let chip = this.#tools.get(callId);
    if (!chip) {
      chip = clone("tool");
      chip.dataset.status = "running";
      // A screen reader should not read each percentage out.
      chip.ariaBusy = "true";
      chip.querySelector(".tool-name").textContent = tool.replaceAll("_", " ");
      chip.querySelector(".tool-with").textContent = inWords(args);
      this.#tools.set(callId, chip);
      this.#add(chip);
    }
    if (phase === "start") return;
    if (phase === "progress") {
      chip.querySelector(".tool-end").textContent = `${percent} %`;
      return;
    }
    chip.ariaBusy = "false";
    chip.dataset.status = status === "error" ? "error" : "success";
    const took = elapsedMs === undefined || elapsedMs === null ? "" : `${Math.round(elapsedMs)} ms`;
    chip.querySelector(".tool-end").textContent = status === "error" ? `failed: ${error}` : took;
  }

  /**
   * What stands there, for a file or for the page after a reload; what is not finished is left out.
   *
   * @returns {{side: "user"|"agent"|"note", name: string, text: string}[]}
   */
  lines() {
    return [...this.#log.children]
      .filter((line) => !line.classList.contains("partial"))
      .map((line) => ({
        side: ["user", "agent"].find((side) => line.classList.contains(side)) ?? "note",
        name: line.querySelector(".speaker")?.textContent ?? "",
        text: (line.querySelector(".words") ?? line).textContent.replace(/\s+/g, " ").trim(),
      }))
      .filter(({ text }) => text);
  }

  /** Show again what stood there before a reload; nobody needs to have it read out a second time. */
  restore(lines) {
    const live = this.#log.getAttribute("aria-live");
    this.#log.setAttribute("aria-live", "off");
    for (const { side, name, text } of lines) {
      if (side === "note") {
        this.note(text);
        continue;
      }
      const entry = this.#entry(side, name);
      entry.querySelector(".words").textContent = text;
      this.#add(entry);
    }
    requestAnimationFrame(() => this.#log.setAttribute("aria-live", live));
  }

  #entry(side, name, kind = "") {
    const entry = clone("entry");
    entry.classList.add(side);
    entry.querySelector(".speaker").textContent = kind ? `${name}, ${kind}` : name;
    return entry;
  }

  #newReply(turn, kind) {
    const entry = this.#entry("agent", this.#agents.findLast(({ from }) => from <= turn).label, KINDS[kind]);
    entry.classList.add("appearing");
    const reply = { turn, kind, entry, words: entry.querySelector(".words"), settled: false };
    this.#replies.push(reply);
    this.#add(entry);
    return reply;
  }

  #settle(reply, text, interrupted) {
    reply.settled = true;
    if (!cut(reply.words, text)) reply.words.textContent = text;
    if (interrupted) {
      reply.entry.classList.add("cut");
      if (!bare(text)) reply.words.textContent = "…";
      reply.words.append(" ", clone("interrupted"));
    }
  }

  #add(element) {
    // What the user is saying stays last: it is not finished.
    if (this.#partial && element !== this.#partial) this.#partial.before(element);
    else this.#log.append(element);
  }

  #toEnd() {
    this.#scroll.scrollTop = this.#scroll.scrollHeight;
  }
}

const sizeOf = (scroll) => `${scroll.clientHeight} of ${scroll.scrollHeight}`;

/**
 * Shorten what is shown to its beginning `text`, blanks apart, without writing anything anew: a screen reader would say
 * it again.
 *
 * @returns {boolean} false if what is shown does not begin so; then nothing has changed
 */
function cut(words, text) {
  if (!bare(words.textContent).startsWith(bare(text))) return false;
  let left = bare(text).length;
  for (const piece of [...words.children]) {
    const shown = piece.textContent;
    let end = 0;
    while (end < shown.length && left > 0) {
      if (bare(shown[end])) left -= 1;
      end += 1;
    }
    if (end === 0) piece.remove();
    else if (bare(shown.slice(end))) piece.textContent = shown.slice(0, end);
  }
  return true;
}

/** Split a text into pieces; words show when they were said if the pointer is over them. */
function timed(text, words) {
  const pieces = [];
  let at = 0;
  for (const { text: word, offset_ms: offsetMs } of words) {
    const begin = text.toLowerCase().indexOf(word.toLowerCase(), at);
    if (begin < 0) continue;
    const piece = document.createElement("span");
    piece.textContent = text.slice(begin, begin + word.length);
    piece.title = `${(offsetMs / 1000).toFixed(1)} s`;
    pieces.push(text.slice(at, begin), piece);
    at = begin + word.length;
  }
  return [...pieces, text.slice(at)];
}

/** A tool's arguments for people: `day: friday, name: Ann`. */
function inWords(args) {
  if (!args || typeof args !== "object") return "";
  return Object.entries(args)
    .map(([name, value]) => `${name.replaceAll("_", " ")}: ${typeof value === "object" ? JSON.stringify(value) : value}`)
    .join(", ");
}
