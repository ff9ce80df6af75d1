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

/** What a press of each button does. */
const acts = new WeakMap();

/** @returns {HTMLButtonElement} a button with a name, by which `replace` knows it and an entry that begins with it */
export function button(text, act, { classes = "", label = text } = {}) {
  const made = element("button", { text, classes, type: "button", "aria-label": label, "data-key": label });
  acts.set(made, act);
  made.addEventListener("click", () => acts.get(made)());
  return made;
}

/**
 * Show `children` in place of the children of `parent`. An entry with the same `data-key` as before, its own or that of
 * its first button, or else the same text, keeps its elements, of which only what differs is changed: a button that is
 * pressed or has the focus while the list is shown anew stays under the pointer, and marked text stays marked.
 */
export function replace(parent, children) {
  const focused = parent.contains(document.activeElement) ? document.activeElement : null;
  const scrolled = parent.scrollTop;
  const there = new Map([...parent.children].reverse().map((child) => [keyOf(child), child]));
  const wanted = new Set(children.map(keyOf));
  for (const child of [...parent.children]) if (there.get(keyOf(child)) !== child || !wanted.has(keyOf(child))) child.remove();
  let place = parent.firstElementChild;
  for (const child of children) {
    const kept = there.get(keyOf(child));
    there.delete(keyOf(child));
    if (kept && kept === place) {
      place = place.nextElementSibling;
      become(kept, child);
    } else {
      parent.insertBefore(kept ? become(kept, child) : child, place);
    }
  }
  parent.scrollTop = scrolled;
  if (focused && document.activeElement !== focused) {
    [...parent.querySelectorAll("[data-key]")].find((each) => each.dataset.key === focused.dataset.key)?.focus();
  }
}

function keyOf(entry) {
  return (entry.dataset.key ?? entry.querySelector("[data-key]")?.dataset.key) || entry.textContent;
}

/** @returns {Node} the node that is shown, which is `shown` itself wherever it can be made like `made` */
function become(shown, made) {
  if (shown.nodeName !== made.nodeName || shown.dataset?.key !== made.dataset?.key) {
    shown.replaceWith(made);
    return made;
  }
  if (shown.nodeType === Node.TEXT_NODE) {
    if (shown.data !== made.data) shown.data = made.data;
    return shown;
  }
  for (const { name } of [...shown.attributes]) if (!made.hasAttribute(name)) shown.removeAttribute(name);
  for (const { name, value } of made.attributes) if (shown.getAttribute(name) !== value) shown.setAttribute(name, value);
  if (acts.has(made)) acts.set(shown, acts.get(made));
  const parts = [...made.childNodes];
  for (const part of [...shown.childNodes].slice(parts.length)) part.remove();
  for (const [index, part] of parts.entries()) {
    if (index < shown.childNodes.length) become(shown.childNodes[index], part);
    else shown.append(part);
  }
  return shown;
}

/** @returns {string} the text as base64url, whose characters a WebSocket subprotocol may have */
export function encoded(text) {
  const binary = String.fromCharCode(...new TextEncoder().encode(text));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
