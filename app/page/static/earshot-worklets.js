/**
 * What runs on the browser's audio thread: the microphone's way out and the player's way in. Loaded by
 * earshot-audio.js as an AudioWorklet module; it has no imports, since not every browser allows them there.
 */

const FADE_MS = 5; // the length of every fade: short enough to be at once, long enough not to click
const REPORT_MS = 50;

/**
 * Changes the sample rate of a stream: a windowed sinc with a table of phases, read between its lines. Keeps pitch and
 * phase; what lies above the lower of the two Nyquist frequencies is taken out.
 */
class Resampler {
  /**
   * @param {number} fromHz
   * @param {number} toHz
   */
  constructor(fromHz, toHz) {
    this.step = fromHz / toHz;
    const cutoff = Math.min(1, toHz / fromHz) * 0.94;
    this.half = fromHz === toHz ? 0 : Math.ceil(16 / Math.min(1, toHz / fromHz));
    this.phases = 256;
    this.table = this.half ? Resampler.kernel(cutoff, this.half, this.phases) : null;
    this.reset();
  }

  static kernel(cutoff, half, phases) {
    const table = [];
    for (let phase = 0; phase <= phases; phase += 1) {
      const taps = new Float32Array(2 * half);
      let sum = 0;
      for (let tap = 0; tap < taps.length; tap += 1) {
        const x = tap - half + 1 - phase / phases;
        const angle = Math.PI * cutoff * x;
        const sinc = x === 0 ? 1 : Math.sin(angle) / angle;
        const along = Math.min(1, Math.abs(x) / half) * Math.PI;
        taps[tap] = sinc * (0.42 + 0.5 * Math.cos(along) + 0.08 * Math.cos(2 * along));
        sum += taps[tap];
      }
      table.push(taps.map((value) => value / sum));
    }
    return table;
  }

  /** Forget all audio. */
  reset() {
    this.held = new Float32Array(Math.max(0, this.half - 1));
    this.at = this.held.length; // where in `held` the next output lies
  }

  /** Samples taken in that have not come out yet, in time of the input. */
  get pending() {
    return this.half ? Math.max(0, this.held.length - this.at) : 0;
  }

  /**
   * @param {Float32Array} input
   * @returns {Float32Array} what is complete of it at the other rate
   */
  push(input) {
    if (!this.half) return input;
    const source = new Float32Array(this.held.length + input.length);
    source.set(this.held);
    source.set(input, this.held.length);
    const output = new Float32Array(Math.max(0, Math.ceil((source.length - this.half - this.at) / this.step) + 1));
    let count = 0;
    while (Math.floor(this.at) + this.half < source.length) {
      const whole = Math.floor(this.at);
      const exact = (this.at - whole) * this.phases;
      const phase = Math.min(Math.floor(exact), this.phases - 1);
      const [low, high] = [this.table[phase], this.table[phase + 1]];
      const share = exact - phase;
      const first = whole - this.half + 1;
      let sum = 0;
      for (let tap = 0; tap < low.length; tap += 1) {
        sum += source[first + tap] * (low[tap] + share * (high[tap] - low[tap]));
      }
      output[count] = sum;
      count += 1;
      this.at += this.step;
    }
    const keepFrom = Math.max(0, Math.floor(this.at) - this.half + 1);
    this.held = source.slice(keepFrom);
    this.at -= keepFrom;
    return output.subarray(0, count);
  }

  /** Return the rest of the audio, completed by silence, and forget all. */
  flush() {
    if (!this.half || this.pending === 0) return new Float32Array(0);
    const wanted = Math.round(this.pending / this.step);
    const output = this.push(new Float32Array(this.half + 1)).slice(0, wanted);
    this.reset();
    return output;
  }
}

/**
 * The microphone: whatever rate the context has in, PCM16 mono at 16 kHz in frames of 20 ms out, until it is told
 * `{type: "close"}`.
 */
class MicrophoneProcessor extends AudioWorkletProcessor {
  constructor() {
    super();
    this.resampler = new Resampler(sampleRate, 16000);
    this.frame = new Int16Array(320);
    this.filled = 0;
    this.peak = 0;
    this.open = true;
    this.port.onmessage = () => {
      this.open = false;
    };
  }

  process(inputs) {
    const channel = inputs[0][0];
    if (!channel) return this.open;
    for (const sample of this.resampler.push(channel)) {
      const value = Math.max(-1, Math.min(1, sample));
      this.peak = Math.max(this.peak, Math.abs(value));
      this.frame[this.filled] = value < 0 ? value * 32768 : value * 32767;
      this.filled += 1;
      if (this.filled === this.frame.length) this.send();
    }
    return this.open;
  }

  send() {
    const { buffer } = this.frame;
    this.port.postMessage({ pcm: buffer, peak: this.peak }, [buffer]);
    this.frame = new Int16Array(320);
    this.filled = 0;
    this.peak = 0;
  }
}

/**
 * The player: PCM16 mono in, sound out. It begins when `prefillMs` are there, or when what is there has waited that
 * long; it fades when it pauses and goes on with the very next sample; it empties at once when told to.
 *
 * Told `{type: "audio", turn, pcm}`, `{type: "pause" | "resume"}`, `{type: "clear", id}`, `{type: "forget"}`,
 * `{type: "close"}`; tells `{type: "playout", state, turn, audioMs, peak}` every 50 ms while there is a turn, and at
 * each change, and `{type: "cleared", id}` when there is silence. `audioMs` is the audio of the turn that was received,
 * less what is held.
 */
class PlayerProcessor extends AudioWorkletProcessor {
  constructor(options) {
    super();
    const { rateHz, prefillMs } = options.processorOptions;
    this.rateHz = rateHz;
    this.enough = (sampleRate * prefillMs) / 1000;
    this.slope = 1000 / (FADE_MS * sampleRate);
    this.resampler = new Resampler(rateHz, sampleRate);
    this.queue = []; // {turn, samples, at}
    this.received = new Map(); // audio by turn, in ms
    this.held = 0;
    this.state = "empty";
    this.paused = false;
    this.clearing = null;
    this.open = true;
    this.gain = 1;
    this.turn = null;
    this.waited = 0;
    this.peak = 0;
    this.sinceReport = 0;
    this.port.onmessage = ({ data }) => this.take(data);
  }

  take(order) {
    if (order.type === "audio") this.add(order.turn, new Int16Array(order.pcm));
    else if (order.type === "pause") this.paused = true;
    else if (order.type === "resume") this.paused = false;
    else if (order.type === "clear") this.clearing = order.id;
    else if (order.type === "forget") this.received.clear();
    else if (order.type === "close") this.open = false;
  }

  add(turn, pcm) {
    // What was to be emptied is what was there when the order came.
    if (this.clearing !== null) this.empty();
    if (turn !== this.lastTurn) this.keep(this.lastTurn, this.resampler.flush());
    this.lastTurn = turn;
    const samples = new Float32Array(pcm.length);
    for (let index = 0; index < pcm.length; index += 1) samples[index] = pcm[index] / 32768;
    this.received.set(turn, (this.received.get(turn) ?? 0) + (pcm.length * 1000) / this.rateHz);
    if (this.received.size > 8) this.received.delete(this.received.keys().next().value);
    this.keep(turn, this.resampler.push(samples));
  }

  keep(turn, samples) {
    if (!samples.length) return;
    this.queue.push({ turn, samples, at: 0 });
    this.held += samples.length;
  }

  empty() {
    this.queue = [];
    this.held = 0;
    this.resampler.reset();
    this.paused = false;
    this.gain = 1;
    this.port.postMessage({ type: "cleared", id: this.clearing });
    this.clearing = null;
    this.become("empty");
  }

  process(_, outputs) {
    const [output] = outputs[0];
    const silent = this.paused || this.clearing !== null;
    if (this.state !== "playing" && this.clearing !== null) this.empty();
    if (this.state === "empty" && this.held + this.resampler.pending > 0) this.prefill(output.length);
    if (this.state === "paused" && !this.paused) this.become("playing");
    if (this.state === "playing") this.play(output, silent);
    this.sinceReport += output.length;
    if (this.turn !== null && this.sinceReport >= (sampleRate * REPORT_MS) / 1000) this.report();
    return this.open;
  }

  prefill(length) {
    this.waited += length;
    if (!this.paused && this.held < this.enough && this.waited < this.enough) return;
    if (!this.queue.length) this.keep(this.lastTurn, this.resampler.flush());
    if (this.queue.length) this.become(this.paused ? "paused" : "playing");
  }

  play(output, silent) {
    for (let index = 0; index < output.length; index += 1) {
      if (silent && this.gain <= 0) break;
      if (!this.queue.length) this.keep(this.lastTurn, this.resampler.flush());
      if (!this.queue.length) break;
      this.gain = silent ? Math.max(0, this.gain - this.slope) : Math.min(1, this.gain + this.slope);
      output[index] = this.next() * this.gain;
      this.peak = Math.max(this.peak, Math.abs(output[index]));
    }
    if (this.clearing !== null && (this.gain <= 0 || !this.queue.length)) this.empty();
    else if (!this.queue.length && this.resampler.pending === 0) this.become("empty");
    else if (silent && this.gain <= 0) this.become("paused");
  }

  next() {
    const [chunk] = this.queue;
    if (this.turn !== chunk.turn) {
      this.turn = chunk.turn;
      this.report();
    }
    const sample = chunk.samples[chunk.at];
    chunk.at += 1;
    this.held -= 1;
    if (chunk.at === chunk.samples.length) this.queue.shift();
    return sample;
  }

  become(state) {
    if (state === this.state) return;
    this.state = state;
    this.waited = 0;
    if (state !== "empty" && this.turn === null) this.turn = this.queue[0].turn;
    if (this.turn !== null) this.report();
  }

  report() {
    let held = 0;
    for (const { turn, samples, at } of this.queue) if (turn === this.turn) held += samples.length - at;
    if (this.lastTurn === this.turn) held += (this.resampler.pending * sampleRate) / this.rateHz;
    const audioMs = Math.max(0, (this.received.get(this.turn) ?? 0) - (held * 1000) / sampleRate);
    this.port.postMessage({ type: "playout", state: this.state, turn: this.turn, audioMs, peak: this.peak });
    this.peak = 0;
    this.sinceReport = 0;
    if (this.state === "empty" && this.clearing === null && !this.queue.length) this.turn = null;
  }
}

registerProcessor("earshot-microphone", MicrophoneProcessor);
registerProcessor("earshot-player", PlayerProcessor);
