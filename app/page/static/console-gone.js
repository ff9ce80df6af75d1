/** The table rows of workers that died lately, with the outcome of their sessions. */

import { duration, element, workerName } from "./console-parts.js";

const MOST_NAMED = 8;

/**
 * Describe a worker that has died: how, when, and the outcome of its sessions.
 * @param {object} worker
 * @param {number} now by the clock of the server, in seconds since 1970
 */
export function fate({ at, status, live, lost }, now) {
  const ago = duration(Math.max(0, now - at));
  const how = status < 0 ? `signal ${-status} ended it` : `it ended with status ${status}`;
  if (live === 0) return `${how} ${ago} ago, with no session`;
  const saved = live - lost;
  const all = live === 1 ? "its one session" : `its ${live} sessions`;
  if (!lost) return `${how} ${ago} ago; ${all} ${live === 1 ? "goes" : "all go"} on elsewhere`;
  if (!saved) return `${how} ${ago} ago; ${all} ${live === 1 ? "is" : "are all"} lost`;
  return `${how} ${ago} ago; of ${all} ${lost} ${lost === 1 ? "is" : "are"} lost, ${saved} ${saved === 1 ? "goes" : "go"} on elsewhere`;
}

/** A row of the table of workers: which of its sessions are lost, and where the others go on. */
export function goneRow({ sessions, live, lost }, name) {
  const without = sessions.filter((session) => !session.goes_on_at).map((session) => session.session_id);
  const elsewhere = new Map();
  for (const { goes_on_at: worker, host } of sessions) {
    const other = worker && workerName(worker, host);
    if (other) elsewhere.set(other, (elsewhere.get(other) ?? 0) + 1);
  }
  const became = [
    without.length && `lost: ${without.slice(0, MOST_NAMED).join(", ")}${lost > Math.min(MOST_NAMED, without.length) ? ", …" : ""}`,
    ...[...elsewhere].map(([other, count]) => `${count} ${count === 1 ? "goes" : "go"} on at ${other}`),
  ];
  return element("tr", { classes: "bad" },
    element("td", { text: name, classes: "number" }),
    element("td", { text: "gone", classes: "short alarm" }),
    element("td", { text: live, classes: "number" }),
    element("td", { text: became.filter(Boolean).join("; "), colspan: 2 }));
}
