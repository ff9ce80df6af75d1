/** The documentation page: shows what /openapi.json and /asyncapi.json say, and lets it be tried. */

import { element, prose, Schemas } from "./docs-parts.js";
import { request } from "./docs-request.js";
import { socket } from "./docs-socket.js";
import { switchScheme } from "./scheme-switch.js";

const $ = (id) => document.getElementById(id);
const token = () => $("token").value.trim();

switchScheme($("scheme"));
$("token-form").addEventListener("submit", (event) => event.preventDefault());

async function fetched(name) {
  const response = await fetch(new URL(`/${name}`, document.baseURI));
  if (!response.ok) throw new Error(`the server answered ${response.status} for ${name}`);
  return response.json();
}

function showRequests(api) {
  const schemas = new Schemas(api);
  const operations = Object.entries(api.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
  for (const { name, description } of api.tags) {
    const own = operations.filter(({ operation }) => operation.tags.includes(name));
    $("requests").append(
      element("h3", { text: name }),
      element("p", { class: "about-tag", text: description }),
      ...own.map(({ path, method, operation }) => request(path, method, operation, schemas, token)),
    );
  }
  $("access").append(
    ...Object.entries(api.components.securitySchemes).flatMap(([name, { description }]) => [
      element("dt", { text: name.replaceAll("_", " ") }),
      element("dd", { text: description }),
    ]),
  );
}

function showSockets(api) {
  const schemas = new Schemas(api);
  const messagesOf = (name, action) =>
    (api.operations[`${action}_${name}`]?.messages ?? []).map((reference) => schemas.resolve(schemas.resolve(reference)));
  for (const [name, channel] of Object.entries(api.channels)) {
    const messages = { takes: messagesOf(name, "receive"), sends: messagesOf(name, "send") };
    $("sockets").append(socket(channel, messages, schemas, token));
  }
}

try {
  const [rest, sockets] = await Promise.all([fetched("openapi.json"), fetched("asyncapi.json")]);
  $("version").textContent = rest.info.version;
  $("about").append(...prose(rest.info.description));
  showSockets(sockets);
  showRequests(rest);
} catch (error) {
  $("failure").textContent = `The documentation cannot be shown: ${error.message}.`;
  $("failure").hidden = false;
}
