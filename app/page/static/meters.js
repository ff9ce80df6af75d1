/** Level meters: they rise at once and fall slowly; where motion is unwanted they step four times a second. */

const FALL_PER_S = 1.6;
const SPOKEN_EVERY_MS = 500; // for a screen reader that asks
const STILL_EVERY_MS = 250;
const still = matchMedia("(prefers-reduced-motion: reduce)");

export class Meters {
  #sides;
  #levels;
  #frame = 0;
  #pause = 0;
  #drawnAt = 0;
  #spokenAt = 0;

  /**
   * @param {{input: HTMLElement, output: HTMLElement}} meters each with a `.level` inside
   * @param {() => {input: number, output: number}} levels 0 to 1
   */
  constructor({ input, output }, levels) {
    this.#sides = [
      { name: "input", meter: input, bar: input.querySelector(".level"), level: 0 },
      { name: "output", meter: output, bar: output.querySelector(".level"), level: 0 },
    ];
    this.#levels = levels;
  }

  start() {
    if (!this.#frame) this.#ask();
  }

  stop() {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#pause);
    this.#frame = 0;
    for (const side of this.#sides) {
      side.level = 0;
      this.#draw(side);
      side.meter.setAttribute("aria-valuenow", "0");
    }
  }

  #ask() {
    this.#frame = requestAnimationFrame((now) => this.#tick(now));
  }

  #tick(now) {
    // No frame is asked for in between: each costs the browser work, whether anything moves in it or not.
    if (still.matches) this.#pause = setTimeout(() => this.#ask(), STILL_EVERY_MS);
    else this.#ask();
    const fall = (FALL_PER_S * Math.min(250, now - this.#drawnAt)) / 1000;
    this.#drawnAt = now;
    const speak = now - this.#spokenAt > SPOKEN_EVERY_MS;
    if (speak) this.#spokenAt = now;
    const levels = this.#levels();
    for (const side of this.#sides) {
      side.level = Math.max(levels[side.name], side.level - fall, 0);
      this.#draw(side);
      if (speak) side.meter.setAttribute("aria-valuenow", String(Math.round(side.level * 100)));
    }
  }

  #draw({ bar, level }) {
    bar.style.transform = `translateX(${(level - 1) * 100}%)`;
  }
}
