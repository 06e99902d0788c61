// {{name}}: counts the lines of a file.
#include "skillhost/tool.hpp"

using namespace skillhost;

static Result<Json> count(const Json &arguments) {
  const auto content = read(arguments["path"].text());
  if (!content) return std::unexpected(content.error());
  auto lines = std::ranges::count(*content, '\n');
  if (!content->empty() && !content->ends_with('\n')) lines++;
  return Json::object({{"lines", lines}});
}

// Called for each tool that skill.toml declares; the host has held the arguments to their schema.
Result<Json> skillhost::call(std::string_view name, const Json &arguments) {
  if (name == "count-lines") return count(arguments);
  return invalid("there is no tool `" + std::string(name) + "`");
}
