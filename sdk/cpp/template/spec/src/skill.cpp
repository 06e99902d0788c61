// {{name}}: writes the spec of a change with a model that has read the repository.
#include "skillhost/spec.hpp"

using namespace skillhost;

constexpr auto SYSTEM =
    "You write the specification of a change, for others to implement. Look at the repository with the tools that you "
    "have. Then call `finish` with the whole document, which keeps the headings that the template has, a plan in steps, "
    "and criteria that say when the change is done.";

constexpr auto FINISH = R"({
  "type": "object",
  "properties": {
    "document": {"type": "string", "description": "Markdown"},
    "steps": {"type": "array", "items": {
      "type": "object",
      "properties": {
        "title": {"type": "string"},
        "instructions": {"type": "string"},
        "files": {"type": "array", "items": {"type": "string"}}
      },
      "required": ["title", "instructions", "files"],
      "additionalProperties": false
    }},
    "criteria": {"type": "array", "items": {
      "type": "object",
      "properties": {
        "statement": {"type": "string"},
        "command": {"type": "string", "description": "The declared command that shows it, if one can"}
      },
      "required": ["statement"],
      "additionalProperties": false
    }}
  },
  "required": ["document", "steps", "criteria"],
  "additionalProperties": false
})";

static Specification specification(const Brief &brief, const Json &plan) {
  Specification made{.document = {brief.spec ? brief.spec->path : "SPEC.md", plan["document"].text()}};
  for (const Json &from : plan["steps"].items()) {
    Step step{
        .id = std::to_string(made.steps.size() + 1),
        .title = from["title"].text(),
        .instructions = from["instructions"].text(),
    };
    for (const Json &file : from["files"].items()) step.files.push_back(file.text());
    made.steps.push_back(step);
  }
  for (const Json &from : plan["criteria"].items()) {
    Criterion criterion{
        .id = "C" + std::to_string(made.criteria.size() + 1),
        .statement = from["statement"].text(),
    };
    if (const auto command = from["command"].text(); !command.empty()) criterion.command = command;
    made.criteria.push_back(criterion);
  }
  return made;
}

Result<Specification> skillhost::draft(const Brief &brief) {
  Json plan;
  const Tool finish("finish", "Ends the work.", FINISH, [&](const Json &arguments) {
    if (arguments["document"].text().empty() || arguments["steps"].items().empty())
      return Called::failed("`document` is text, and `steps` has one at least");
    plan = arguments;
    return Called::done();
  });
  const Agent agent{.system = SYSTEM, .tools = {sk_tool_list, sk_tool_search, sk_tool_read, finish}};
  const auto outcome = agent.run(markdown(brief));
  if (!outcome) return std::unexpected(outcome.error());
  if (plan.is_null()) return failed("the model stopped without `finish`: " + clip(*outcome, 500));
  return specification(brief, plan);
}
