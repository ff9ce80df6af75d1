/**
 * The connection to the server: a WebSocket that is reopened when it is lost, after longer and longer waits, until it is
 * closed or given up. It handles close codes and pings; messages are left to its owner.
 */

const PING_EVERY_MS = 10_000;
/**
 * The number of unanswered pings in a row after which the connection is dead. They are counted, since time tells
 * nothing: the timers of a hidden page run once a minute, those of a machine that slept all at once.
 */
const UNANSWERED_PINGS = 2;
/** Milliseconds within which a server has to send something, else it is taken to be unreachable. */
const OPEN_WITHIN_MS = 15_000;
const FIRST_RETRY_MS = 300;
const LAST_RETRY_MS = 5_000;
/** Milliseconds for which reconnecting to a lost conversation is tried. */
const RETRY_FOR_MS = 120_000;
/** The most bytes of audio that wait for the network, two seconds; further audio is dropped. */
const UNSENT_BYTES = 64_000;

/** Close codes of the server. */
const CLOSE = { NORMAL: 1000, REFUSED: 1008, TOO_BIG: 1009, RESTARTING: 1012, FULL: 1013 };

export class Line {
  #address;
  #tell;
  #attempt = new AbortController(); // aborted when the attempt is over
  #socket = null;
  #established = false; // there has been a conversation over it
  #outage = ""; // why the connection is being reopened
  #lostAt = 0;
  #retries = 0;
  #timer = 0; // of the attempt, or until the next one
  #pingTimer = 0;
  #unanswered = 0;

  /**
   * @param {() => Promise<URL>} address asked anew for each connection; rejects if there is none to be had
   * @param {object} tell
   * @param {(message: object) => void} tell.message what the server says
   * @param {(pcm: ArrayBuffer) => void} tell.audio
   * @param {(reason: "lost"|"restarting", retryInMs: number) => void} tell.lost it is gone, and tried again in so long
   * @param {(reason: "ended"|"refused"|"full"|"gone", why: string) => void} tell.end it is gone for good; `why` is what
   *     the server said about it
   * @param {object} [options]
   * @param {boolean} [options.established] there was a conversation before: it is looked for
   */
  constructor(address, tell, { established = false } = {}) {
    this.#address = address;
    this.#tell = tell;
    this.#established = established;
  }

  /** To be called once. */
  async open() {
    this.#attempt = new AbortController();
    const { signal } = this.#attempt;
    try {
      const url = await this.#address();
      if (signal.aborted) return;
      this.#socket = new WebSocket(url);
    } catch {
      if (!signal.aborted) this.#again("lost");
      return;
    }
    this.#timer = setTimeout(() => this.#again("lost"), OPEN_WITHIN_MS);
    this.#socket.binaryType = "arraybuffer";
    this.#socket.addEventListener("message", ({ data }) => this.#take(data), { signal });
    this.#socket.addEventListener("close", ({ code, reason }) => this.#closed(code, reason), { signal });
  }

  /** Note that the server has opened the session, so that a lost connection is reopened from now on. */
  establish() {
    this.#established = true;
    this.#outage = "";
    this.#retries = this.#lostAt = this.#unanswered = 0;
    clearTimeout(this.#timer);
    clearInterval(this.#pingTimer);
    this.#pingTimer = setInterval(() => this.#ping(), PING_EVERY_MS);
  }

  /** @returns {boolean} whether it was sent */
  send(message) {
    if (!this.#isOpen) return false;
    this.#socket.send(JSON.stringify(message));
    return true;
  }

  /** @param {ArrayBuffer} pcm dropped when there is no connection, or the network does not keep up */
  sendAudio(pcm) {
    if (this.#isOpen && this.#socket.bufferedAmount < UNSENT_BYTES) this.#socket.send(pcm);
  }

  /** Close the connection for good, without telling the owner. */
  close() {
    this.#leave(CLOSE.NORMAL);
  }

  get #isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  #take(data) {
    this.#unanswered = 0;
    if (typeof data === "string") this.#tell.message(JSON.parse(data));
    else this.#tell.audio(data);
  }

  #closed(code, reason) {
    if (code === CLOSE.NORMAL) this.#give("ended", reason);
    else if (code === CLOSE.REFUSED || code === CLOSE.TOO_BIG) this.#give("refused", reason);
    else if (code === CLOSE.FULL && !this.#established) this.#give("full", reason);
    else this.#again(code === CLOSE.RESTARTING ? "restarting" : "lost");
  }

  /** Try again, later each time; a server that was never reached is given up at once. */
  #again(reason) {
    this.#leave();
    const now = performance.now();
    this.#lostAt ||= now;
    // A server that restarts cannot be reached for a while, which is no reason to give it up.
    if (this.#outage !== "restarting") this.#outage = reason;
    if ((!this.#established && this.#outage === "lost") || now - this.#lostAt > RETRY_FOR_MS) {
      this.#give("gone", "");
      return;
    }
    const most = Math.min(LAST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#retries);
    const retryInMs = most * (0.5 + Math.random() / 2);
    this.#retries += 1;
    this.#timer = setTimeout(() => this.open(), retryInMs);
    this.#tell.lost(this.#outage, retryInMs);
  }

  #give(reason, why) {
    this.#leave();
    this.#tell.end(reason, why);
  }

  /** Drop the connection: its events are ignored from now on. */
  #leave(code) {
    this.#attempt.abort();
    clearTimeout(this.#timer);
    clearInterval(this.#pingTimer);
    this.#socket?.close(code);
    this.#socket = null;
  }

  #ping() {
    if (this.#unanswered >= UNANSWERED_PINGS) {
      this.#again("lost");
      return;
    }
    this.#unanswered += 1;
    this.send({ type: "ping" });
  }
}
