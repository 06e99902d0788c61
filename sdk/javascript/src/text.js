// Texts that hold whole characters, and UTF-8, also where an engine has no TextEncoder and TextDecoder.

const CHUNK = 8192;

/** The text of `bytes`, or undefined where they are no UTF-8. A byte order mark stays. */
export function decode(bytes) {
  try {
    return typeof TextDecoder === "undefined" ? decodeByHand(bytes) : new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** `text` as UTF-8. */
export function encode(text) {
  if (typeof TextEncoder !== "undefined") return new TextEncoder().encode(text);
  return encodeByHand(text);
}

/** The engine's own decoder of escapes is far faster than a loop in an interpreter, and refuses what is no UTF-8. */
export function decodeByHand(bytes) {
  let latin1 = "";
  for (let at = 0; at < bytes.length; at += CHUNK) {
    latin1 += String.fromCharCode.apply(null, bytes.subarray(at, at + CHUNK));
  }
  return isAscii(latin1) ? latin1 : decodeURIComponent(escape(latin1));
}

export function encodeByHand(text) {
  const latin1 = isAscii(text) ? text : unescape(encodeURIComponent(text));
  const bytes = new Uint8Array(latin1.length);
  for (let at = 0; at < latin1.length; at += 1) bytes[at] = latin1.charCodeAt(at);
  return bytes;
}

const HALVES = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** The text with U+FFFD for each half of a character: no other text crosses the component's border. */
export const wellFormed = (text) => text.replace(HALVES, "\ufffd");

/** The first `length` units of the text, and no half of a character. */
export const cut = (text, length) => (text.length > length ? text.slice(0, length).replace(/[\ud800-\udbff]$/, "") : text);

const isAscii = (text) => /^[\x00-\x7f]*$/.test(text);
