// One change of a text by the text that it replaces.

import { Invalid, shown } from "./errors.js";

/** `text` with `after` in place of `before`, which must be there once; with `all`, at least once. */
export function edit(text, before, after, { path = "the text", all = false } = {}) {
  if (before === "") throw new Invalid("the text to replace is empty");
  const count = text.split(before).length - 1;
  if (count === 0) throw new Invalid(`${shown(path)}: the text to replace is not there; it must match exactly, white space included`);
  if (count > 1 && !all) throw new Invalid(`${shown(path)}: the text to replace is there ${count} times; add lines around it, so that it is there once`);
  return text.split(before).join(after);
}
