/** The operators' console: a live overview over a WebSocket, one session in detail by REST, and orders. */

import { SessionAudio } from "./console-audio.js";
import { readSessionFile } from "./console-file.js";
import { fate, goneRow } from "./console-gone.js";
import { button, duration, element, encoded, replace, timeOf, workerName } from "./console-parts.js";
import { describe, draw } from "./console-timeline.js";
import { switchScheme } from "./scheme-switch.js";

const API = "/api/v1";
const KEY = "earshot-operator";
const SILENT_S = 4;
const BAD = 50;
/** Seconds for which a dead worker is listed among the worst; by then other workers have long taken its place. */
const RECENT_S = 300;
const GONE = 95, PAST = 5;
const $ = (id) => document.getElementById(id);

const state = { token: "", workers: [], gone: [], unheard: "", chosen: "", isOver: false, isNew: false, socket: null, again: 0, heardAt: 0 };

const sound = new SessionAudio({ panel: $("audio-panel"), button: $("audio-load"), player: $("audio"), picture: $("timeline"), tell: notice });

// asking

async function ask(path, { method = "GET", asked = undefined, as = "json" } = {}) {
  const headers = state.token ? { Authorization: `Bearer ${state.token}` } : {};
  const answer = await fetch(`${API}${path}`, { method, headers, cache: "no-store", body: asked && JSON.stringify(asked) });
  if (answer.ok && as === "blob") return answer.blob();
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(body.detail ?? `status ${answer.status}`), { status: answer.status });
  return body;
}

function notice(text) {
  $("notice").textContent = text;
  $("notice").hidden = !text;
}

// signing in

const NO_ANSWER = "The server does not answer";

async function open(token) {
  state.token = token;
  try {
    await ask("/logs");
  } catch (error) {
    if (error.status === 401 || error.status === 403) {
      forget();
      $("sign-in-why").textContent = token ? `That was refused: ${error.message}.` : "The console is for operators.";
      $("sign-in").hidden = false;
      $("board").hidden = true;
      $("token").focus();
      return;
    }
    notice(`${NO_ANSWER}: ${error.message}`);
    setTimeout(() => open(token), 3000);
    return;
  }
  try {
    if (token) sessionStorage.setItem(KEY, token);
  } catch {
    // The browser stores nothing: the token is kept until the page is left.
  }
  // What is said of a file stays, also where the connection was lost meanwhile.
  if ($("notice").textContent.startsWith(NO_ANSWER)) notice("");
  $("sign-in").hidden = true;
  $("board").hidden = false;
  $("leave").hidden = !token;
  connect();
}

function forget() {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // The browser stores nothing, so that there is nothing to remove.
  }
}

// the overview

function connect() {
  const address = new URL(`${API}/console`, document.baseURI);
  address.protocol = address.protocol.replace("http", "ws");
  const offered = ["earshot.console", ...(state.token ? [`bearer.${encoded(state.token)}`] : [])];
  const socket = new WebSocket(address, offered);
  state.socket = socket;
  socket.addEventListener("message", ({ data }) => {
    state.heardAt = Date.now();
    state.again = 0;
    link("live", "Live");
    const { workers, gone, unheard } = JSON.parse(data);
    Object.assign(state, { workers, gone, unheard });
    show();
  });
  socket.addEventListener("close", () => {
    if (state.socket !== socket) return;
    link("lost", "Connection lost, trying again");
    state.again = Math.min(10, state.again + 1);
    setTimeout(() => open(state.token), 500 * state.again);
  });
}

function link(name, text) {
  document.body.dataset.link = name;
  if ($("link").textContent !== text) $("link").textContent = text;
}

/** Seconds without news from a worker while others have sent some; its last report is out of date then. */
const silentS = (worker) => Math.max(0, Math.max(...state.workers.map(({ at }) => at)) - worker.at);

/** Whether a worker has ended: it was draining and sends no more reports. */
const hasEnded = (worker) => silentS(worker) > SILENT_S && worker.phase === "draining";

/** The name of a worker, with that of its machine if there are several machines. */
const named = ({ worker, host }) => workerName(worker, new Set([...state.workers, ...state.gone].map((each) => each.host)).size > 1 ? host : "");

function show() {
  const present = state.workers.filter((worker) => silentS(worker) <= SILENT_S);
  const sessions = present.flatMap((worker) => worker.worst.map((session) => ({ ...session, worker: present.length > 1 ? `, worker\u00a0${named(worker)}` : "" })));
  sessions.sort((one, other) => other.weight - one.weight || other.age_s - one.age_s);
  showApprovals(present.flatMap((worker) => worker.approvals ?? []), present.length ? Math.max(...present.map(({ at }) => at)) : 0);
  replace($("wrong"), wrong(sessions));
  replace($("workers"), [...state.workers.map(workerRow), ...state.gone.map((worker) => goneRow(worker, named(worker)))]);
  replace($("sessions"), sessions.map(sessionEntry));
  const total = present.reduce((sum, worker) => sum + worker.sessions, 0);
  $("session-count").textContent = total > sessions.length ? `${sessions.length} worst of ${total}` : String(total);
  document.title = `${$("wrong").querySelector(".bad") || $("approvals").children.length ? "⚠ " : ""}Earshot console`;
}

/** The time by the clock of the server, in seconds since 1970. */
const nowS = () => Math.max(0, ...state.workers.map(({ at }) => at));

function wrong(sessions) {
  const found = [];
  const add = (weight, where, text) => found.push({ weight, where: element("span", { classes: "where", text: `${where} ` }), text });
  for (const dead of state.gone) add(nowS() - dead.at < RECENT_S ? GONE : PAST, `Worker ${named(dead)}`, `is gone: ${fate(dead, nowS())}`);
  if (state.unheard) add(GONE, "Other servers", `are not heard of: ${state.unheard}`);
  for (const worker of state.workers.filter((each) => !hasEnded(each))) {
    const name = `Worker ${named(worker)}`;
    if (silentS(worker) <= SILENT_S) {
      for (const [index, text] of worker.troubles.entries()) add(worker.trouble_weights[index], name, text);
    } else if (!state.unheard) {
      add(GONE, name, `is gone: no word for ${Math.round(silentS(worker))} s`);
    }
  }
  for (const session of sessions.filter(({ weight }) => weight > 0)) {
    found.push({ weight: session.weight, where: button(session.session_id, () => choose(session.session_id)), text: session.troubles[0] });
  }
  if (found.length === 0) return [element("li", { classes: "fine", text: "Nothing." })];
  found.sort((one, other) => other.weight - one.weight);
  const shown = found.slice(0, 12).map(({ weight, where, text }) => element("li", { classes: weight >= BAD ? "bad" : "" }, where, text));
  if (found.length > shown.length) shown.push(element("li", { text: `and ${found.length - shown.length} more, in the lists below` }));
  return shown;
}

/** Calls of tools that wait for an operator; `now` by the clock of the server, in seconds. */
function showApprovals(approvals, now) {
  approvals.sort((one, other) => one.expires_at - other.expires_at);
  // Each by its own key: the calls of one session have the same first button.
  replace($("approvals"), approvals.map((each) => element("li", { classes: "bad", "data-key": each.approval_id },
    button(each.session_id, () => choose(each.session_id)),
    `${each.agent} wants to call ${each.tool}${each.arguments ? ` with ${each.arguments}` : ""}, ${Math.max(0, Math.round(each.expires_at - now))} s left `,
    ...["Approve", "Decline"].map((order) => button(order, () => decide(each, order.toLowerCase()), { label: `${order} ${each.tool} of ${each.session_id} (${each.approval_id})` })))));
  $("approvals-panel").hidden = approvals.length === 0;
}

function workerRow(worker) {
  const gone = silentS(worker) > SILENT_S;
  const silence = hasEnded(worker) ? "ended" : state.unheard ? "not heard of" : "gone";
  const order = button("Drain", () => drain(worker), { label: `Drain worker ${named(worker)}` });
  return element("tr", { classes: (gone && !hasEnded(worker)) || worker.troubles.length ? "bad" : "" },
    element("td", { text: named(worker), classes: "number" }),
    element("td", { text: gone ? silence : worker.phase, classes: gone && !hasEnded(worker) ? "short alarm" : "short" }),
    element("td", { text: `${worker.sessions} of ${worker.max_sessions}`, classes: "number" }),
    element("td", { text: `${worker.lag_ms} ms`, classes: "number" }),
    element("td", {}, ...(gone || worker.phase !== "ready" ? [] : [order])));
}

function sessionEntry(session) {
  const entry = button("", () => choose(session.session_id), {
    classes: session.weight >= BAD ? "bad" : session.weight > 0 ? "warn" : "", label: `Session ${session.session_id}`,
  });
  entry.removeAttribute("aria-label");
  entry.setAttribute("aria-current", String(session.session_id === state.chosen));
  entry.append(
    element("span", { classes: "id", text: session.session_id }),
    element("span", { classes: "facts", text: `${session.agent}, ${session.channel}, ${session.mode}, ${session.state}, turn ${session.turn}, ${duration(session.age_s)}${session.worker}` }),
    ...session.troubles.map((text) => element("span", { classes: "trouble", text })));
  return element("li", {}, entry);
}

// one session

function choose(id) {
  state.chosen = id;
  state.isOver = false;
  state.isNew = true;
  sound.withdraw();
  show();
  detail();
  $("detail").scrollIntoView({ block: "nearest" });
  $("detail").focus({ preventScroll: true });
}

/** Show a session file like a session that is over; the file and its audio are read here and not sent anywhere. */
async function openFiles(files) {
  const file = files.find(({ name }) => !name.endsWith(".wav"));
  if (!file) return notice("Audio alone has no timeline: choose its session file, too.");
  try {
    const { session, over, events, audioAt } = await readSessionFile(file);
    sound.withdraw();
    state.chosen = "";
    state.isOver = state.isNew = true;
    show();
    heading(`${session.session_id}, from a file`, { live: false });
    $("detail-facts").textContent = [
      session.agent.name, session.mode, `earshot ${session.earshot}`, new Date(session.began).toLocaleString([], { hour12: false }),
      over.ending ? `ended ${over.ending}` : "its end is not known", over.cut ? "the session went on behind what the file holds" : "",
      session.content ? "" : "words are masked", over.audio ? `its audio is ${over.audio.file}` : "",
    ].filter(Boolean).join(", ");
    showTimeline(events, 0);
    notice("");
    const audio = files.find(({ name }) => name === over.audio?.file);
    if (audio) sound.offer(file.name, audioAt, async () => audio);
    else if (files.length > 1) notice("The audio is not the one that lies beside this session file.");
  } catch (error) {
    notice(`${file.name} cannot be opened: ${error.message}.`);
  }
}

function heading(title, { live }) {
  $("detail-none").hidden = true;
  $("detail-body").hidden = false;
  $("detail-title").textContent = title;
  for (const part of document.querySelectorAll(".of-live")) part.hidden = !live;
  if (!live) $("end").hidden = true;
}

/** Scroll a live session to its latest events unless the user has scrolled back, and one that is over to its beginning. */
function showTimeline(events, now) {
  const frame = $("timeline").parentElement;
  const follows = now > 0 && (state.isNew || frame.scrollLeft + frame.clientWidth > frame.scrollWidth - 24);
  draw($("timeline"), events, now);
  if (follows) frame.scrollLeft = frame.scrollWidth;
  else if (state.isNew) frame.scrollLeft = 0;
  state.isNew = false;
  replace($("events"), events.slice(-200).reverse().map((event) => element("li", {}, timeOf(event.at), describe(event))));
}

async function detail() {
  const id = state.chosen;
  if (!id) return;
  const path = encodeURIComponent(id);
  const [timeline, actors] = await Promise.allSettled([ask(`/sessions/${path}/timeline`), ask(`/health/actors/${path}`)]);
  if (state.chosen !== id) return;
  heading(id, { live: true });
  const live = actors.status === "fulfilled";
  const unknown = timeline.status === "rejected" ? timeline.reason : null;
  // A session that is over does not change, and is not fetched again unless its events could not be had.
  state.isOver = !live && actors.reason.status === 404 && (!unknown || unknown.status === 404);
  $("end").hidden = !live;
  $("detail-facts").textContent = live
    ? `${actors.value.agent}, ${actors.value.mode}, ${actors.value.state}, ${actors.value.doing}, turn ${actors.value.turn}, ${duration(actors.value.age_s)}`
    : state.isOver ? `The session is over${unknown ? ", and no worker knows any more what happened in it" : ""}.` : `Not to be had: ${(unknown ?? actors.reason).message}`;
  replace($("actors"), live ? actors.value.actors.map((actor, index) => actorRow(actor, index, actors.value.age_s)) : []);
  const messages = live ? actors.value.recent_messages : [];
  replace($("messages"), messages.slice(0, 100).map(({ at, from, to, type }) => element("li", {}, timeOf(at), `${from || "outside"} → ${to}: ${type}`)));
  const events = timeline.status === "fulfilled" ? timeline.value.events : [];
  showTimeline(events, live ? Date.now() / 1000 : 0);
  const audioAt = timeline.value?.audio_at ?? null;
  if (audioAt !== null) sound.offer(id, audioAt, () => ask(`/sessions/${path}/audio`, { as: "blob" }));
}

function actorRow(actor, index, sessionS) {
  const waiting = actor.mailbox + actor.mailbox_urgent;
  const stuck = waiting > 0 && (actor.last_message_age_s ?? sessionS) > 2;
  const order = button("Restart", () => restart(actor.name), { label: `Restart ${actor.name}` });
  return element("tr", { classes: stuck || actor.last_error || actor.restarts ? "bad" : "" },
    element("td", { text: index === 0 ? "session" : `└ ${actor.name}`, classes: "short" }),
    element("td", { text: stuck ? "stuck" : actor.state, classes: stuck ? "short alarm" : "short" }),
    element("td", { text: waiting, classes: "number" }),
    element("td", { text: actor.last_message_age_s === null ? "never" : `${actor.last_message_age_s.toFixed(1)} s`, classes: "number" }),
    element("td", { text: actor.restarts, classes: "number" }),
    element("td", { text: actor.last_error, classes: actor.last_error ? "error" : "" }),
    element("td", {}, ...(index === 0 ? [] : [order])));
}

// orders

function sure(text, act, { asksReason = false } = {}) {
  const dialog = $("sure");
  $("sure-text").textContent = text;
  $("sure-reason").value = "";
  $("sure-reason-row").hidden = !asksReason;
  $("sure-yes").onclick = async () => {
    dialog.close();
    try {
      await act($("sure-reason").value.trim());
      notice("");
    } catch (error) {
      notice(`That was not done: ${error.message}`);
    }
    detail();
  };
  dialog.showModal();
  $("sure-no").focus();
}

function restart(actor) {
  const path = `/health/actors/${encodeURIComponent(state.chosen)}/${encodeURIComponent(actor)}/restart`;
  sure(`Restart the ${actor} of ${state.chosen}? The conversation goes on from where it was.`, () => ask(path, { method: "POST" }));
}

function decide({ session_id: session, approval_id: approval, tool }, decision) {
  const path = `/sessions/${encodeURIComponent(session)}/approvals/${encodeURIComponent(approval)}`, asksReason = decision === "decline";
  const text = asksReason ? `Decline ${tool} of ${session}? The agent is told the reason.` : `Approve ${tool} of ${session}? It is run at once.`;
  sure(text, (reason) => ask(path, { method: "POST", asked: { decision, reason } }), { asksReason });
}

function drain(worker) {
  const path = `/workers/${worker.worker}/drain?server=${encodeURIComponent(worker.server)}`;
  sure(`Drain worker ${named(worker)}? Its conversations end with a goodbye, and another worker is started in its place.`, () => ask(path, { method: "POST" }));
}

$("end").addEventListener("click", () => {
  sure(`End ${state.chosen}? The caller hears a goodbye.`, () => ask(`/sessions/${encodeURIComponent(state.chosen)}`, { method: "DELETE" }));
});
$("sure-no").addEventListener("click", () => $("sure").close());
$("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  open($("token").value.trim());
  $("token").value = "";
});
$("file").addEventListener("change", ({ target }) => {
  if (target.files.length) openFiles([...target.files]);
  target.value = "";
});
$("leave").addEventListener("click", () => {
  forget();
  location.reload();
});
switchScheme($("scheme"));

setInterval(() => {
  if ($("board").hidden) return;
  if (state.heardAt && Date.now() - state.heardAt > SILENT_S * 1000) link("lost", `No word for ${Math.round((Date.now() - state.heardAt) / 1000)} s`);
  if (!state.isOver) detail();
}, 1000);

let kept = "";
try {
  kept = sessionStorage.getItem(KEY) ?? "";
} catch {
  // The browser stores nothing.
}
open(kept);
