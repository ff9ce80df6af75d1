/** The times of each turn: the last ones in figures, all of them as a plot, and as a table for those who do not see it. */

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 300;
const HEIGHT = 168;
const EDGE = { left: 40, right: 10, top: 18, bottom: 32 };
const MOST_TURNS = 24;

const COLUMNS = [
  ["Turn", (row) => row.turn],
  ["First audio, ms", (row) => whole(row.firstAudioMs)],
  ["Onset to pause, ms", (row) => whole(row.onsetToPauseMs)],
  ["Onset to decision, ms", (row) => whole(row.onsetToDecisionMs)],
  ["Decision to silence, ms", (row) => tenths(row.decisionToSilenceMs)],
  ["Onset to silence, ms", (row) => whole(bargeInMs(row))],
];

const NO_BARGE_IN = { onsetToPauseMs: null, onsetToDecisionMs: null, decisionToSilenceMs: null, interrupted: false };

const happened = (ms) => ms !== null && ms !== undefined;
const whole = (ms) => (happened(ms) ? String(Math.round(ms)) : "–");
const tenths = (ms) => (happened(ms) ? (ms < 10 ? ms.toFixed(1) : String(Math.round(ms))) : "–");
const bargeInMs = (row) => (happened(row.onsetToDecisionMs) ? row.onsetToDecisionMs + (row.decisionToSilenceMs ?? 0) : null);

export class Timing {
  #figures;
  #plot;
  #rows = new Map();

  /**
   * @param {{firstAudio: HTMLElement, decision: HTMLElement, silence: HTMLElement}} figures
   * @param {HTMLElement} plot
   */
  constructor(figures, plot) {
    this.#figures = figures;
    this.#plot = plot;
  }

  /** How many turns were measured; the greeting is none. */
  get turns() {
    return [...this.#rows.keys()].filter((turn) => turn > 0).length;
  }

  /** How many of the measured turns were interrupted. */
  get interrupted() {
    return [...this.#rows.values()].filter((row) => row.interrupted).length;
  }

  /** Start over for another conversation. */
  clear() {
    this.#rows.clear();
    for (const figure of Object.values(this.#figures)) figure.textContent = "–";
    this.#draw();
  }

  /** @param {object} told detail of Earshot's `metrics`; of one turn there may be several */
  add(told) {
    // A reply of which nothing was heard was not interrupted, but replaced.
    const metrics = told.heardMs === 0 ? { ...told, ...NO_BARGE_IN } : told;
    const row = { ...this.#rows.get(metrics.turn) };
    for (const [name, value] of Object.entries(metrics)) if (happened(value)) row[name] = value;
    this.#rows.set(metrics.turn, row);
    show(this.#figures.firstAudio, metrics.firstAudioMs, whole);
    show(this.#figures.decision, metrics.onsetToDecisionMs, whole);
    show(this.#figures.silence, metrics.decisionToSilenceMs, tenths);
    this.#draw();
  }

  #draw() {
    const rows = [...this.#rows.values()]
      .filter((row) => happened(row.firstAudioMs) || happened(bargeInMs(row)))
      .sort((one, other) => one.turn - other.turn);
    if (rows.length === 0) {
      const empty = document.createElement("p");
      empty.className = "empty";
      empty.textContent = "The times of each turn appear here.";
      this.#plot.replaceChildren(empty);
      return;
    }
    this.#plot.replaceChildren(plotOf(rows.slice(-MOST_TURNS)), tableOf(rows));
  }
}

/** Show a figure; without a value it keeps the former one. */
function show(figure, ms, format) {
  if (!happened(ms)) return;
  const unit = document.createElement("small");
  unit.textContent = " ms";
  figure.replaceChildren(format(ms), unit);
}

function element(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
}

/** Choose three to five round values from 0 to at least `most`, for an axis. */
function ticksTo(most) {
  const rough = most / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((times) => times * power).find((one) => one >= rough);
  const ticks = [];
  for (let tick = 0; tick < most + step; tick += step) ticks.push(tick);
  return ticks;
}

function plotOf(rows) {
  const series = [
    { className: "first-audio", points: rows.map((row) => row.firstAudioMs ?? null) },
    { className: "barge-in", points: rows.map(bargeInMs) },
  ];
  const most = Math.max(100, ...series.flatMap(({ points }) => points.filter(happened)));
  const ticks = ticksTo(most);
  const top = ticks.at(-1);
  const inner = { width: WIDTH - EDGE.left - EDGE.right, height: HEIGHT - EDGE.top - EDGE.bottom };
  const x = (index) => EDGE.left + (rows.length === 1 ? inner.width / 2 : 8 + ((inner.width - 16) * index) / (rows.length - 1));
  const y = (ms) => EDGE.top + inner.height * (1 - ms / top);
  const svg = element("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": summaryOf(rows) });
  for (const tick of ticks) {
    svg.append(
      element("line", { class: "grid", x1: EDGE.left, x2: WIDTH - EDGE.right, y1: y(tick), y2: y(tick) }),
      element("text", { class: "tick", x: EDGE.left - 6, y: y(tick) + 3.5, "text-anchor": "end" }, String(tick)),
    );
  }
  const every = Math.ceil(rows.length / 8);
  rows.forEach((row, index) => {
    if ((rows.length - 1 - index) % every) return;
    svg.append(element("text", { class: "tick", x: x(index), y: HEIGHT - 18, "text-anchor": "middle" }, String(row.turn)));
  });
  svg.append(
    element("text", { class: "axis", x: EDGE.left - 6, y: 9, "text-anchor": "end" }, "ms"),
    element("text", { class: "axis", x: EDGE.left + inner.width / 2, y: HEIGHT - 4, "text-anchor": "middle" }, "turn"),
  );
  for (const { className, points } of series) svg.append(seriesOf(className, points, x, y));
  return svg;
}

/** Draw a line through the turns that have a value, and a mark at each: a dot or a diamond. */
function seriesOf(className, points, x, y) {
  const group = element("g", { class: className });
  const places = points.flatMap((ms, index) => (happened(ms) ? [[x(index), y(ms)]] : []));
  if (places.length > 1) group.append(element("polyline", { points: places.map((place) => place.join(",")).join(" ") }));
  for (const [left, top] of places) {
    group.append(
      className === "first-audio"
        ? element("circle", { class: "point", cx: left, cy: top, r: 3.6 })
        : element("path", { class: "point", d: `M${left} ${top - 5}l5 5-5 5-5-5z` }),
    );
  }
  return group;
}

function summaryOf(rows) {
  const last = rows.at(-1);
  const parts = [`Times of ${rows.length} ${rows.length === 1 ? "turn" : "turns"}.`];
  if (happened(last.firstAudioMs)) parts.push(`Turn ${last.turn}: first audio after ${whole(last.firstAudioMs)} ms.`);
  const interrupted = rows.filter((row) => happened(bargeInMs(row))).at(-1);
  if (interrupted) parts.push(`Turn ${interrupted.turn}: silent ${whole(bargeInMs(interrupted))} ms after your first sound.`);
  return `${parts.join(" ")} A table follows.`;
}

function tableOf(rows) {
  const table = document.createElement("table");
  table.createCaption().textContent = "Times of each turn in milliseconds";
  const heads = table.createTHead().insertRow();
  for (const [title] of COLUMNS) {
    const head = document.createElement("th");
    head.scope = "col";
    head.textContent = title;
    heads.append(head);
  }
  const body = table.createTBody();
  for (const row of rows) {
    const line = body.insertRow();
    for (const [, text] of COLUMNS) line.insertCell().textContent = text(row);
  }
  // A table is as wide as its words, however narrow it is said to be: what hides it is around it.
  const hidden = document.createElement("div");
  hidden.className = "unseen";
  hidden.append(table);
  return hidden;
}
