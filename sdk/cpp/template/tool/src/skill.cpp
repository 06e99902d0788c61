// {{name}}: counts the lines of a file.
#include "skillhost.hpp"

namespace {

bool count(yyjson_val *arguments, skill_string_t *ret, skill_error_t *err) {
  const auto content = skillhost::read(sk_get(arguments, "path", ""), err);
  if (!content) return false;
  auto lines = std::count(content->begin(), content->end(), '\n');
  if (!content->empty() && content->back() != '\n') lines++;
  *ret = skillhost::give("{\"lines\":" + std::to_string(lines) + "}");
  return true;
}

}  // namespace

// Called for each tool that skill.toml declares; the host has held the arguments to their schema.
bool exports_skill_tool_call(skill_string_t *name, skill_string_t *arguments, skill_string_t *ret, skill_error_t *err) {
  yyjson_val *given = sk_arguments(arguments, err);
  if (!given) return false;
  if (skillhost::view(*name) == "count-lines") return count(given, ret, err);
  return sk_invalid(err, "there is no tool `%.*s`", SK_ARG(*name));
}
