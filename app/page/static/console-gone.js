/** Workers that have died lately, and what became of their sessions. */

import { duration, element } from "./console-parts.js";

const MOST_NAMED = 8;

/**
 * What is known of a worker that has died: how, when, and what became of its sessions.
 * @param {object} worker
 * @param {number} now by the clock of the server, in seconds since 1970
 */
export function fate({ at, status, live, lost }, now) {
  const ago = duration(Math.max(0, now - at));
  const how = status < 0 ? `signal ${-status} ended it` : `it ended with status ${status}`;
  if (live === 0) return `${how} ${ago} ago, with no session`;
  const saved = live - lost;
  const became = [saved && `${saved} ${saved === 1 ? "goes" : "go"} on elsewhere`, lost && `${lost} ${lost === 1 ? "is" : "are"} lost`];
  return `${how} ${ago} ago; of its ${live === 1 ? "one session" : `${live} sessions`} ${became.filter(Boolean).join(", ")}`;
}

/** A row of the table of workers, with the sessions that it had. */
export function goneRow({ worker, sessions, live }) {
  const without = sessions.filter((session) => !session.goes_on_at).map((session) => session.session_id);
  const moved = sessions.filter((session) => session.goes_on_at).map((session) => `${session.session_id} at ${session.goes_on_at}`);
  const became = [named("lost", without), named("on elsewhere", moved)].filter(Boolean).join("; ");
  return element("tr", { classes: "bad" },
    element("td", { text: worker, classes: "number" }),
    element("td", { text: "gone", classes: "short" }),
    element("td", { text: live, classes: "number" }),
    element("td", { text: became, colspan: 2 }));
}

function named(what, ids) {
  return ids.length ? `${what}: ${ids.slice(0, MOST_NAMED).join(", ")}${ids.length > MOST_NAMED ? ", …" : ""}` : "";
}
