/**
 * Earshot in a web page: talk with a voice agent, from any page, in a few lines.
 *
 *     import { Earshot } from "https://voice.example.org/static/earshot.js";
 *     const call = new Earshot({ agent: "dentist" });
 *     call.addEventListener("reply", ({ detail }) => console.log(detail.text));
 *     button.onclick = () => (call.active ? call.stop() : call.start());
 *
 * `start` must be called in a user gesture: browsers allow neither sound nor the microphone without one. Over plain
 * http they allow neither at all, but on localhost: people can type and read. A page of another origin than the
 * server's must be listed in the server's ALLOWED_ORIGINS, and with BROWSER_AUTH on it brings a token, which its own
 * backend asks of `POST /api/v1/realtime/token`. A page may have several of these; each has a conversation of its own.
 * Leaving the page hangs up, as far as the browser still sends it; with `keep`, a reload does not: when the page is there
 * again, `kept` says so, and `start` goes on with the conversation.
 *
 * On a page that is not the server's own, the console says too why there is no conversation, or no microphone.
 *
 * Events are CustomEvents; `detail` holds:
 *
 *     state       {state, reason, message, failed, retryInMs?}: see `state`; `reason` is "", "draining", "restarting",
 *                 "full", "lost", "gone", "refused" or "ended"; `message` says it in words for people; `failed`: it ended,
 *                 and nobody wanted that. "draining" is told while the state stays "live": the server is about to restart
 *     microphone  {state, message}: see `microphone`
 *     sound       {state, message}: "held": the browser holds all sound back until the user does something on the page;
 *                 "on": it lets it go again
 *     session     {sessionId, agent, label, resumed, restarted}: the conversation is open; `resumed`: it goes on where
 *                 it was; `restarted`: the connection was lost, and the server has forgotten the conversation
 *     agent       {agent, label, turn}: the conversation was handed off to this agent, which has it from `turn` on
 *     partial     {text}: what the user seems to be saying
 *     user        {turn, text, confidence, language, words}: what the user said, or typed; `language` such as "de-DE" and
 *                 `words` [{text, offset_ms, duration_ms}] where the recognizer tells them, empty where it does not
 *     reply       {turn, kind, text}: a piece of a reply as it is about to be heard; `kind` is reply, greeting, filler,
 *                 prompt, apology or goodbye
 *     heard       {turn, text, interrupted, exactness}: what was heard of the reply, in place of its pieces
 *     floor       {floor, turn}: who holds the floor: "nobody", "user" or "agent"
 *     playout     {state, turn}: the player is "playing", "paused" or "empty"
 *     cleared     {turn, reason, silentAfterMs}: the reply was dropped; `silentAfterMs` after the order all was silent
 *     tool        {phase: "start"|"progress"|"end", callId, tool, args, percent, status, result, error, elapsedMs}
 *     metrics     {turn, firstAudioMs, onsetToPauseMs, onsetToDecisionMs, decisionToSilenceMs, heardMs, interrupted};
 *                 null is what did not happen
 *     problem     {message}: the server says that something went wrong
 *     ended       {reason}: NORMAL, HUMAN_HANDOFF, IDLE_TIMEOUT, ERROR, VOICEMAIL or MESSAGE_LEFT; after it
 *                 comes `state`
 */

import { meter, Microphone, NoMicrophone, Player, Sound } from "./earshot-audio.js";
import { forget, keep, kept } from "./earshot-kept.js";
import { Line } from "./earshot-line.js";

const API = "/api/v1";
const OUTPUT_RATE_HZ = 24000;
const MARK_EVERY_MS = 100;
/** Milliseconds within which the server has to give a token; else it is taken to be unreachable. */
const TOKEN_WITHIN_MS = 10_000;

/** Why a conversation is not live, or not any more, for people. */
const WORDS = {
  connecting: "Connecting",
  live: "Connected",
  draining: "The server is about to restart. This conversation may end early",
  restarting: "The server is restarting. Reconnecting",
  lost: "The connection was lost. Reconnecting",
  full: "All lines are busy. Please try again in a moment",
  gone: "The server cannot be reached",
  refused: "The server refused",
  ended: "The conversation has ended",
};

const MICROPHONE_WORDS = {
  off: "The microphone is off",
  asking: "Please allow the microphone",
  on: "The microphone is on",
  muted: "The microphone is muted",
  refused: "The microphone was refused. Allow it in the browser's settings for this page",
  missing: "No microphone was found",
  busy: "The microphone is in use by another program",
  unplugged: "The microphone was taken away",
  insecure: "Browsers allow sound and the microphone only over https or on localhost",
  unsupported: "This browser has no microphone for pages",
};

/** The states of the microphone that are no errors. */
const MICROPHONE_AT_WORK = ["off", "asking", "on", "muted"];

const SOUND_WORDS = {
  held: "The browser holds the sound back. Click, tap or press a key to hear and be heard",
  on: "",
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
  #call = null; // what lasts as long as one conversation: {sound, player, microphone, asking, line, settle}
  #turn = null; // the turn of the audio that arrives
  #marked = { at: 0, state: "", turn: null };
  #endedReason = "";
  #noToken = ""; // why the server has given this page none
  #keep;
  #devices = { microphone: "", speaker: "" };

  /**
   * @param {object} [options]
   * @param {string} [options.agent] by name; the server's default without one
   * @param {"media"|"voice_live"|"transcription"} [options.mode] what the server does with the voice; its default without one
   * @param {string|URL} [options.server] by default the one that this module came from
   * @param {string|(() => string|Promise<string>)} [options.token] for servers with BROWSER_AUTH; asked anew for each
   *     connection. By default a page of the server itself asks it for one
   * @param {string} [options.keep] a name under which this tab keeps the conversation over a reload of the page
   */
  constructor({ agent = "", mode = "", server = new URL("/", import.meta.url), token, keep = "" } = {}) {
    super();
    this.#server = new URL(server, location.href);
    this.#agent = agent;
    this.#mode = mode;
    this.#keep = keep;
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

  /**
   * What was kept under a name when the page was reloaded in a conversation.
   *
   * @param {string} name
   * @returns {{agent: string, mode: string, microphone: boolean}|null} `microphone`: it was on
   */
  static kept(name) {
    return kept(name);
  }

  /**
   * Keep the conversation no longer that was kept under a name; the server ends it by itself.
   *
   * @param {string} name
   */
  static forget(name) {
    forget(name);
  }

  /**
   * The microphones and loudspeakers to choose from. Browsers name them once the microphone was allowed.
   *
   * @returns {Promise<{microphones: {id: string, label: string}[], speakers: {id: string, label: string}[]}>}
   */
  static async devices() {
    let found = [];
    try {
      found = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
    } catch {
      // A browser that lists no devices uses the system's own.
    }
    const of = (kind) => found.filter((each) => each.kind === kind).map(({ deviceId: id, label }) => ({ id, label }));
    return { microphones: of("audioinput"), speakers: of("audiooutput") };
  }

  /** Whether this browser lets a page choose the loudspeaker. */
  static get choosesSpeakers() {
    return typeof AudioContext !== "undefined" && "setSinkId" in AudioContext.prototype;
  }

  /** @returns {"idle"|"connecting"|"live"|"reconnecting"|"ended"} */
  get state() {
    return this.#state;
  }

  /** @returns {boolean} a conversation is under way, or about to be */
  get active() {
    return this.#call !== null;
  }

  /**
   * @returns {"off"|"asking"|"on"|"muted"|"refused"|"missing"|"busy"|"unplugged"|"insecure"|"unsupported"} whether
   *     there is one, and if not, why
   */
  get microphone() {
    return this.#microphoneState;
  }

  /** @returns {"nobody"|"user"|"agent"} who holds it */
  get floor() {
    return this.#floor;
  }

  /** @returns {"empty"|"playing"|"paused"} */
  get playout() {
    return this.#playout;
  }

  /** @returns {string} empty before the first conversation */
  get sessionId() {
    return this.#sessionId;
  }

  /**
   * Loudness of both sides for meters, 0 to 1 on a scale of decibels; to be asked for with each animation frame.
   *
   * @returns {{input: number, output: number}}
   */
  levels() {
    const { sound, microphone, player } = this.#call ?? {};
    if (!sound?.running) return { input: 0, output: 0 };
    return { input: meter(microphone?.peak ?? 0), output: meter(player?.peak ?? 0) };
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
    const call = { sound: null, player: null, microphone: null, asking: null, line: null, settle: () => {} };
    this.#call = call;
    const before = this.#keep ? kept(this.#keep) : null;
    this.#sessionId = before?.sessionId ?? "";
    this.#resumeToken = before?.resumeToken ?? "";
    this.#endedReason = "";
    // Before the first wait, after which the user gesture is over.
    call.sound = Sound.open((running) => this.#soundIs(running ? "on" : "held"));
    addEventListener("pagehide", this.#leave);
    this.#enter("connecting", "", WORDS.connecting);
    if (call.sound) {
      try {
        await call.sound.load();
      } catch {
        if (call === this.#call) this.#end("gone", WORDS.gone);
      }
      if (call !== this.#call) return;
      call.sound.use(this.#devices.speaker);
      call.player = new Player(call.sound.context, OUTPUT_RATE_HZ, (playout) => this.#played(playout));
    }
    if (microphone) await this.setMicrophone(true);
    if (call === this.#call) await this.#connect(call);
  }

  /** Hang up. */
  stop() {
    if (!this.active) return;
    this.#send({ type: "hang_up" });
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

  /** @param {boolean} muted send silence, or what the microphone hears again; without a microphone nothing happens */
  mute(muted) {
    const microphone = this.#call?.microphone;
    if (!microphone) return;
    microphone.mute(muted);
    this.#microphoneIs(muted ? "muted" : "on");
  }

  /**
   * Switch the microphone on or off while a conversation is under way; on needs a user gesture the first time.
   *
   * @param {boolean} on
   * @returns {Promise<void>} when `microphone` says how it went
   */
  async setMicrophone(on) {
    const call = this.#call;
    if (!on) {
      this.#closeMicrophone("off");
      return;
    }
    if (!call || call.microphone || call.asking) return;
    if (!call.sound) {
      this.#microphoneIs(isSecureContext ? "unsupported" : "insecure");
      return;
    }
    const asking = (call.asking = {});
    this.#microphoneIs("asking");
    let microphone = null;
    let state = "on";
    try {
      microphone = await Microphone.open(
        call.sound.context,
        (pcm) => this.#hear(pcm),
        () => this.#closeMicrophone("unplugged"),
        this.#devices.microphone,
      );
    } catch (error) {
      state = error instanceof NoMicrophone ? error.reason : "unsupported";
    }
    if (call !== this.#call || call.asking !== asking) {
      microphone?.close();
      return;
    }
    call.asking = null;
    call.microphone = microphone;
    this.#microphoneIs(state);
  }

  /**
   * Use other devices from now on; empty stands for the system's own.
   *
   * @param {{microphone?: string, speaker?: string}} ids as `devices` gives them
   * @returns {Promise<void>} when they are in use, as far as there is a conversation
   */
  async use({ microphone = "", speaker = "" }) {
    const other = microphone !== this.#devices.microphone;
    this.#devices = { microphone, speaker };
    this.#call?.sound?.use(speaker);
    if (!other || !this.#call?.microphone) return;
    this.#closeMicrophone("off");
    await this.setMicrophone(true);
  }

  // the conversation

  /** The page is left, or reloaded: then the server waits a while for it to come back. */
  #leave = () => {
    if (!this.#keep || !this.#resumeToken) {
      this.stop();
      return;
    }
    this.#store();
    this.#end("ended", WORDS.ended, { keeps: true });
  };

  #store() {
    if (!this.#keep) return;
    const microphone = this.#microphoneState === "on" || this.#microphoneState === "muted";
    const own = { sessionId: this.#sessionId, resumeToken: this.#resumeToken };
    keep(this.#keep, { ...own, agent: this.#agent, mode: this.#mode, microphone });
  }

  /** Returns when the line is open, or has failed for the first time. */
  #connect(call) {
    const tell = {
      message: (message) => this.#understand(message),
      audio: (pcm) => this.#play(pcm),
      lost: (reason, retryInMs) => this.#lost(reason, retryInMs),
      end: (reason, why) => this.#over(reason, why),
    };
    call.line = new Line(() => this.#address(), tell, { established: this.#resumeToken !== "" });
    return new Promise((settled) => {
      call.settle = settled;
      call.line.open();
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
    // Undefined values are left out of JSON.
    const asked = { session_id: this.#sessionId || undefined, agent: this.#agent || undefined };
    const answer = await fetch(new URL(`${API}/realtime/token`, this.#server), {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(asked),
      signal: AbortSignal.timeout(TOKEN_WITHIN_MS),
    });
    const { token = "", detail = "" } = await answer.json().catch(() => ({}));
    this.#noToken = answer.ok ? "" : detail;
    return answer.ok ? token : "";
  }

  /** Drop the audio that the player holds: it was not heard, and the server sends it again. */
  #lost(reason, retryInMs) {
    this.#turn = null;
    this.#call.player?.clear();
    this.#call.player?.forget();
    this.#enter("reconnecting", reason, WORDS[reason], { retryInMs });
  }

  #over(reason, why) {
    if (reason === "ended") this.#tell("ended", { reason: this.#endedReason || "NORMAL" });
    // When the token is missing the server's close reason does not say why it gave none.
    const because = why.includes("token") && this.#noToken ? this.#noToken : why;
    this.#end(reason, reason === "refused" && why ? `${WORDS.refused}: ${because}` : WORDS[reason]);
  }


  #end(reason, message, { keeps = false } = {}) {
    removeEventListener("pagehide", this.#leave);
    if (this.#keep && !keeps) forget(this.#keep);
    this.#closeMicrophone("off");
    const { line, player, sound, settle } = this.#call;
    this.#call = null;
    this.#turn = null;
    line?.close();
    player?.close();
    sound?.close();
    this.#holds("nobody", 0);
    this.#playsNow("empty", 0);
    const failed = reason !== "ended";
    if (failed) this.#complain(message);
    this.#enter("ended", reason, message, { failed });
    settle();
  }

  #send(message) {
    return this.#state === "live" && this.#call.line.send(message);
  }

  #hear(pcm) {
    if (this.#state === "live") this.#call.line.sendAudio(pcm);
  }

  #closeMicrophone(state) {
    const call = this.#call;
    if (!call?.microphone && !call?.asking) return;
    call.microphone?.close();
    call.microphone = call.asking = null;
    this.#microphoneIs(state);
  }

  // what the server says

  #understand(message) {
    const { type, payload } = message;
    switch (type) {
      case "event":
        this.#event(message);
        break;
      case "status":
        this.#tell("reply", { turn: payload.turn, kind: "greeting", text: payload.message });
        break;
      case "assistant_streaming":
        this.#tell("reply", { turn: payload.turn, kind: payload.kind, text: payload.content });
        break;
      case "assistant_final":
        this.#heard(message);
        break;
      case "control":
        this.#control(message);
        break;
      case "floor":
        this.#holds(message.floor, message.turn);
        break;
      case "tool_start":
      case "tool_progress":
      case "tool_end":
        this.#tool(message);
        break;
      case "turn_metrics":
        this.#metrics(message);
        break;
      case "error":
        this.#tell("problem", { message: payload.error_message });
        break;
      case "session_end":
        this.#endedReason = message.reason;
        break;
      default: // a newer server may say more than we understand
    }
  }

  #event({ sender, payload }) {
    if (payload.event_type === "session") this.#opened(payload);
    else if (payload.event_type === "agent_changed") {
      const { agent, label, turn } = payload;
      this.#tell("agent", { agent, label, turn });
    } else if (payload.event_type === "draining") this.#enter("live", "draining", WORDS.draining);
    else if (payload.event_type === "stt_partial") this.#tell("partial", { text: payload.message });
    else if (sender === "User") {
      const { turn, message: text, confidence, language = "", words = [] } = payload;
      this.#tell("user", { turn, text, confidence, language, words });
    }
  }

  #opened({ session_id: sessionId, resume_token: resumeToken, agent, label, resumed }) {
    const again = this.#sessionId !== "";
    const { line, settle } = this.#call;
    line.establish();
    this.#sessionId = sessionId;
    this.#resumeToken = resumeToken;
    this.#store();
    this.#marked = { at: 0, state: "", turn: null };
    this.#enter("live", "", WORDS.live);
    this.#tell("session", { sessionId, agent, label, resumed, restarted: again && !resumed });
    settle();
  }

  #heard({ turn, content, interrupted, exactness }) {
    this.#tell("heard", { turn, text: content, interrupted, exactness });
  }

  #control({ action, turn, reason }) {
    const player = this.#call.player;
    if (action === "audio_start") this.#turn = turn;
    else if (action === "pause") player?.pause();
    else if (action === "resume") player?.resume();
    else if (action === "tts_cancelled") this.#clear(turn, reason);
  }

  async #clear(turn, reason) {
    const orderedAt = performance.now();
    this.#turn = null;
    await this.#call.player?.clear();
    this.#tell("cleared", { turn, reason, silentAfterMs: performance.now() - orderedAt });
  }

  #tool({ type, callId, tool, args, pct, status, result, error, elapsedMs }) {
    const phase = type.replace("tool_", "");
    this.#tell("tool", { phase, callId, tool, args, percent: pct, status, result, error, elapsedMs });
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
    if (this.#turn !== null) this.#call.player?.play(this.#turn, pcm);
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

  /** Log a failure to the console, except on our own page, which shows it: authors of other pages find it there. */
  #complain(message) {
    if (this.#server.origin !== location.origin) console.error(`Earshot: ${message}`);
  }

  #microphoneIs(state) {
    this.#microphoneState = state;
    if (!MICROPHONE_AT_WORK.includes(state)) this.#complain(MICROPHONE_WORDS[state]);
    this.#tell("microphone", { state, message: MICROPHONE_WORDS[state] });
  }

  #soundIs(state) {
    this.#tell("sound", { state, message: SOUND_WORDS[state] });
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
