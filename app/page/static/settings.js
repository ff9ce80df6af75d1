/** The settings on the page: which microphone and which loudspeaker. */

import { Earshot } from "./earshot.js";

export class DeviceSettings {
  #microphone;
  #speaker;

  /**
   * @param {{microphone: HTMLSelectElement, speaker: HTMLSelectElement}} choices each in a label of its own
   * @param {() => void} onChoice somebody has chosen another one
   */
  constructor({ microphone, speaker }, onChoice) {
    this.#microphone = microphone;
    this.#speaker = speaker;
    speaker.parentElement.hidden = !Earshot.choosesSpeakers;
    for (const choice of [microphone, speaker]) choice.addEventListener("change", onChoice);
    navigator.mediaDevices?.addEventListener("devicechange", () => this.refresh());
    this.refresh();
  }

  /** Those chosen, for Earshot's `use`; empty stands for the system's own. */
  get chosen() {
    return { microphone: this.#microphone.value, speaker: this.#speaker.value };
  }

  /** Ask the browser which there are; it names them once the microphone was allowed. */
  async refresh() {
    const { microphones, speakers } = await Earshot.devices();
    offer(this.#microphone, microphones);
    offer(this.#speaker, speakers);
  }
}

function offer(choice, devices) {
  const before = choice.value;
  const named = devices.filter(({ label }) => label);
  choice.replaceChildren(new Option("The system's own", ""), ...named.map(({ id, label }) => new Option(label, id)));
  choice.value = named.some(({ id }) => id === before) ? before : "";
  choice.disabled = named.length === 0;
}
