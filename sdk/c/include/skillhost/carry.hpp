// Between the contract's records in C and those in C++: what the host hands over is copied out, and what it is handed is
// copied to where the bindings free it. The fields of each record are paired once, for both ways.
#ifndef SKILLHOST_CARRY_HPP
#define SKILLHOST_CARRY_HPP

#include <cstdlib>
#include <string_view>
#include <type_traits>

#include "skillhost.h"
#include "skillhost/error.hpp"
#include "skillhost/records.hpp"

namespace skillhost {

inline std::string_view view(const skill_string_t &string) {
  return {reinterpret_cast<const char *>(string.ptr), string.len};
}

// For the arguments of a host's function, as long as `text` is there: they are only read.
inline skill_string_t lend(std::string_view text) {
  return {reinterpret_cast<uint8_t *>(const_cast<char *>(text.data())), text.size()};
}

// A copy that the host takes.
inline skill_string_t give(std::string_view text) {
  sk_text copy = {};
  sk_add(&copy, text.data(), text.size());
  return sk_give(&copy);
}

namespace carry {

template <class Raw>
concept Option = requires(Raw raw) { raw.is_some; };
template <class Raw>
concept List = requires(Raw raw) { raw.ptr[raw.len]; };

// Out of the host's records.
struct Take {
  template <class T, class Raw>
  void operator()(T &it, Raw &raw) const {
    if constexpr (std::is_enum_v<T>) {
      it = static_cast<T>(raw);
    } else if constexpr (std::is_arithmetic_v<T>) {
      it = raw;
    } else if constexpr (std::is_same_v<Raw, skill_string_t>) {
      it = view(raw);
    } else if constexpr (Option<Raw>) {
      if (raw.is_some) (*this)(it.emplace(), raw.val);
    } else if constexpr (List<Raw>) {
      it.resize(raw.len);
      for (size_t i = 0; i < raw.len; i++) (*this)(it[i], raw.ptr[i]);
    } else {
      pair(*this, it, raw);
    }
  }
};

// Into the host's records, which are empty before.
struct Give {
  template <class T, class Raw>
  void operator()(const T &it, Raw &raw) const {
    if constexpr (std::is_enum_v<T> || std::is_arithmetic_v<T>) {
      raw = static_cast<Raw>(it);
    } else if constexpr (std::is_same_v<Raw, skill_string_t>) {
      raw = give(it);
    } else if constexpr (Option<Raw>) {
      if (it) (*this)(*it, raw.val);
      raw.is_some = it.has_value();
    } else if constexpr (List<Raw>) {
      using Element = std::remove_pointer_t<decltype(raw.ptr)>;
      raw.len = it.size();
      raw.ptr = static_cast<Element *>(calloc(raw.len ? raw.len : 1, sizeof(Element)));
      if (!raw.ptr) abort();
      for (size_t i = 0; i < raw.len; i++) (*this)(it[i], raw.ptr[i]);
    } else {
      pair(*this, it, raw);
    }
  }
};

void pair(auto f, auto &it, skill_document_t &raw) { f(it.path, raw.path), f(it.text, raw.text); }
void pair(auto f, auto &it, skill_location_t &raw) { f(it.path, raw.path), f(it.line, raw.line); }
void pair(auto f, auto &it, skill_answer_t &raw) { f(it.finding, raw.finding), f(it.text, raw.text); }

void pair(auto f, auto &it, skill_finding_t &raw) {
  f(it.id, raw.id), f(it.severity, raw.severity), f(it.category, raw.category), f(it.at, raw.at);
  f(it.quote, raw.quote), f(it.message, raw.message), f(it.suggestion, raw.suggestion);
}

void pair(auto f, auto &it, skill_gate_t &raw) {
  f(it.evidence, raw.evidence), f(it.name, raw.name), f(it.exit_code, raw.exit_code);
  f(it.tests, raw.tests), f(it.output, raw.output);
}

void pair(auto f, auto &it, skill_step_t &raw) {
  f(it.id, raw.id), f(it.title, raw.title), f(it.instructions, raw.instructions);
  f(it.files, raw.files), f(it.after, raw.after), f(it.criteria, raw.criteria);
}

void pair(auto f, auto &it, skill_criterion_t &raw) {
  f(it.id, raw.id), f(it.statement, raw.statement), f(it.command, raw.command);
}

void pair(auto f, auto &it, skill_brief_t &raw) {
  f(it.run, raw.run), f(it.agent, raw.agent), f(it.goal, raw.goal), f(it.base, raw.base);
  f(it.conventions, raw.conventions), f(it.spec, raw.spec), f(it.steps, raw.steps), f(it.criteria, raw.criteria);
  f(it.findings, raw.findings), f(it.answers, raw.answers), f(it.gates, raw.gates);
}

void pair(auto f, auto &it, skill_model_tool_definition_t &raw) {
  f(it.name, raw.name), f(it.description, raw.description), f(it.parameters, raw.parameters);
}

void pair(auto f, auto &it, skill_model_message_t &raw) { f(it.speaker, raw.speaker), f(it.parts, raw.parts); }

void pair(auto f, auto &it, skill_model_request_t &raw) {
  f(it.tier, raw.tier), f(it.system, raw.system), f(it.messages, raw.messages), f(it.tools, raw.tools);
  f(it.tool_choice, raw.tool_choice), f(it.schema, raw.schema), f(it.max_output_tokens, raw.max_output_tokens);
}

void pair(auto f, auto &it, skill_model_usage_t &raw) {
  f(it.input_tokens, raw.input_tokens), f(it.cached_input_tokens, raw.cached_input_tokens);
  f(it.output_tokens, raw.output_tokens), f(it.cost, raw.cost);
}

void pair(auto f, auto &it, skill_model_reply_t &raw) {
  f(it.parts, raw.parts), f(it.stop, raw.stop), f(it.usage, raw.usage), f(it.model, raw.model);
}

void pair(auto f, auto &it, skill_model_budget_t &raw) { f(it.tokens, raw.tokens), f(it.cost, raw.cost); }
void pair(auto f, auto &it, skill_exec_command_t &raw) { f(it.name, raw.name), f(it.description, raw.description); }

void pair(auto f, auto &it, skill_exec_outcome_t &raw) {
  f(it.id, raw.id), f(it.exit_code, raw.exit_code), f(it.output, raw.output);
  f(it.output_size, raw.output_size), f(it.duration_ms, raw.duration_ms);
}

void pair(auto f, auto &it, skill_changes_entry_t &raw) { f(it.path, raw.path), f(it.kind, raw.kind); }

void pair(auto f, auto &it, skill_model_tool_call_t &raw) {
  f(it.id, raw.id), f(it.name, raw.name), f(it.arguments, raw.arguments);
}

void pair(auto f, auto &it, skill_model_tool_result_t &raw) {
  f(it.id, raw.id), f(it.content, raw.content), f(it.failed, raw.failed);
}

inline void pair(Take f, model::Part &it, skill_model_part_t &raw) {
  switch (raw.tag) {
    case SKILL_MODEL_PART_TEXT: return f(it.emplace<model::Text>().text, raw.val.text);
    case SKILL_MODEL_PART_TOOL_CALL: return f(it.emplace<model::ToolCall>(), raw.val.tool_call);
    case SKILL_MODEL_PART_TOOL_RESULT: return f(it.emplace<model::ToolResult>(), raw.val.tool_result);
    default: return f(it.emplace<model::Reasoning>().text, raw.val.reasoning);
  }
}

inline void pair(Give f, const model::Part &it, skill_model_part_t &raw) {
  raw.tag = static_cast<uint8_t>(it.index());
  if (const auto *text = std::get_if<model::Text>(&it)) f(text->text, raw.val.text);
  if (const auto *call = std::get_if<model::ToolCall>(&it)) f(*call, raw.val.tool_call);
  if (const auto *result = std::get_if<model::ToolResult>(&it)) f(*result, raw.val.tool_result);
  if (const auto *reasoning = std::get_if<model::Reasoning>(&it)) f(reasoning->text, raw.val.reasoning);
}

inline void pair(Take f, Error &it, skill_error_t &raw) {
  f(it.kind, raw.tag);
  if (it.kind == Error::Kind::TooLarge) f(it.bytes, raw.val.too_large);
  // All the others that hold anything hold a string, in the same place.
  else if (it.kind != Error::Kind::Cancelled) f(it.message, raw.val.failed);
}

inline void pair(Give f, const Error &it, skill_error_t &raw) {
  f(it.kind, raw.tag);
  if (it.kind == Error::Kind::TooLarge) f(it.bytes, raw.val.too_large);
  else if (it.kind != Error::Kind::Cancelled) f(it.message, raw.val.failed);
}

template <class T, class Raw>
T taken(Raw &raw) {
  T it = {};
  Take{}(it, raw);
  return it;
}

// A record of the host's, freed with the function that the bindings have for it.
template <auto Free>
class Held {
  template <class Raw>
  static Raw held_by(void (*)(Raw *));

 public:
  using Raw = decltype(held_by(Free));

  Held() = default;
  // A copy of what C++ has.
  template <class T>
  explicit Held(const T &it) {
    Give{}(it, raw);
  }
  Held(const Held &) = delete;
  Held &operator=(const Held &) = delete;
  ~Held() { Free(&raw); }

  Raw raw = {};
};

inline std::unexpected<Error> error(const skill_error_t &raw) {
  Held<skill_error_free> held;
  held.raw = raw;
  return std::unexpected(taken<Error>(held.raw));
}

// What a function of the host's gives: it writes either a record or an error, and says which.
template <class T, auto Free, class Call>
Result<T> fetch(Call call) {
  Held<Free> value;
  skill_error_t err = {};
  if (!call(&value.raw, &err)) return error(err);
  return taken<T>(value.raw);
}

// The other way round, for what a skill exports.
template <class T, class Raw>
bool answer(const Result<T> &result, Raw *ret, skill_error_t *err) {
  if (result) Give{}(*result, *ret = {});
  else Give{}(result.error(), *err = {});
  return result.has_value();
}

}  // namespace carry
}  // namespace skillhost

#endif
