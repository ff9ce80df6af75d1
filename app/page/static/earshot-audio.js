/**
 * Sound in and out of the page: a microphone with echo cancellation, and a player with a jitter buffer. Both live in
 * one AudioContext of whatever rate the machine has; the worklets convert.
 */

const WORKLETS = new URL("./earshot-worklets.js", import.meta.url);

/** Milliseconds of audio before playback begins, against the network's jitter; the server sends 400 ms ahead. */
const PREFILL_MS = 80;
/** Milliseconds that an AudioContext may take to start; after that the browser is taken to hold sound back. */
const HELD_BACK_MS = 1_000;
/** Milliseconds for audio that has left the player to reach the loudspeaker when the conversation ends. */
const LINGER_MS = 300;
/** The events of user gestures in which a browser that holds sound back allows it. */
const GESTURES = ["pointerdown", "pointerup", "keydown"];

/** Why there is no microphone, by the name of what getUserMedia threw. */
const REASONS = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
};

/** A peak amplitude as a share of a meter: -50 dB and less is 0, full scale is 1. */
export function meter(peak) {
  return peak <= 0 ? 0 : Math.max(0, Math.min(1, 1 + Math.log10(peak) / 2.5));
}

/** The sound of one conversation. To be opened in a user gesture. */
export class Sound {
  #running = true;
  #timer = 0;
  #listening = new AbortController();

  /**
   * @param {(running: boolean) => void} onRunning the browser holds all sound back, or lets it go again
   * @returns {Sound|null} null: this page, or this machine, has none
   */
  static open(onRunning) {
    if (!isSecureContext || typeof AudioWorkletNode === "undefined") return null;
    try {
      return new Sound(onRunning);
    } catch {
      return null;
    }
  }

  constructor(onRunning) {
    this.context = new AudioContext({ latencyHint: "interactive" });
    this.onRunning = onRunning;
    const { signal } = this.#listening;
    this.context.addEventListener("statechange", () => this.#changed(), { signal });
    for (const gesture of GESTURES) document.addEventListener(gesture, () => this.#wake(), { signal, capture: true });
    // iOS stops the sound of a page during a telephone call, and while the page is not visible.
    document.addEventListener("visibilitychange", () => this.#wake(), { signal });
    this.#wake();
    this.#changed();
  }

  /** Whether anything is heard and recorded; without a gesture, or during a telephone call, browsers allow neither. */
  get running() {
    return this.context.state === "running";
  }

  /** @returns {Promise<void>} when microphone and player can be made; rejects if their program cannot be loaded */
  async load() {
    await this.context.audioWorklet.addModule(WORKLETS);
  }

  /** Play on another loudspeaker, by its id; empty: the system's own. One that is gone changes nothing. */
  use(speaker) {
    if ("setSinkId" in this.context) this.context.setSinkId(speaker).catch(() => {});
  }

  close() {
    this.#listening.abort();
    clearTimeout(this.#timer);
    setTimeout(() => this.context.close().catch(() => {}), LINGER_MS);
  }

  #wake() {
    if (!this.running) this.context.resume().catch(() => {});
  }

  #changed() {
    clearTimeout(this.#timer);
    if (this.running) {
      this.#tell(true);
      return;
    }
    this.#wake();
    this.#timer = setTimeout(() => this.#tell(false), HELD_BACK_MS);
  }

  #tell(running) {
    if (running === this.#running) return;
    this.#running = running;
    this.onRunning(running);
  }
}

/** There is no microphone; `reason` is one of refused, missing, busy, unsupported. */
export class NoMicrophone extends Error {
  constructor(reason) {
    super(`no microphone: ${reason}`);
    this.reason = reason;
  }
}

/** The microphone, as frames of 20 ms PCM16LE mono at 16 kHz. */
export class Microphone {
  /**
   * Asks the user for it.
   *
   * @param {AudioContext} context loaded
   * @param {(pcm: ArrayBuffer) => void} onFrame
   * @param {() => void} onEnd it was unplugged, or taken away
   * @param {string} [device] which one, by its id; empty: the system's own
   * @returns {Promise<Microphone>} rejects with NoMicrophone
   */
  static async open(context, onFrame, onEnd, device = "") {
    if (!navigator.mediaDevices?.getUserMedia) throw new NoMicrophone("unsupported");
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: {
          channelCount: 1,
          echoCancellation: true,
          noiseSuppression: true,
          autoGainControl: true,
          ...(device ? { deviceId: { exact: device } } : {}),
        },
      });
      if (context.state === "closed") throw new DOMException("hung up meanwhile", "AbortError");
      return new Microphone(context, stream, onFrame, onEnd);
    } catch (error) {
      // The browser must not go on showing that it listens.
      for (const track of stream?.getTracks() ?? []) track.stop();
      throw new NoMicrophone(REASONS[error.name] ?? "unsupported");
    }
  }

  constructor(context, stream, onFrame, onEnd) {
    this.peak = 0;
    this.stream = stream;
    this.source = context.createMediaStreamSource(stream);
    this.node = new AudioWorkletNode(context, "earshot-microphone", {
      channelCount: 1,
      channelCountMode: "explicit",
    });
    this.node.port.onmessage = ({ data }) => {
      this.peak = data.peak;
      onFrame(data.pcm);
    };
    this.source.connect(this.node);
    for (const track of stream.getAudioTracks()) track.onended = onEnd;
  }

  /** Muted, it sends silence: time goes on for the server. */
  mute(muted) {
    for (const track of this.stream.getAudioTracks()) track.enabled = !muted;
  }

  close() {
    this.source.disconnect();
    close(this.node);
    for (const track of this.stream.getTracks()) {
      track.onended = null;
      track.stop();
    }
  }
}

/** Plays the agent's voice: PCM16LE mono, each piece of a turn. */
export class Player {
  #context;
  #node;
  #orders = 0;
  #clearings = new Map(); // what waits for silence, by the number of the order

  /**
   * @param {AudioContext} context loaded
   * @param {number} rateHz of the audio it will be given
   * @param {(playout: {state: "empty"|"playing"|"paused", turn: number, audioMs: number}) => void} onPlayout
   *     every 50 ms while a turn is played, and at each change
   */
  constructor(context, rateHz, onPlayout) {
    this.peak = 0;
    this.#context = context;
    this.#node = new AudioWorkletNode(context, "earshot-player", {
      numberOfInputs: 0,
      outputChannelCount: [1],
      processorOptions: { rateHz, prefillMs: PREFILL_MS },
    });
    this.#node.port.onmessage = ({ data }) => {
      if (data.type === "cleared") {
        this.#silent(data.id);
        return;
      }
      this.peak = data.state === "playing" ? data.peak : 0;
      onPlayout({ state: data.state, turn: data.turn, audioMs: this.#heard(data) });
    };
    this.#node.connect(context.destination);
  }

  /** @param {ArrayBuffer} pcm given away */
  play(turn, pcm) {
    this.#node.port.postMessage({ type: "audio", turn, pcm }, [pcm]);
  }

  pause() {
    this.#node.port.postMessage({ type: "pause" });
  }

  resume() {
    this.#node.port.postMessage({ type: "resume" });
  }

  /** @returns {Promise<void>} when there is silence */
  clear() {
    this.#orders += 1;
    const id = this.#orders;
    const cleared = new Promise((resolve) => {
      this.#clearings.set(id, resolve);
    });
    this.#node.port.postMessage({ type: "clear", id });
    return cleared;
  }

  /** Restart the counts of audio per turn, which are per connection. */
  forget() {
    this.#node.port.postMessage({ type: "forget" });
  }

  close() {
    this.#node.disconnect();
    close(this.#node);
  }

  /** What has left the player is heard a little later, unless it stands still. */
  #heard({ state, audioMs }) {
    const latencyMs = state === "playing" ? (this.#context.outputLatency || this.#context.baseLatency || 0) * 1000 : 0;
    return Math.max(0, audioMs - latencyMs);
  }

  /** An order to clear the player replaces the one before it, and its answer counts for both. */
  #silent(upTo) {
    for (const [id, resolve] of this.#clearings) {
      if (id > upTo) continue;
      this.#clearings.delete(id);
      resolve();
    }
  }
}

/** Stop an audio processor, which would else run as long as its context. */
function close(node) {
  node.port.onmessage = null;
  node.port.postMessage({ type: "close" });
}
