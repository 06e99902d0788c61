// The loop that every agent runs: ask the model, run the tools that it calls, tell it what they returned.
#ifndef SKILLHOST_AGENT_HPP
#define SKILLHOST_AGENT_HPP

#include <functional>

#include "skillhost/json.hpp"

namespace skillhost {

// What an agent is told, as Markdown for a model. What stays the same through a run comes first, for a provider's cache.
inline std::string markdown(const Brief &brief) {
  carry::Held<skill_brief_free> given(brief);
  carry::Grown text;
  sk_add_brief(&text.text, &given.raw);
  return text.copy();
}

// How a tool's call ended.
struct Called {
  sk_called how;
  std::string text;

  // It worked; the model is told so.
  static Called told(std::string text) { return {SK_TOLD, std::move(text)}; }
  // It failed; the model is told so.
  static Called failed(std::string text) { return {SK_FAILED, std::move(text)}; }
  // The loop has reached its end; this is its outcome.
  static Called done(std::string text = "") { return {SK_DONE, std::move(text)}; }
};

class Tool {
 public:
  // `parameters` is the JSON Schema of an object, which models don't always hold to.
  Tool(std::string name, std::string description, std::string parameters, std::function<Called(const Json &)> call)
      : name_(std::move(name)), description_(std::move(description)), parameters_(std::move(parameters)), call_(std::move(call)) {}
  // One that is ready: `sk_tool_list`, `sk_tool_search`, `sk_tool_read`, `sk_tool_write`, `sk_tool_edit`.
  Tool(const sk_tool &ready) : ready_(ready) {}

  // As long as this is there.
  sk_tool raw() const {
    if (ready_) return *ready_;
    return {name_.c_str(), description_.c_str(), parameters_.c_str(), call, const_cast<Tool *>(this)};
  }

 private:
  static sk_called call(void *data, yyjson_val *arguments, sk_text *answer) {
    const auto given = Json::of(arguments);
    const Called called = given ? static_cast<const Tool *>(data)->call_(*given) : Called::failed(given.error().message);
    sk_add(answer, called.text.data(), called.text.size());
    return called.how;
  }

  std::string name_, description_, parameters_;
  std::function<Called(const Json &)> call_;
  std::optional<sk_tool> ready_;
};

struct Agent {
  std::string system = {};
  std::vector<Tool> tools = {};
  model::Tier tier = model::Tier::Standard;
  // Calls of the model, at most.
  unsigned turns = 40;

  // Goes on until a tool is done, or the model replies without a call, and gives what the one or the other said. Fails
  // where turns, budget or patience end; where the window fills up, old results are dropped.
  Result<std::string> run(const std::string &goal) const {
    std::vector<sk_tool> raw;
    for (const Tool &tool : tools) raw.push_back(tool.raw());
    const char *told = system.empty() ? nullptr : system.c_str();
    const sk_agent agent = {static_cast<skill_model_tier_t>(tier), told, raw.data(), raw.size(), nullptr, turns};
    carry::Grown outcome;
    skill_error_t err;
    if (!sk_run(&agent, lend(goal), &outcome.text, &err)) return carry::error(err);
    return outcome.copy();
  }
};

namespace model {

// One question, one reply. Where there is a `schema`, the reply is JSON that satisfies it.
inline Result<std::string> ask(const std::string &system, const std::string &question, const char *schema = nullptr,
                               Tier tier = Tier::Standard) {
  carry::Grown reply;
  skill_error_t err;
  const char *told = system.empty() ? nullptr : system.c_str();
  if (!sk_ask(static_cast<skill_model_tier_t>(tier), told, lend(question), schema, &reply.text, &err))
    return carry::error(err);
  return reply.copy();
}

// The same, with the reply's JSON read.
inline Result<Json> ask_json(const std::string &system, const std::string &question, const char *schema,
                             Tier tier = Tier::Standard) {
  const auto reply = ask(system, question, schema, tier);
  return reply ? Json::parse(*reply) : std::unexpected(reply.error());
}

}  // namespace model
}  // namespace skillhost

#endif
