// Requests over wasi:http, one at a time.

import { handle } from "wasi:http/outgoing-handler@0.2.0";
import { Fields, OutgoingBody, OutgoingRequest } from "wasi:http/types@0.2.0";
import { Denied, Failed, Invalid, TooLarge } from "./errors.js";
import { decode, encode } from "./text.js";

/** The largest body that is taken. */
const MAX_BODY_BYTES = 8 << 20;
/** Bytes that one call moves: what a stream takes at least. */
const PART_BYTES = 4096;
const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];
const u64 = typeof SKILLHOST_U64_IS_BIGINT !== "undefined" && SKILLHOST_U64_IS_BIGINT ? BigInt : (value) => value;

export default function http({ method, url, headers, body }) {
  const [, scheme, authority, path] = /^(https?):\/\/([^/?#]+)([^#]*)/i.exec(url) ?? [];
  if (scheme === undefined) throw new Invalid(`${url} is no URL that begins with https:// or http://`);
  return attempt(url, () => {
    const length = body === undefined ? [] : [["content-length", String(body.length)]];
    const fields = [...length, ...headers].map(([name, value]) => [name, encode(value)]);
    const request = new OutgoingRequest(Fields.fromList(fields));
    request.setMethod(METHODS.includes(method) ? { tag: method.toLowerCase() } : { tag: "other", val: method });
    request.setScheme({ tag: scheme.toUpperCase() });
    request.setAuthority(authority);
    request.setPathWithQuery(path.startsWith("/") ? path : `/${path}`);
    const outgoing = body === undefined ? undefined : request.body();
    const future = handle(request, undefined);
    if (outgoing !== undefined) send(outgoing, body);
    const pollable = future.subscribe();
    pollable.block();
    release(pollable);
    const response = received(future.get());
    const entries = response.headers().entries().map(([name, value]) => [name, decode(value) ?? ""]);
    return { status: response.status(), headers: entries, body: read(response.consume()) };
  });
}

function send(outgoing, body) {
  const stream = outgoing.write();
  for (let at = 0; at < body.length; at += PART_BYTES) stream.blockingWriteAndFlush(body.subarray(at, at + PART_BYTES));
  release(stream);
  OutgoingBody.finish(outgoing, undefined);
}

/** The reply within what says whether it came, and whether it was asked for before. */
function received({ val: { tag, val } }) {
  if (tag === "ok") return val;
  throw Object.assign(new Error(val.tag), { payload: val });
}

function read(incoming) {
  const stream = incoming.stream();
  const whole = [];
  let length = 0;
  for (;;) {
    let part;
    try {
      part = stream.blockingRead(u64(1 << 16));
    } catch (error) {
      if (error?.payload?.tag === "closed") break;
      throw error;
    }
    length += part.length;
    if (length > MAX_BODY_BYTES) throw new TooLarge(length);
    whole.push(part);
  }
  release(stream);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of whole) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A child has to go before what it came from. */
function release(resource) {
  resource[Symbol.dispose ?? Symbol.for("dispose")]?.();
}

function attempt(url, work) {
  try {
    return work();
  } catch (error) {
    const tag = error?.payload?.tag;
    if (tag === undefined) throw error;
    if (tag === "HTTP-request-denied") throw new Denied(`http ${url} was not granted`);
    const { val } = error.payload;
    const why = val?.toDebugString?.() ?? (typeof val === "string" ? val : undefined);
    throw new Failed(`${url}: ${tag}${why === undefined ? "" : `: ${why}`}`);
  }
}
