// Values on their way over the component's border. What JavaScript calls fine and the contract does not ends the component
// with a panic of its engine, so values are checked first, and the message names the field.

import { FUNCTIONS, TYPES } from "./contract.js";
import { Failed } from "./errors.js";
import { cut, wellFormed } from "./text.js";

/** Engines differ in what they take for a u64; the build says which it is. */
const u64 = typeof SKILLHOST_U64_IS_BIGINT !== "undefined" && SKILLHOST_U64_IS_BIGINT ? BigInt : (value) => value;

const RANGES = {
  u8: [0, 0xff],
  u32: [0, 0xffff_ffff],
  s32: [-0x8000_0000, 0x7fff_ffff],
  u64: [0, Number.MAX_SAFE_INTEGER],
};

/** The arguments of a host function, checked. A wrong one is a mistake in the skill's code, and no error of the contract. */
export function lowerArguments(name, values) {
  return FUNCTIONS[name].parameters.map(([parameter, type], index) => {
    const value = lower(type, values[index], parameter, (what) => new TypeError(`${name}: ${what}`));
    // Engines want an absent value as one.
    return value === undefined ? null : value;
  });
}

/** What an export returns, checked. */
export function lowerResult(name, value) {
  const [, ok] = FUNCTIONS[name].result;
  return lower(ok, value, "what it returns", (what) => new Failed(`the skill's ${name}: ${what}`));
}

/** An error's payload: the one number in it is a u64. A message may quote anything, and is no reason to fail once more. */
export function lowerError({ tag, val }) {
  if (val === undefined) return { tag };
  return { tag, val: tag === "too-large" ? u64(val) : wellFormed(val) };
}

/** `value` as a `type` of the contract. Lists and options may be left out. */
function lower(type, value, at, wrong) {
  const refuse = (expected) => {
    throw wrong(`${at} must be ${expected}, and is ${shown(value)}`);
  };
  if (Array.isArray(type)) {
    const [, inner] = type;
    if (type[0] === "option") return value == null ? undefined : lower(inner, value, at, wrong);
    if (inner === "u8") return value instanceof Uint8Array ? value : refuse("a Uint8Array");
    if (value === undefined) return [];
    if (!Array.isArray(value)) return refuse("a list");
    return value.map((item, index) => lower(inner, item, `${at}[${index}]`, wrong));
  }
  switch (type) {
    case "string":
      if (typeof value !== "string") return refuse("a string");
      return wellFormed(value) === value ? value : refuse("whole characters");
    case "bool":
      return typeof value === "boolean" ? value : refuse("true or false");
    case "f32":
      return typeof value === "number" ? value : refuse("a number");
    case "u64":
    case "u8":
    case "u32":
    case "s32": {
      const [least, most] = RANGES[type];
      if (!Number.isInteger(value) || value < least || value > most) return refuse(`a whole number from ${least} to ${most}`);
      return type === "u64" ? u64(value) : value;
    }
    default:
      return named(TYPES[type], value, at, wrong, refuse);
  }
}

function named([what, of], value, at, wrong, refuse) {
  if (what === "enum") return of.includes(value) ? value : refuse(`one of ${of.join(", ")}`);
  if (value === null || typeof value !== "object") return refuse("an object");
  if (what === "record") {
    const unknown = Object.keys(value).find((key) => !Object.hasOwn(of, key));
    if (unknown !== undefined) throw wrong(`${at} has no field ${unknown}; its fields are ${Object.keys(of).join(", ")}`);
    const entries = Object.entries(of).map(([key, type]) => [key, lower(type, value[key], `${at}.${key}`, wrong)]);
    return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined));
  }
  if (!Object.hasOwn(of, value.tag)) return refuse(`one of ${Object.keys(of).join(", ")} as its tag`);
  const type = of[value.tag];
  return type === null ? { tag: value.tag } : { tag: value.tag, val: lower(type, value.val, `${at}.${value.tag}`, wrong) };
}

/** What came over the border: absent values as undefined, and numbers as numbers. */
export function lift(value) {
  if (value === null) return undefined;
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "object" || value instanceof Uint8Array) return value;
  if (Array.isArray(value)) return value.map(lift);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, lift(inner)]));
}

function shown(value) {
  if (typeof value === "string") return JSON.stringify(cut(value, 40));
  if (value === null || typeof value !== "object") return String(value);
  return Array.isArray(value) ? "a list" : "an object";
}
