// {{name}}: makes a change with a model that reads and edits, and says what it did.
#include "skillhost/implement.hpp"

using namespace skillhost;

constexpr auto SYSTEM =
    "You make one change to a repository with the tools that you have. Read what you change before you change it. When "
    "everything is done, call `finish`.";

constexpr auto FINISH = R"({
  "type": "object",
  "properties": {
    "title": {"type": "string", "description": "Imperative, at most 72 characters"},
    "what": {"type": "string"},
    "why": {"type": "string"}
  },
  "required": ["title", "what", "why"],
  "additionalProperties": false
})";

// In UTF-8, all bytes but a character's first begin with the bits 10.
static auto characters(const std::string &text) {
  return std::ranges::count_if(text, [](unsigned char byte) { return (byte & 0xC0) != 0x80; });
}

Result<Summary> skillhost::implement(const Brief &brief) {
  std::optional<Summary> said;
  const Tool finish("finish", "Ends the work.", FINISH, [&](const Json &arguments) {
    const auto title = arguments["title"].text();
    if (title.empty() || characters(title) > 72) return Called::failed("`title` needs 1 to 72 characters");
    said = Summary{
        .title = title,
        .what = arguments["what"].text(),
        .why = arguments["why"].text(),
        .rollback = "Revert the commit.",
    };
    return Called::done();
  });
  const Agent agent{
      .system = SYSTEM,
      .tools = {sk_tool_list, sk_tool_search, sk_tool_read, sk_tool_write, sk_tool_edit, finish},
      .turns = 60,
  };
  const auto outcome = agent.run(markdown(brief));
  if (!outcome) return std::unexpected(outcome.error());
  if (!said) return failed("the model stopped without `finish`: " + clip(*outcome, 500));
  return *said;
}
