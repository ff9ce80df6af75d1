/** Parts of the documentation page: elements, and schemas as lists of fields. */

/**
 * @param {string} name of the element
 * @param {object} [properties] `class` and `text` besides the element's own
 * @param {...(Node|string|null)} children
 * @returns {HTMLElement}
 */
export function element(name, { class: classes, text, ...properties } = {}, ...children) {
  const made = document.createElement(name);
  if (classes) made.className = classes;
  if (text !== undefined) made.textContent = text;
  Object.assign(made, properties);
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** A text with `code` in backquotes, paragraphs between blank lines. */
export function prose(text) {
  return text.split(/\n\n+/).map((paragraph) => {
    const parts = paragraph.split("`").map((part, at) => (at % 2 ? element("code", { text: part }) : part));
    return element("p", {}, ...parts);
  });
}

/** Resolves references inside one document. */
export class Schemas {
  #document;

  constructor(document) {
    this.#document = document;
  }

  /** @returns {object} the schema that a reference names, or the schema itself */
  resolve(schema) {
    if (!schema?.$ref) return schema ?? {};
    return schema.$ref
      .split("/")
      .slice(1)
      .reduce((part, key) => part[key.replaceAll("~1", "/").replaceAll("~0", "~")], this.#document);
  }

  /** The type in words, such as "text or null". */
  type(schema) {
    const { type, anyOf, allOf, items, enum: choices, const: only, format, contentEncoding } = this.resolve(schema);
    if (only !== undefined) return JSON.stringify(only);
    if (choices) return choices.map((choice) => JSON.stringify(choice)).join(", ");
    if (anyOf) return [...new Set(anyOf.map((each) => this.type(each)))].join(" or ");
    if (allOf) return "object";
    if (type === "array") return items ? `list of ${this.type(items)}` : "list";
    return [type ?? "anything", format ?? contentEncoding].filter(Boolean).join(", ");
  }

  /** The fields of an object, those of the objects in it below them; null if it has none. */
  fields(schema, depth = 0) {
    const parts = this.#parts(schema);
    const rows = parts.flatMap(({ properties = {}, required = [] }) =>
      Object.entries(properties).map(([name, field]) => this.#row(name, field, required.includes(name), depth)),
    );
    return rows.length ? element("ul", { class: "fields" }, ...rows) : null;
  }

  /** The objects that a schema is made of, or may be. */
  #parts(schema) {
    const { allOf, anyOf, items, ...own } = this.resolve(schema);
    const inner = [...(allOf ?? []), ...(anyOf ?? []), ...(items && typeof items === "object" ? [items] : [])];
    return [...(own.properties ? [own] : []), ...inner.flatMap((each) => this.#parts(each))];
  }

  #row(name, field, required, depth) {
    const resolved = this.resolve(field);
    const bounds = [
      ["minimum", "from"],
      ["maximum", "to"],
      ["minLength", "at least characters:"],
      ["maxLength", "at most characters:"],
      ["pattern", "matches"],
      ["default", "default"],
    ]
      .filter(([key]) => resolved[key] !== undefined)
      .map(([key, word]) => `${word} ${typeof resolved[key] === "string" ? resolved[key] : JSON.stringify(resolved[key])}`);
    return element(
      "li",
      {},
      element("code", { text: name, class: required ? "required" : "" }),
      element("span", { class: "type", text: ` ${[this.type(field), ...bounds].join("; ")}` }),
      resolved.description && depth ? ` ${resolved.description}` : null,
      depth < 3 ? this.fields(field, depth + 1) : null,
    );
  }
}

/** An input with its label; `read()` gives what was typed. */
export function input({ name, label, value = "", hint = "" }) {
  const field = element("input", { type: "text", value, placeholder: hint, autocomplete: "off", spellcheck: false, name });
  return { field, label: element("label", {}, label, field), read: () => field.value.trim() };
}

/** Indent JSON for people; a text that is not JSON is returned unchanged. */
export function readable(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
