/** One request of the API: what it takes and answers, and a form to try it. */

import { element, input, prose, readable } from "./docs-parts.js";

/** The most characters of an answer that are shown. */
const MOST_SHOWN = 100_000;
const PATIENCE_MS = 30_000;
const CHANGES = new Set(["POST", "PUT", "DELETE"]);

/**
 * @param {string} path
 * @param {string} method
 * @param {object} operation of the OpenAPI document
 * @param {import("./docs-parts.js").Schemas} schemas
 * @param {() => string} token
 * @returns {HTMLDetailsElement} filled when it is first opened
 */
export function request(path, method, operation, schemas, token) {
  const verb = method.toUpperCase();
  const inside = element("div", { class: "inside" });
  const entry = element(
    "details",
    { class: "entry", id: operation.operationId },
    element(
      "summary",
      {},
      element("span", { class: CHANGES.has(verb) ? "method changes" : "method", text: verb }),
      element("span", { class: "path", text: path }),
      element("span", { class: "purpose", text: operation.summary }),
      element("span", { class: "check", text: operation["x-check"].replaceAll("_", " ") }),
    ),
    inside,
  );
  entry.addEventListener("toggle", () => {
    if (entry.open && !inside.childElementCount) inside.append(...parts(path, verb, operation, schemas, token));
  });
  return entry;
}

function parts(path, verb, operation, schemas, token) {
  const body = operation.requestBody?.content["application/json"];
  return [
    ...prose(operation.description),
    ...(body ? [element("h4", { text: "Body" }), schemas.fields(body.schema) ?? ""] : []),
    element("h4", { text: "Answers" }),
    element("ul", { class: "answers" }, ...Object.entries(operation.responses).map((each) => answer(each, schemas))),
    form(path, verb, operation, body, token),
  ].filter(Boolean);
}

function answer([status, { description, content = {} }], schemas) {
  const [[type, { schema, example } = {}] = []] = Object.entries(content);
  const fields = Number(status) < 400 && schema ? schemas.fields(schema) : null;
  return element(
    "li",
    {},
    element("span", { class: Number(status) < 400 ? "status" : "status failed", text: status }),
    `${description}${type ? ` (${Object.keys(content).join(", ")})` : ""}`,
    fields,
    example && fields ? element("pre", { text: JSON.stringify(example, null, 2) }) : null,
  );
}

function form(path, verb, operation, body, token) {
  const inputs = operation.parameters.map((parameter) => ({
    ...parameter,
    ...input({ name: parameter.name, label: `${parameter.name} (${parameter.in})`, hint: String(parameter.example ?? "") }),
  }));
  const text = body
    ? element("textarea", { value: JSON.stringify(body.example ?? {}, null, 2), spellcheck: false })
    : null;
  const said = element("span", { class: "said", role: "status" });
  const shown = element("pre", { hidden: true, tabIndex: 0 });
  const send = element("button", { class: "main", type: "submit", text: "Send" });
  const made = element(
    "form",
    { class: "try" },
    inputs.length ? element("div", { class: "inputs" }, ...inputs.map(({ label }) => label)) : null,
    text ? element("label", {}, "Body", text) : null,
    element("div", { class: "actions" }, send, said),
    shown,
  );
  made.addEventListener("submit", async (event) => {
    event.preventDefault();
    send.disabled = true;
    said.textContent = "Waiting";
    const { line, answered } = await sent(address(path, inputs), verb, inputs, text?.value, token());
    send.disabled = false;
    said.textContent = line;
    shown.hidden = !answered;
    shown.textContent = answered;
  });
  return made;
}

/** The address of a request on this server. */
function address(path, inputs) {
  const filled = path.replace(/{(\w+)}/g, (whole, name) =>
    encodeURIComponent(inputs.find((each) => each.in === "path" && each.name === name)?.read() ?? ""),
  );
  const url = new URL(filled, document.baseURI);
  for (const each of inputs) if (each.in === "query" && each.read()) url.searchParams.set(each.name, each.read());
  return url;
}

async function sent(url, verb, inputs, body, token) {
  const headers = new Headers(body === undefined ? {} : { "Content-Type": "application/json" });
  if (token) headers.set("Authorization", `Bearer ${token}`);
  const began = performance.now();
  try {
    for (const each of inputs) if (each.in === "header" && each.read()) headers.set(each.name, each.read());
    const response = await fetch(url, { method: verb, headers, body, signal: AbortSignal.timeout(PATIENCE_MS) });
    const answered = readable(await response.text());
    const line = `${response.status}, ${Math.round(performance.now() - began)} ms`;
    return { line, answered: answered.slice(0, MOST_SHOWN) };
  } catch (error) {
    return { line: `No answer: ${error.message}`, answered: "" };
  }
}
