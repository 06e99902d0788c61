// What a skill of the kind `tool` includes.
#ifndef SKILLHOST_TOOL_HPP
#define SKILLHOST_TOOL_HPP

#include "skillhost.hpp"

namespace skillhost {

// The skill writes this: it is called for each tool that skill.toml declares, with an object that the host has held to
// the tool's schema. The host holds the answer to its own.
Result<Json> call(std::string_view name, const Json &arguments);

}  // namespace skillhost

extern "C" [[gnu::used]] inline bool exports_skill_tool_call(skill_string_t *name, skill_string_t *arguments,
                                                             skill_string_t *ret, skill_error_t *err) {
  using namespace skillhost;
  const auto given = Json::parse(view(*arguments));
  const auto answered = given ? call(view(*name), *given) : given;
  const auto text = answered ? Result<std::string>(answered->dump()) : std::unexpected(answered.error());
  return carry::answer(text, ret, err);
}

#endif
