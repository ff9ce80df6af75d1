/**
 * Earshot in a web page: talk with a voice agent, from any page, in a few lines.
 *
 *     import { Earshot } from "https://voice.example.org/static/earshot.js";
 *     const call = new Earshot({ agent: "dentist" });
 *     call.addEventListener("reply", ({ detail }) => console.log(detail.text));
 *     button.onclick = () => (call.active ? call.stop() : call.start());
 *
 * `start` must be called in a user gesture: browsers allow neither sound nor the microphone without one. Over plain http
 * they allow neither at all, but on localhost: people can type and read. A page of
 * another origin than the server's must be listed in the server's ALLOWED_ORIGINS, and with BROWSER_AUTH on it brings a
 * token, which its own backend asks of `POST /api/v1/realtime/token`.
 *
 * Events are CustomEvents; `detail` holds:
 *
 *     state       {state, reason, message, retryInMs?}: see `state`; `reason` is "", "restarting", "full", "lost",
 *                 "gone", "refused" or "ended"; `message` says it in words for people
 *     microphone  {state, message}: see `microphone`
 *     session     {sessionId, agent, label, resumed, restarted}: the conversation is open; `resumed`: it goes on where it
 *                 was; `restarted`: the connection was lost, and the server knows nothing of the conversation any more
 *     partial     {text}: what the user seems to be saying
 *     user        {turn, text, confidence}: what the user said, or typed
 *     reply       {turn, kind, text}: a piece of a reply as it is about to be heard; `kind` is reply, greeting, filler, ...
 *     heard       {turn, text, interrupted, exactness}: what was heard of the reply, in place of its pieces
 *     floor       {floor, turn}: who holds the floor: "nobody", "user" or "agent"
 *     playout     {state, turn}: the player is "playing", "paused" or "empty"
 *     cleared     {turn, reason, silentAfterMs}: the reply was dropped; `silentAfterMs` after the order there was silence
 *     tool        {phase: "start"|"end", callId, tool, args, status, result, error, elapsedMs}
 *     metrics     {turn, firstAudioMs, onsetToPauseMs, onsetToDecisionMs, decisionToSilenceMs, heardMs, interrupted};
 *                 null is what did not happen
 *     problem     {message}: the server says that something went wrong
 *     ended       {reason}: NORMAL, HUMAN_HANDOFF, IDLE_TIMEOUT or ERROR; after it comes `state`
 */

import { meter, Microphone, NoMicrophone, Player, prepare } from "./earshot-audio.js";

const API = "/api/v1";
const OUTPUT_RATE_HZ = 24000;
const MARK_EVERY_MS = 100;
const PING_EVERY_MS = 10_000;
/** Nothing heard for this long, not even the answer to a ping: the connection is dead. */
const DEAD_AFTER_MS = 25_000;
const FIRST_RETRY_MS = 300;
const LAST_RETRY_MS = 5_000;
/** A lost conversation is looked for this long. */
const RETRY_FOR_MS = 120_000;
/** Audio that the network has not taken yet, in bytes: beyond two seconds the newest is dropped, or we would lag for ever. */
const UNSENT_BYTES = 64_000;

/** Close codes of the server. */
const CLOSE = { NORMAL: 1000, REFUSED: 1008, TOO_BIG: 1009, RESTARTING: 1012, FULL: 1013 };

const WORDS = {
  connecting: "Connecting",
  live: "Connected",
  restarting: "The server is restarting. Reconnecting",
  lost: "The connection was lost. Reconnecting",
  full: "All lines are busy. Please try again in a moment",
  gone: "The server cannot be reached",
  ended: "The conversation has ended",
};

const MICROPHONE_WORDS = {
  off: "The microphone is off",
  asking: "Please allow the microphone",
  on: "The microphone is on",
  muted: "The microphone is muted",
  refused: "The microphone was refused. Allow it in the browser's settings for this page, or type instead",
  missing: "No microphone was found. You can type instead",
  busy: "The microphone is in use by another program. You can type instead",
  insecure: "Browsers allow sound and the microphone only over https or on localhost. You can type, and read",
  unsupported: "This browser has no microphone for pages. You can type instead",
};

/** One conversation at a time with one agent. */
export class Earshot extends EventTarget {
  #server;
  #agent;
  #mode;
  #token;
  #state = "idle";
  #microphoneState = "off";
  #floor = "nobody";
  #playout = "empty";
  #sessionId = "";
  #resumeToken = "";
  #context = null;
  #microphone = null;
  #player = null;
  #socket = null;
  #call = 0; // tells what belongs to a former start
  #connection = 0; // and to a former connection
  #settle = () => {};
  #retryTimer = 0;
  #retries = 0;
  #lostAt = 0;
  #pingTimer = 0;
  #heardFromAt = 0;
  #turn = null; // of the audio that comes
  #marked = { at: 0, state: "", turn: null };
  #endedReason = "";

  /**
   * @param {object} [options]
   * @param {string} [options.agent] by name; the server's default without one
   * @param {"media"|"transcription"} [options.mode] what the server does with the voice; its default without one
   * @param {string|URL} [options.server] by default the one that this module came from
   * @param {string|(() => string|Promise<string>)} [options.token] for servers with BROWSER_AUTH; asked anew for each
   *     connection. By default a page of the server itself asks it for one
   */
  constructor({ agent = "", mode = "", server = new URL("/", import.meta.url), token } = {}) {
    super();
    this.#server = new URL(server, location.href);
    this.#agent = agent;
    this.#mode = mode;
    this.#token = token ?? (this.#server.origin === location.origin ? () => this.#ownToken() : "");
  }

  /**
   * The agents to choose from, the server's default first.
   *
   * @param {string|URL} [server] by default the one that this module came from
   * @returns {Promise<{name: string, label: string, description: string}[]>} rejects if the server does not say
   */
  static async agents(server = new URL("/", import.meta.url)) {
    const answer = await fetch(new URL(`${API}/agents`, server));
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    const { agents } = await answer.json();
    return agents
      .map(({ name, label, description, default: first }) => ({ name, label: label ?? name, description, first }))
      .sort((one, other) => Number(Boolean(other.first)) - Number(Boolean(one.first)))
      .map(({ name, label, description }) => ({ name, label, description }));
  }

  /** "idle", "connecting", "live", "reconnecting" or "ended". */
  get state() {
    return this.#state;
  }

  /** A conversation is under way, or about to be. */
  get active() {
    return this.#state !== "idle" && this.#state !== "ended";
  }

  /** "off", "asking", "on", "muted"; or why there is none: "refused", "missing", "busy", "insecure", "unsupported". */
  get microphone() {
    return this.#microphoneState;
  }

  /** Who holds the floor: "nobody", "user" or "agent". */
  get floor() {
    return this.#floor;
  }

  /** "empty", "playing" or "paused". */
  get playout() {
    return this.#playout;
  }

  get sessionId() {
    return this.#sessionId;
  }

  /**
   * Loudness of both sides for meters, 0 to 1 on a scale of decibels; to be asked for with each animation frame.
   *
   * @returns {{input: number, output: number}}
   */
  levels() {
    return { input: meter(this.#microphone?.peak ?? 0), output: meter(this.#player?.peak ?? 0) };
  }

  /**
   * Begin a conversation. To be called in a user gesture.
   *
   * @param {object} [options]
   * @param {boolean} [options.microphone] false: the user will type
   * @returns {Promise<void>} when it is open or has failed, which `state` says; never rejects
   */
  async start({ microphone = true } = {}) {
    if (this.active) return;
    this.#call += 1;
    const call = this.#call;
    this.#sessionId = this.#resumeToken = this.#endedReason = "";
    this.#retries = this.#lostAt = 0;
    this.#enter("connecting", "", WORDS.connecting);
    this.#context = new AudioContext({ latencyHint: "interactive" });
    // Without a gesture this waits for one; the conversation need not.
    this.#context.resume().catch(() => {});
    if (isSecureContext) {
      try {
        await prepare(this.#context);
      } catch {
        if (call === this.#call) this.#end("gone", WORDS.gone);
        return;
      }
      if (call !== this.#call) return;
      this.#player = new Player(this.#context, OUTPUT_RATE_HZ, (playout) => this.#played(playout));
      if (microphone) await this.setMicrophone(true);
    } else if (microphone) {
      this.#microphoneIs("insecure");
    }
    if (call === this.#call) await this.#connect();
  }

  /** Hang up. */
  stop() {
    if (!this.active) return;
    this.#send({ type: "hang_up" });
    this.#socket?.close(CLOSE.NORMAL, "hung up");
    this.#end("ended", WORDS.ended);
  }

  /**
   * Type instead of speaking; it takes the floor.
   *
   * @param {string} text
   * @returns {boolean} whether it was sent: only while the state is "live"
   */
  say(text) {
    return this.#send({ type: "text", text });
  }

  /** Ask for the floor: the agent stops. */
  interrupt() {
    this.#send({ type: "interrupt" });
  }

  /** @param {boolean} muted send silence, or what the microphone hears again */
  mute(muted) {
    if (!this.#microphone) return;
    this.#microphone.mute(muted);
    this.#microphoneIs(muted ? "muted" : "on");
  }

  /**
   * Switch the microphone on or off while a conversation is under way; on needs a user gesture the first time.
   *
   * @param {boolean} on
   * @returns {Promise<void>} when `microphone` says how it went
   */
  async setMicrophone(on) {
    if (!on) {
      this.#closeMicrophone("off");
      return;
    }
    if (this.#microphone || !this.#context) return;
    const call = this.#call;
    this.#microphoneIs("asking");
    let microphone = null;
    let reason = "on";
    try {
      microphone = await Microphone.open(
        this.#context,
        (pcm) => this.#hear(pcm),
        () => this.#closeMicrophone("missing"),
      );
    } catch (error) {
      reason = error instanceof NoMicrophone ? error.reason : "unsupported";
    }
    if (call !== this.#call) {
      microphone?.close();
      return;
    }
    this.#microphone = microphone;
    this.#microphoneIs(reason);
  }

  // the connection

  async #connect() {
    this.#connection += 1;
    const connection = this.#connection;
    let url;
    try {
      url = await this.#address();
    } catch {
      if (connection === this.#connection) this.#lost("lost");
      return;
    }
    if (connection !== this.#connection) return;
    const socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    await new Promise((opened) => {
      this.#settle = opened;
      socket.onmessage = ({ data }) => {
        if (connection !== this.#connection) return;
        this.#heardFromAt = performance.now();
        if (typeof data === "string") this.#understand(JSON.parse(data));
        else this.#play(data);
        if (this.#state === "live") opened();
      };
      socket.onclose = ({ code, reason }) => {
        if (connection === this.#connection) this.#closed(code, reason);
      };
    });
  }

  async #address() {
    const url = new URL(`${API}/realtime/conversation`, this.#server);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const query = {
      encoding: "binary",
      marks: "1",
      sample_rate: String(OUTPUT_RATE_HZ),
      agent: this.#agent,
      streaming_mode: this.#mode,
      session_id: this.#sessionId,
      resume_token: this.#resumeToken,
      token: typeof this.#token === "function" ? await this.#token() : this.#token,
    };
    for (const [name, value] of Object.entries(query)) if (value) url.searchParams.set(name, value);
    return url;
  }

  /** A token for this page from its own server; none from a server that gives none. */
  async #ownToken() {
    const body = { session_id: this.#sessionId, agent: this.#agent };
    for (const name of Object.keys(body)) if (!body[name]) delete body[name];
    const answer = await fetch(new URL(`${API}/realtime/token`, this.#server), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    return answer.ok ? (await answer.json()).token : "";
  }

  #closed(code, reason) {
    const wasLive = this.#sessionId !== "";
    this.#leave();
    if (code === CLOSE.NORMAL) {
      this.#tell("ended", { reason: this.#endedReason || "NORMAL" });
      this.#end("ended", WORDS.ended);
    } else if (code === CLOSE.REFUSED || code === CLOSE.TOO_BIG) this.#end("refused", `The server refused: ${reason}`);
    else if (code === CLOSE.FULL && !wasLive) this.#end("full", WORDS.full);
    else this.#lost(code === CLOSE.RESTARTING ? "restarting" : "lost");
  }

  /** Try again, later each time; a server that was never reached is given up at once. */
  #lost(reason) {
    const now = performance.now();
    this.#lostAt ||= now;
    if ((!this.#sessionId && reason === "lost") || now - this.#lostAt > RETRY_FOR_MS) {
      this.#end("gone", WORDS.gone);
      return;
    }
    const most = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#retries);
    const retryInMs = most * (0.5 + Math.random() / 2);
    this.#retries += 1;
    this.#enter("reconnecting", reason, WORDS[reason], { retryInMs });
    this.#retryTimer = setTimeout(() => this.#connect(), retryInMs);
  }

  /** Let go of the connection. What the player holds was not heard: the server sends it again. */
  #leave() {
    this.#connection += 1;
    clearTimeout(this.#retryTimer);
    clearInterval(this.#pingTimer);
    this.#socket = null;
    this.#settle();
    this.#turn = null;
    this.#player?.clear();
    this.#player?.forget();
  }

  #ping() {
    if (performance.now() - this.#heardFromAt > DEAD_AFTER_MS) {
      this.#socket.close();
      this.#leave();
      this.#lost("lost");
      return;
    }
    this.#send({ type: "ping" });
  }

  #send(message) {
    if (this.#state !== "live" || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  #hear(pcm) {
    if (this.#state === "live" && this.#socket?.readyState === WebSocket.OPEN && this.#socket.bufferedAmount < UNSENT_BYTES)
      this.#socket.send(pcm);
  }

  #end(reason, message) {
    this.#leave();
    this.#call += 1;
    this.#closeMicrophone("off");
    this.#player?.close();
    this.#player = null;
    // Sound that has left the player is still on its way to the loudspeaker.
    const context = this.#context;
    if (context) setTimeout(() => context.close().catch(() => {}), 300);
    this.#context = null;
    this.#holds("nobody", 0);
    this.#playsNow("empty", 0);
    this.#enter("ended", reason, message);
  }

  #closeMicrophone(reason) {
    this.#microphone?.close();
    this.#microphone = null;
    if (reason !== this.#microphoneState && (reason !== "off" || ["on", "muted", "asking"].includes(this.#microphoneState)))
      this.#microphoneIs(reason);
  }

  // what the server says

  #understand(message) {
    const { type, payload } = message;
    if (type === "event") this.#event(message);
    else if (type === "status") this.#tell("reply", { turn: payload.turn, kind: "greeting", text: payload.message });
    else if (type === "assistant_streaming")
      this.#tell("reply", { turn: payload.turn, kind: payload.kind, text: payload.content });
    else if (type === "error") this.#tell("problem", { message: payload.error_message });
    else if (type === "control") this.#control(message);
    else if (type === "floor") this.#holds(message.floor, message.turn);
    else if (type === "assistant_final")
      this.#tell("heard", {
        turn: message.turn,
        text: message.content,
        interrupted: message.interrupted,
        exactness: message.exactness,
      });
    else if (type === "tool_start" || type === "tool_end") this.#tool(message);
    else if (type === "turn_metrics") this.#metrics(message);
    else if (type === "session_end") this.#endedReason = message.reason;
  }

  #event({ sender, payload }) {
    if (payload.event_type === "session") this.#opened(payload);
    else if (payload.event_type === "stt_partial") this.#tell("partial", { text: payload.message });
    else if (sender === "User")
      this.#tell("user", { turn: payload.turn, text: payload.message, confidence: payload.confidence });
  }

  #opened(payload) {
    const again = this.#sessionId !== "";
    this.#sessionId = payload.session_id;
    this.#resumeToken = payload.resume_token;
    this.#retries = this.#lostAt = 0;
    this.#marked = { at: 0, state: "", turn: null };
    this.#pingTimer = setInterval(() => this.#ping(), PING_EVERY_MS);
    const { agent, label, resumed } = payload;
    this.#enter("live", "", WORDS.live);
    this.#tell("session", { sessionId: this.#sessionId, agent, label, resumed, restarted: again && !resumed });
  }

  #control({ action, turn, reason }) {
    if (action === "audio_start") this.#turn = turn;
    else if (action === "pause") this.#player?.pause();
    else if (action === "resume") this.#player?.resume();
    else if (action === "tts_cancelled") this.#clear(turn, reason);
  }

  async #clear(turn, reason) {
    const orderedAt = performance.now();
    this.#turn = null;
    await this.#player?.clear();
    this.#tell("cleared", { turn, reason, silentAfterMs: performance.now() - orderedAt });
  }

  #tool({ type, callId, tool, args, status, result, error, elapsedMs }) {
    const phase = type === "tool_start" ? "start" : "end";
    this.#tell("tool", { phase, callId, tool, args, status, result, error, elapsedMs });
  }

  #metrics(message) {
    this.#tell("metrics", {
      turn: message.turn,
      firstAudioMs: message.first_audio_ms,
      onsetToPauseMs: message.onset_to_pause_ms,
      onsetToDecisionMs: message.onset_to_decision_ms,
      decisionToSilenceMs: message.decision_to_silence_ms,
      heardMs: message.heard_ms,
      interrupted: message.interrupted,
    });
  }

  // the player

  #play(pcm) {
    if (this.#turn !== null) this.#player?.play(this.#turn, pcm);
  }

  #played({ state, turn, audioMs }) {
    const now = performance.now();
    const changed = state !== this.#marked.state || turn !== this.#marked.turn;
    if (changed || now - this.#marked.at >= MARK_EVERY_MS - 5) {
      this.#marked = { at: now, state, turn };
      this.#send({ type: "playout_mark", turn, audio_ms: Math.round(audioMs), state });
    }
    this.#playsNow(state, turn);
  }

  #playsNow(state, turn) {
    if (state === this.#playout) return;
    this.#playout = state;
    this.#tell("playout", { state, turn });
  }

  // what the page is told

  #holds(floor, turn) {
    if (floor === this.#floor) return;
    this.#floor = floor;
    this.#tell("floor", { floor, turn });
  }

  #enter(state, reason, message, more = {}) {
    this.#state = state;
    this.#tell("state", { state, reason, message, ...more });
  }

  #microphoneIs(state) {
    this.#microphoneState = state;
    this.#tell("microphone", { state, message: MICROPHONE_WORDS[state] });
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
