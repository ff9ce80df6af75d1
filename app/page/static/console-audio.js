/** The audio of a session that is over, played beside its timeline: the caller on the left, the agent on the right. */

import { showPlayhead, timeAt } from "./console-timeline.js";

export class SessionAudio {
  #panel;
  #button;
  #player;
  #picture;
  #key = "";
  #at = 0;
  #load = null;

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.panel shown where there is audio
   * @param {HTMLButtonElement} parts.button fetches it
   * @param {HTMLAudioElement} parts.player
   * @param {SVGElement} parts.picture the timeline, which shows where it is
   * @param {(text: string) => void} parts.tell shows why it cannot be played
   */
  constructor({ panel, button, player, picture, tell }) {
    this.#panel = panel;
    this.#button = button;
    this.#player = player;
    this.#picture = picture;
    button.addEventListener("click", () => this.#fetch(tell));
    for (const event of ["timeupdate", "seeked"]) player.addEventListener(event, () => this.#show());
    player.addEventListener("error", () => player.src && tell("The audio cannot be played by this browser."));
    picture.addEventListener("click", ({ clientX }) => {
      if (player.hidden) return;
      const second = timeAt(picture, clientX) - this.#at;
      player.currentTime = Math.max(0, Math.min(second, player.duration || 0));
    });
  }

  /**
   * Show that there is audio, unless it is shown already.
   * @param {string} key whose it is
   * @param {number} at when it begins, in seconds since 1970
   * @param {() => Promise<Blob>} load
   */
  offer(key, at, load) {
    if (this.#key === key) return;
    this.withdraw();
    [this.#key, this.#at, this.#load] = [key, at, load];
    this.#panel.hidden = this.#button.hidden = false;
  }

  /** Show none, and forget what was fetched. */
  withdraw() {
    this.#key = "";
    this.#panel.hidden = this.#player.hidden = true;
    this.#player.pause();
    if (this.#player.src) URL.revokeObjectURL(this.#player.src);
    this.#player.removeAttribute("src");
    showPlayhead(this.#picture, null);
  }

  async #fetch(tell) {
    const key = this.#key;
    this.#button.disabled = true;
    try {
      const blob = await this.#load();
      if (this.#key !== key) return;
      this.#player.src = URL.createObjectURL(blob);
      this.#player.hidden = false;
      this.#button.hidden = true;
      this.#player.focus();
      tell("");
    } catch (error) {
      tell(`The audio cannot be had: ${error.message}`);
    } finally {
      this.#button.disabled = false;
    }
  }

  #show() {
    if (!this.#player.hidden) showPlayhead(this.#picture, this.#at + this.#player.currentTime);
  }
}
