/* {{name}}: counts the lines of a file. */
#include <string.h>

#include "skillhost.h"

static bool count(yyjson_val *arguments, skill_string_t *ret, skill_error_t *err) {
  sk_text content = {0}, json = {0};
  if (!sk_read(sk_get(arguments, "path", ""), &content, err)) return false;
  size_t lines = 0;
  for (size_t at = 0; at < content.length; lines++) at += sk_line(content.at + at, content.length - at) + 1;
  sk_printf(&json, "{\"lines\":%zu}", lines);
  *ret = sk_give(&json);
  return true;
}

/* Called for each tool that skill.toml declares; the host has held the arguments to their schema. */
bool exports_skill_tool_call(skill_string_t *name, skill_string_t *arguments, skill_string_t *ret, skill_error_t *err) {
  yyjson_val *given = sk_arguments(arguments, err);
  if (!given) return false;
  if (!strcmp(sk_copy(name), "count-lines")) return count(given, ret, err);
  return sk_invalid(err, "there is no tool `%.*s`", SK_ARG(*name));
}
