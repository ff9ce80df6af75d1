/**
 * Sound in and out of the page: a microphone with echo cancellation, and a player with a jitter buffer. Both live in one
 * AudioContext of whatever rate the machine has; the worklets convert.
 */

const WORKLETS = new URL("./earshot-worklets.js", import.meta.url);

/** Enough to bridge the network's unevenness; the server is 400 ms ahead. */
const PREFILL_MS = 80;

/** Why there is no microphone, by the name of what getUserMedia threw. */
const REASONS = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
};

/** @returns {Promise<void>} when nodes can be made in `context`; rejects if the module cannot be loaded */
export async function prepare(context) {
  await context.audioWorklet.addModule(WORKLETS);
}

/** A peak amplitude as a share of a meter: -50 dB and less is 0, full scale is 1. */
export function meter(peak) {
  return peak <= 0 ? 0 : Math.max(0, Math.min(1, 1 + Math.log10(peak) / 2.5));
}

/** There is no microphone; `reason` is one of refused, missing, busy, insecure, unsupported. */
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
   * @param {AudioContext} context prepared
   * @param {(pcm: ArrayBuffer) => void} onFrame
   * @param {() => void} onEnd it was unplugged, or taken away
   * @returns {Promise<Microphone>} rejects with NoMicrophone
   */
  static async open(context, onFrame, onEnd) {
    if (!navigator.mediaDevices?.getUserMedia) throw new NoMicrophone(isSecureContext ? "unsupported" : "insecure");
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      });
    } catch (error) {
      throw new NoMicrophone(REASONS[error.name] ?? "unsupported");
    }
    return new Microphone(context, stream, onFrame, onEnd);
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
    for (const track of stream.getAudioTracks()) track.addEventListener("ended", onEnd);
  }

  /** Muted, it sends silence: time goes on for the server. */
  mute(muted) {
    for (const track of this.stream.getAudioTracks()) track.enabled = !muted;
  }

  close() {
    this.source.disconnect();
    this.node.port.onmessage = null;
    for (const track of this.stream.getTracks()) track.stop();
  }
}

/** Plays the agent's voice: PCM16LE mono, each piece of a turn. */
export class Player {
  /**
   * @param {AudioContext} context prepared
   * @param {number} rateHz of the audio it will be given
   * @param {(playout: {state: "empty"|"playing"|"paused", turn: number, audioMs: number}) => void} onPlayout
   *     every 50 ms while a turn is played, and at each change
   */
  constructor(context, rateHz, onPlayout) {
    this.peak = 0;
    this.context = context;
    this.clearings = new Map();
    this.node = new AudioWorkletNode(context, "earshot-player", {
      numberOfInputs: 0,
      outputChannelCount: [1],
      processorOptions: { rateHz, prefillMs: PREFILL_MS },
    });
    this.node.port.onmessage = ({ data }) => {
      if (data.type === "cleared") {
        this.clearings.get(data.id)?.();
        this.clearings.delete(data.id);
        return;
      }
      this.peak = data.state === "playing" ? data.peak : 0;
      onPlayout({ state: data.state, turn: data.turn, audioMs: this.heard(data) });
    };
    this.node.connect(context.destination);
  }

  /** What has left the player is heard a little later, unless it stands still. */
  heard({ state, audioMs }) {
    const latencyMs = state === "playing" ? (this.context.outputLatency || this.context.baseLatency || 0) * 1000 : 0;
    return Math.max(0, audioMs - latencyMs);
  }

  /** @param {ArrayBuffer} pcm given away */
  play(turn, pcm) {
    this.node.port.postMessage({ type: "audio", turn, pcm }, [pcm]);
  }

  pause() {
    this.node.port.postMessage({ type: "pause" });
  }

  resume() {
    this.node.port.postMessage({ type: "resume" });
  }

  /** @returns {Promise<void>} when there is silence */
  clear() {
    const id = crypto.getRandomValues(new Uint32Array(1))[0];
    const cleared = new Promise((resolve) => {
      this.clearings.set(id, resolve);
    });
    this.node.port.postMessage({ type: "clear", id });
    return cleared;
  }

  /** Count the audio of each turn anew: what is counted belongs to a connection. */
  forget() {
    this.node.port.postMessage({ type: "forget" });
  }

  close() {
    this.node.disconnect();
    this.node.port.onmessage = null;
  }
}
