/** One WebSocket of the API: its messages, and a console to open it, send messages and talk. */

import { Microphone, NoMicrophone, Player, Sound } from "./earshot-audio.js";
import { element, input, prose } from "./docs-parts.js";

/** The most lines that are kept; of more the oldest are removed. */
const MOST_LINES = 500;
const MOST_CHARS = 2_000;
/** Bytes waiting to be sent above which audio of the microphone is dropped, so that a stalled connection fills no memory. */
const MOST_WAITING_BYTES = 64_000;
const DEFAULT_RATE_HZ = 48_000;

/**
 * @param {object} channel of the AsyncAPI document
 * @param {{takes: object[], sends: object[]}} messages
 * @param {import("./docs-parts.js").Schemas} schemas
 * @param {() => string} token
 * @returns {HTMLDetailsElement}
 */
export function socket(channel, messages, schemas, token) {
  const inside = element("div", { class: "inside" });
  const entry = element(
    "details",
    { class: "entry" },
    element(
      "summary",
      {},
      element("span", { class: "method", text: "WS" }),
      element("span", { class: "path", text: channel.address }),
      element("span", { class: "purpose", text: channel.title }),
      element("span", { class: "check", text: channel["x-check"].replaceAll("_", " ") }),
    ),
    inside,
  );
  entry.addEventListener("toggle", () => {
    if (!entry.open || inside.childElementCount) return;
    inside.append(
      ...closes(channel),
      ...list("Clients send", messages.takes, schemas),
      ...list("The server sends", messages.sends, schemas),
      new Console(channel, messages.takes, token).form,
    );
  });
  return entry;
}

function closes(channel) {
  const rows = Object.entries(channel["x-close-codes"]).map(([code, text]) =>
    element("li", {}, element("span", { class: "status", text: code }), ` ${text}`),
  );
  return [element("h3", { class: "label", text: "Close codes" }), element("ul", { class: "answers" }, ...rows)];
}

function list(title, messages, schemas) {
  if (!messages.length) return [];
  const rows = messages.map(({ name, summary, payload, contentType, examples }) =>
    element(
      "details",
      { class: "entry" },
      element("summary", {}, element("span", { class: "path", text: name }), element("span", { class: "purpose", text: summary })),
      element(
        "div",
        { class: "inside" },
        element("p", { class: "hint", text: contentType }),
        schemas.fields(payload),
        examples ? element("pre", { text: JSON.stringify(examples[0].payload, null, 2) }) : null,
      ),
    ),
  );
  return [element("h3", { class: "label", text: title }), ...rows];
}

/** Opens the socket, shows its traffic, sends what is typed and what the microphone hears. */
class Console {
  #channel;
  #token;
  #socket = null;
  #sound = null;
  #player = null;
  #microphone = null;
  #turn = 0;
  #audio = null; // the line that counts audio messages

  constructor(channel, takes, token) {
    this.#channel = channel;
    this.#token = token;
    const query = Object.entries(channel.bindings.ws.query.properties).filter(([name]) => name !== "token");
    const path = Object.keys(channel.parameters);
    this.fields = [
      ...path.map((name) => ({ name, path: true, ...input({ name, label: name }) })),
      ...query.map(([name, { examples = [], description }]) => ({
        name,
        ...input({ name, label: name, value: STARTS_WITH[name] ?? "", hint: String(examples[0] ?? "") }),
        description,
      })),
    ];
    for (const { field, description } of this.fields) if (description) field.title = description;
    const written = takes.filter(({ examples }) => examples);
    this.text = element("textarea", { spellcheck: false, value: written[0] ? exampleOf(written[0]) : "" });
    const choice = element("select", {}, ...written.map(({ name }, at) => element("option", { text: name, value: at })));
    choice.addEventListener("change", () => (this.text.value = exampleOf(written[choice.value])));
    this.open = element("button", { class: "main", type: "submit", text: "Open" });
    this.send = element("button", { type: "button", text: "Send", disabled: true });
    this.talk = element("button", { type: "button", text: "Talk", disabled: true, ariaPressed: "false" });
    this.said = element("span", { class: "said", role: "status", text: "Closed" });
    this.traffic = element("ul", { class: "traffic", tabIndex: 0, ariaLabel: "Messages" });
    const talks = takes.some(({ name }) => name === "caller_audio");
    this.form = element(
      "form",
      { class: "try" },
      ...prose("Audio that comes is played with `encoding=binary`; without, its messages are counted."),
      element("div", { class: "inputs" }, ...this.fields.map(({ label }) => label)),
      element("div", { class: "actions" }, this.open, talks ? this.talk : null, this.said),
      written.length ? element("label", {}, "Message", choice) : null,
      written.length ? element("label", {}, "As it is sent", this.text) : null,
      written.length ? element("div", { class: "actions" }, this.send) : null,
      this.traffic,
    );
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (this.#socket) this.#close("closed here");
      else this.#start();
    });
    this.send.addEventListener("click", () => this.#sendText());
    this.talk.addEventListener("click", () => this.#switchMicrophone());
    addEventListener("pagehide", () => this.#close("the page was left"));
  }

  async #start() {
    const url = this.#address();
    const playsAudio = url.searchParams.get("encoding") === "binary";
    this.#sound = playsAudio ? Sound.open(() => {}) : null;
    const connection = (this.#socket = new WebSocket(url));
    connection.binaryType = "arraybuffer";
    this.open.textContent = "Close";
    this.#say("Opening");
    connection.onopen = () => this.#isOpen(true, "Open");
    connection.onmessage = ({ data }) => this.#came(data);
    connection.onclose = ({ code, reason }) => {
      if (connection === this.#socket) this.#close(`${code} ${reason}`);
    };
    try {
      await this.#sound?.load();
      if (connection !== this.#socket || !this.#sound) return;
      const rate = Number(url.searchParams.get("sample_rate")) || DEFAULT_RATE_HZ;
      this.#player = new Player(this.#sound.context, rate, () => {});
    } catch (error) {
      this.#note(`no sound: ${error.message}`);
    }
  }

  #address() {
    let path = this.#channel.address;
    for (const { name, path: inPath, read } of this.fields) if (inPath) path = path.replace(`{${name}}`, encodeURIComponent(read()));
    const url = new URL(path, document.baseURI);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    for (const { name, path: inPath, read } of this.fields) if (!inPath && read()) url.searchParams.set(name, read());
    if (this.#token()) url.searchParams.set("token", this.#token());
    return url;
  }

  #close(why) {
    const connection = this.#socket;
    if (!connection) return;
    this.#socket = null;
    connection.close();
    this.#stopMicrophone();
    this.#player?.close();
    this.#sound?.close();
    this.#player = this.#sound = null;
    this.open.textContent = "Open";
    this.#isOpen(false, `Closed: ${why}`);
  }

  #isOpen(open, word) {
    this.send.disabled = !open;
    this.talk.disabled = !open;
    this.#say(word);
    this.#note(word);
  }

  #sendText() {
    const text = this.text.value;
    this.#socket.send(text);
    this.#line("out", `> ${text}`);
  }

  async #switchMicrophone() {
    if (this.#microphone) {
      this.#stopMicrophone();
      return;
    }
    const connection = this.#socket;
    this.#sound ??= Sound.open(() => {});
    try {
      if (!this.#sound) throw new NoMicrophone("insecure");
      await this.#sound.load();
      const microphone = await Microphone.open(this.#sound.context, (pcm) => this.#hear(pcm), () => this.#stopMicrophone());
      if (connection !== this.#socket || this.#microphone) {
        microphone.close();
        return;
      }
      this.#microphone = microphone;
      this.talk.ariaPressed = "true";
      this.talk.textContent = "Stop talking";
      this.#note("the microphone is sent");
    } catch (error) {
      this.#note(error instanceof NoMicrophone ? error.message : `no sound: ${error.message}`);
    }
  }

  #stopMicrophone() {
    this.#microphone?.close();
    this.#microphone = null;
    this.talk.ariaPressed = "false";
    this.talk.textContent = "Talk";
  }

  #hear(pcm) {
    if (this.#socket?.readyState === WebSocket.OPEN && this.#socket.bufferedAmount < MOST_WAITING_BYTES) this.#socket.send(pcm);
  }

  #came(data) {
    if (data instanceof ArrayBuffer) {
      this.#counted(data.byteLength);
      this.#player?.play(this.#turn, data);
      return;
    }
    const message = parsed(data);
    if (message?.type === "audio_data") {
      this.#counted(message.data.length);
      return;
    }
    if (message?.action === "tts_cancelled") this.#player?.clear();
    if (message?.action === "audio_start") this.#turn = message.turn ?? this.#turn;
    this.#audio = null;
    this.#line("in", `< ${data.slice(0, MOST_CHARS)}`);
  }

  /** Count audio messages, fifty a second, in one line. */
  #counted(bytes) {
    this.#audio ??= { messages: 0, bytes: 0, line: this.#line("note", "") };
    this.#audio.messages += 1;
    this.#audio.bytes += bytes;
    this.#audio.line.textContent = `< audio: ${this.#audio.messages} messages, ${this.#audio.bytes} bytes`;
  }

  #say(text) {
    this.said.textContent = text;
  }

  #note(text) {
    this.#audio = null;
    this.#line("note", text);
  }

  #line(kind, text) {
    const line = element("li", { class: kind, text });
    this.traffic.append(line);
    while (this.traffic.childElementCount > MOST_LINES) this.traffic.firstElementChild.remove();
    this.traffic.scrollTop = this.traffic.scrollHeight;
    return line;
  }
}

/** The values of parameters with which a conversation can be heard, for users who change none. */
const STARTS_WITH = { encoding: "binary", sample_rate: "24000" };

const exampleOf = ({ examples }) => JSON.stringify(examples[0].payload);

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
