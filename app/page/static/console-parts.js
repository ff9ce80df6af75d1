/** Helpers for the parts of the console: elements, texts and times. */

/** @returns {HTMLElement} an element with text, never markup */
export function element(name, { text, classes, ...attributes } = {}, ...children) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (classes) made.className = classes;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

/** @returns {string} a number of seconds in words for people */
export function duration(seconds) {
  return seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}

/** @returns {string} the name of a worker: its process id, and its machine's name if there are several machines */
export function workerName(worker, host) {
  return host ? `${worker} on ${host}` : String(worker);
}

/** @param {number} at seconds since 1970 */
export function timeOf(at) {
  return element("span", { classes: "at", text: new Date(at * 1000).toLocaleTimeString([], { hour12: false }) });
}

/** @returns {HTMLButtonElement} a button that keeps the focus when the element around it is replaced */
export function button(text, act, { classes = "", label = text } = {}) {
  const made = element("button", { text, classes, type: "button", "aria-label": label, "data-key": label });
  made.addEventListener("click", act);
  return made;
}

/** Replace the content of an element; a button in it that has the focus keeps it. */
export function replace(parent, children) {
  const focused = parent.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const scrolled = parent.scrollTop;
  parent.replaceChildren(...children);
  parent.scrollTop = scrolled;
  if (focused) [...parent.querySelectorAll("[data-key]")].find((each) => each.dataset.key === focused)?.focus();
}

/** @returns {string} the text as base64url, whose characters a WebSocket subprotocol may have */
export function encoded(text) {
  const binary = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
