// A unified diff of two texts, line by line.

/** Lines of a middle that are compared with each other; a longer one is shown as replaced. */
const MAX_CELLS = 4_000_000;

/** The diff of `before` and `after`, as `diff -u` writes it; empty where they are the same. */
export function diff(before, after, { path = "text", context = 3 } = {}) {
  if (before === after) return "";
  const [old, now] = [lines(before), lines(after)];
  const changes = compare(old, now);
  const hunks = [];
  for (let at = 0; at < changes.length; ) {
    if (changes[at].sign === " ") {
      at += 1;
      continue;
    }
    const start = Math.max(0, at - context);
    let end = at;
    // Changes with no more than twice the context between them share a hunk.
    for (let look = at; look < changes.length && look - end - 1 <= 2 * context; look += 1) if (changes[look].sign !== " ") end = look;
    const stop = Math.min(changes.length, end + 1 + context);
    hunks.push(hunk(changes.slice(start, stop)));
    at = stop;
  }
  return `--- a/${path}\n+++ b/${path}\n${hunks.join("")}`;
}

function lines(text) {
  return text === "" ? [] : text.match(/[^\n]*\n|[^\n]+$/g);
}

function hunk(changes) {
  const of = (sign) => changes.filter((change) => change.sign === " " || change.sign === sign);
  const range = (sign, key) => {
    const some = of(sign);
    // An empty range names the line before it.
    return some.length === 0 ? `${changes[0][key] - 1},0` : `${some[0][key]}${some.length === 1 ? "" : `,${some.length}`}`;
  };
  const body = changes.map(({ sign, line }) => `${sign}${line}${line.endsWith("\n") ? "" : "\n\\ No newline at end of file\n"}`);
  return `@@ -${range("-", "old")} +${range("+", "now")} @@\n${body.join("")}`;
}

/** Each line with its sign, and the numbers that it has, or would have, in both texts. */
function compare(old, now) {
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head += 1;
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old[old.length - 1 - tail] === now[now.length - 1 - tail]) tail += 1;
  const middle = between(old.slice(head, old.length - tail), now.slice(head, now.length - tail));
  const signs = [...Array(head).fill(" "), ...middle, ...Array(tail).fill(" ")];
  let [a, b] = [0, 0];
  return signs.map((sign) => {
    const change = { sign, line: sign === "+" ? now[b] : old[a], old: a + 1, now: b + 1 };
    if (sign !== "+") a += 1;
    if (sign !== "-") b += 1;
    return change;
  });
}

/** Signs along a longest common subsequence. */
function between(old, now) {
  const width = now.length + 1;
  if (old.length * now.length > MAX_CELLS) return [...Array(old.length).fill("-"), ...Array(now.length).fill("+")];
  const common = new Uint32Array((old.length + 1) * width);
  for (let a = old.length - 1; a >= 0; a -= 1) {
    for (let b = now.length - 1; b >= 0; b -= 1) {
      common[a * width + b] =
        old[a] === now[b] ? common[(a + 1) * width + b + 1] + 1 : Math.max(common[(a + 1) * width + b], common[a * width + b + 1]);
    }
  }
  const signs = [];
  let [a, b] = [0, 0];
  while (a < old.length || b < now.length) {
    if (a < old.length && b < now.length && old[a] === now[b]) {
      signs.push(" ");
      a += 1;
      b += 1;
    } else if (a < old.length && (b === now.length || common[(a + 1) * width + b] >= common[a * width + b + 1])) {
      signs.push("-");
      a += 1;
    } else {
      signs.push("+");
      b += 1;
    }
  }
  return signs;
}
