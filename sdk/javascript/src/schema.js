// JSON Schema by small functions, and values checked against it. Every provider accepts what these make: objects without
// further fields. In TypeScript, `Static<typeof schema>` is the type of the values.

const OPTIONAL = Symbol("optional");

export const string = (description) => ({ type: "string", ...described(description) });
export const integer = (description) => ({ type: "integer", ...described(description) });
export const number = (description) => ({ type: "number", ...described(description) });
export const boolean = (description) => ({ type: "boolean", ...described(description) });
/** One of these strings. */
export const choice = (choices, description) => ({ type: "string", enum: [...choices], ...described(description) });
export const list = (items, description) => ({ type: "array", items, ...described(description) });
/** A field that may be left out. The mark is not enumerable, so that copies and JSON don't have it. */
export const optional = (schema) => Object.defineProperty({ ...schema }, OPTIONAL, { value: true });
/** An object with these fields and no others. */
export function object(fields, description) {
  const required = Object.keys(fields).filter((name) => !fields[name][OPTIONAL]);
  const properties = Object.fromEntries(Object.entries(fields).map(([name, { ...schema }]) => [name, schema]));
  return { type: "object", properties, required, additionalProperties: false, ...described(description) };
}

function described(description) {
  return description === undefined ? {} : { description };
}

/** What is wrong with `value`, or undefined. Knows the keywords that the functions above use. */
export function mismatch(schema, value, at = "") {
  const named = at === "" ? "the value" : `\`${at}\``;
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length > 0 && !types.some((type) => IS[type]?.(value))) return `${named} must be ${types.map((type) => A[type]).join(" or ")}`;
  if (schema.enum !== undefined && !schema.enum.includes(value)) return `${named} must be one of ${schema.enum.join(", ")}`;
  if (Array.isArray(value) && schema.items !== undefined) {
    return first(value, (item, index) => mismatch(schema.items, item, `${at}[${index}]`));
  }
  if (IS.object(value) && schema.properties !== undefined) {
    const names = Object.keys(schema.properties);
    const inner = (name) => (at === "" ? name : `${at}.${name}`);
    const missing = (schema.required ?? []).find((name) => !Object.hasOwn(value, name));
    if (missing !== undefined) return `\`${inner(missing)}\` is missing; the fields are ${names.join(", ")}`;
    const unknown = schema.additionalProperties === false && Object.keys(value).find((name) => !names.includes(name));
    if (typeof unknown === "string") return `there is no field \`${inner(unknown)}\`; the fields are ${names.join(", ")}`;
    return first(names, (name) => (Object.hasOwn(value, name) ? mismatch(schema.properties[name], value[name], inner(name)) : undefined));
  }
  return undefined;
}

function first(values, find) {
  for (const [index, value] of values.entries()) {
    const found = find(value, index);
    if (found !== undefined) return found;
  }
  return undefined;
}

const IS = {
  string: (value) => typeof value === "string",
  integer: (value) => Number.isInteger(value),
  number: (value) => typeof value === "number" && Number.isFinite(value),
  boolean: (value) => typeof value === "boolean",
  null: (value) => value === null,
  array: (value) => Array.isArray(value),
  object: (value) => typeof value === "object" && value !== null && !Array.isArray(value),
};
const A = {
  string: "a string", integer: "a whole number", number: "a number", boolean: "true or false", null: "null", array: "a list", object: "an object",
};
