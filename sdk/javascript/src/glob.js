// Globs over paths: `*` and `?` within a name, `**` for any names, `{a,b}` for a choice, `[a-z]` for a character.

/** Whether a path fits, as a function. */
export function glob(pattern) {
  const expression = new RegExp(`^(?:${translate(pattern)})$`, "u");
  return (path) => expression.test(path);
}

function translate(pattern) {
  let out = "";
  let depth = 0;
  for (let at = 0; at < pattern.length; at += 1) {
    const rest = pattern.slice(at);
    const character = pattern[at];
    if (rest.startsWith("**/") && (at === 0 || pattern[at - 1] === "/")) {
      out += "(?:[^/]+/)*";
      at += 2;
    } else if (rest === "**" && (at === 0 || pattern[at - 1] === "/")) {
      out += ".*";
      at += 1;
    } else if (character === "*") {
      out += "[^/]*";
    } else if (character === "?") {
      out += "[^/]";
    } else if (character === "{") {
      depth += 1;
      out += "(?:";
    } else if (character === "}" && depth > 0) {
      depth -= 1;
      out += ")";
    } else if (character === "," && depth > 0) {
      out += "|";
    } else if (character === "[" && /^\[!?[^\]/]+\]/.test(rest)) {
      const [range, not, inner] = /^\[(!?)([^\]/]+)\]/.exec(rest);
      out += `[${not && "^/"}${inner.replace(/[\\^[]/g, "\\$&")}]`;
      at += range.length - 1;
    } else {
      out += character.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
    }
  }
  // A brace that nothing closes stands for itself.
  return depth === 0 ? out : pattern.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
