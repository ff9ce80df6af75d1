// Put into a page before its own scripts: orders of the server are timed, what the microphone sends is noted, what the
// conversation tells its page is kept. With `window.recordsSound` set first, what is sent to the loudspeaker is recorded;
// with `window.controlledMicrophone` the microphone is one that the test speaks into.

(() => {
  const sound = { blocks: [], orders: [], told: [], playouts: [], sent: [], call: null, rate: 0, context: null };
  window.sound = sound;

  // Runs on the audio thread, where nothing is late: every sample, with the number of the first of each block.
  const RECORDER = `
    registerProcessor("test-recorder", class extends AudioWorkletProcessor {
      constructor() {
        super();
        this.filled = 0;
        this.block = new Float32Array(2048);
      }
      process([[channel]]) {
        if (this.filled === 0) this.first = currentFrame;
        if (channel) this.block.set(channel, this.filled);
        this.filled += 128;
        if (this.filled === this.block.length) {
          this.port.postMessage([this.first, this.block], [this.block.buffer]);
          this.block = new Float32Array(2048);
          this.filled = 0;
        }
        return true;
      }
    });`;
  const add = AudioWorklet.prototype.addModule;
  AudioWorklet.prototype.addModule = async function (...module) {
    await add.apply(this, module);
    if (!window.recordsSound) return;
    await add.call(this, URL.createObjectURL(new Blob([RECORDER], { type: "text/javascript" })));
  };

  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (target, ...more) {
    if (target instanceof AudioDestinationNode) {
      const { context } = this;
      sound.context = context;
      sound.rate = context.sampleRate;
      if (!window.recordsSound) return connect.call(this, target, ...more);
      const recorder = new AudioWorkletNode(context, "test-recorder");
      recorder.port.onmessage = ({ data }) => sound.blocks.push(data);
      connect.call(this, recorder);
      connect.call(recorder, target);
    }
    return connect.call(this, target, ...more);
  };

  // The conversation of the page, and all that it told the page: [name, detail].
  const dispatch = EventTarget.prototype.dispatchEvent;
  EventTarget.prototype.dispatchEvent = function (event) {
    if (this.constructor.name === "Earshot") {
      sound.call = this;
      sound.told.push([event.type, event.detail]);
      if (event.type === "playout") sound.playouts.push([event.detail.state, sound.context.currentTime]);
    }
    return dispatch.call(this, event);
  };

  const Native = WebSocket;
  window.WebSocket = class extends Native {
    constructor(...all) {
      super(...all);
      this.addEventListener("message", ({ data }) => {
        if (typeof data !== "string") return;
        const message = JSON.parse(data);
        if (message.type === "control") sound.orders.push([message.action, sound.context.currentTime]);
      });
    }

    // Frames of the microphone: when each was sent, in seconds, and how loud it is.
    send(message) {
      if (message instanceof ArrayBuffer) {
        const peak = new Int16Array(message).reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
        sound.sent.push([performance.now() / 1000, peak]);
      }
      return super.send(message);
    }
  };

  // What was recorded until now, from `since` (seconds of the context) on, as base64 of PCM16, with the time of its first
  // sample. Blocks come a little after they were played.
  sound.recorded = async (since) => {
    const now = sound.context.currentTime * sound.rate;
    while (sound.context.state === "running" && !(sound.blocks.length && sound.blocks.at(-1)[0] + 2048 >= now))
      await new Promise((later) => setTimeout(later, 20));
    const blocks = sound.blocks.filter(([first]) => first >= since * sound.rate);
    const [begins] = blocks[0] ?? [0];
    const ends = blocks.length ? blocks.at(-1)[0] + 2048 : 0;
    const pcm = new Int16Array(ends - begins);
    for (const [first, samples] of blocks) {
      const whole = samples.map((sample) => Math.max(-32768, Math.min(32767, Math.round(sample * 32767))));
      pcm.set(whole, first - begins);
    }
    const bytes = new Uint8Array(pcm.buffer);
    let text = "";
    for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
    return { at: begins / sound.rate, rate: sound.rate, pcm: btoa(text) };
  };

  if (!window.controlledMicrophone) return;
  let room = null;
  const open = () => {
    room ??= new AudioContext({ sampleRate: 16000 });
    room.mouth ??= room.createMediaStreamDestination();
    return room.mouth;
  };
  navigator.mediaDevices.getUserMedia = async () => open().stream.clone();

  // Speak PCM16 at 16 kHz into the microphone; returns when it has been said.
  sound.say = async (base64) => {
    const mouth = open();
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
    const pcm = new Int16Array(bytes.buffer);
    const buffer = room.createBuffer(1, pcm.length, 16000);
    buffer.copyToChannel(Float32Array.from(pcm, (value) => value / 32768), 0);
    const source = room.createBufferSource();
    source.buffer = buffer;
    source.connect(mouth);
    await room.resume();
    source.start();
    await new Promise((said) => {
      source.onended = said;
    });
  };

  // Wait for a moment of the page's own playout, then speak.
  sound.sayWhen = async (playout, afterMs, base64) => {
    const { call } = sound;
    if (call.playout !== playout) {
      await new Promise((reached) => {
        call.addEventListener("playout", function listen({ detail }) {
          if (detail.state !== playout) return;
          call.removeEventListener("playout", listen);
          reached();
        });
      });
    }
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    await sound.say(base64);
  };
})();
