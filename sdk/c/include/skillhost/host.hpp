// The host's functions, by the contract's interfaces.
#ifndef SKILLHOST_HOST_HPP
#define SKILLHOST_HOST_HPP

#include <span>

#include "skillhost/carry.hpp"

namespace skillhost {

namespace carry {

inline std::vector<skill_string_t> lend_all(std::span<const std::string> texts) {
  std::vector<skill_string_t> lent;
  for (const std::string &text : texts) lent.push_back(lend(text));
  return lent;
}

}  // namespace carry

// For people: diagnostics, and what the skill does now, `fraction` of it done, which is between 0 and 1.
inline void log(Level level, std::string_view message) {
  skill_string_t lent = lend(message);
  skill_log_log(static_cast<skill_log_level_t>(level), &lent);
}

inline void warn(std::string_view message) { log(Level::Warn, message); }

inline void progress(std::string_view message, std::optional<float> fraction = {}) {
  skill_string_t lent = lend(message);
  skill_log_progress(&lent, fraction ? &*fraction : nullptr);
}

// Asks a person; where nobody is there it answers `otherwise`.
inline Result<std::string> ask(std::string_view question, const Strings &options, std::string_view otherwise) {
  skill_string_t lent = lend(question), fallback = lend(otherwise);
  auto each = carry::lend_all(options);
  skill_list_string_t list = {each.data(), each.size()};
  return carry::fetch<std::string, skill_string_free>(
      [&](auto *ret, auto *err) { return skill_ask_ask(&lent, &list, &fallback, ret, err); });
}

// Language models. The host holds the keys, and stops at the budget.
namespace model {

inline Result<Reply> complete(const Request &request) {
  carry::Held<skill_model_request_free> given(request);
  return carry::fetch<Reply, skill_model_reply_free>(
      [&](auto *ret, auto *err) { return skill_model_complete(&given.raw, ret, err); });
}

// Side by side; replies in the order of the requests.
inline std::vector<Result<Reply>> complete_all(const std::vector<Request> &requests) {
  carry::Held<skill_model_list_request_free> given(requests);
  carry::Held<skill_model_list_result_reply_error_free> replies;
  skill_model_complete_all(&given.raw, &replies.raw);
  std::vector<Result<Reply>> taken;
  for (auto &one : std::span(replies.raw.ptr, replies.raw.len)) {
    if (one.is_err) taken.push_back(std::unexpected(carry::taken<Error>(one.val.err)));
    else taken.push_back(carry::taken<Reply>(one.val.ok));
  }
  return taken;
}

// Tokens that a request and its reply may have together.
inline Result<uint64_t> window(Tier tier) {
  uint64_t tokens = 0;
  skill_error_t err;
  if (!skill_model_window(static_cast<skill_model_tier_t>(tier), &tokens, &err)) return carry::error(err);
  return tokens;
}

// What is left.
inline Budget remaining() {
  skill_model_budget_t left;
  skill_model_remaining(&left);
  return carry::taken<Budget>(left);
}

}  // namespace model

// Commands that the project declares, over the same worktree.
namespace exec {

inline std::vector<Command> commands() {
  carry::Held<skill_exec_list_command_free> declared;
  skill_exec_commands(&declared.raw);
  return carry::taken<std::vector<Command>>(declared.raw);
}

// Names of those that this skill may run.
inline Strings granted() {
  carry::Held<skill_list_string_free> names;
  skill_exec_granted(&names.raw);
  return carry::taken<Strings>(names.raw);
}

// Arguments need a grant of their own.
inline Result<Outcome> run(std::string_view name, const Strings &arguments = {}) {
  skill_string_t lent = lend(name);
  auto each = carry::lend_all(arguments);
  skill_list_string_t list = {each.data(), each.size()};
  return carry::fetch<Outcome, skill_exec_outcome_free>(
      [&](auto *ret, auto *err) { return skill_exec_run(&lent, &list, ret, err); });
}

// A part of what a run or a gate printed, at most 64 KiB.
inline Result<std::string> output(std::string_view id, uint64_t offset = 0) {
  skill_string_t lent = lend(id);
  return carry::fetch<std::string, skill_string_free>(
      [&](auto *ret, auto *err) { return skill_exec_output(&lent, offset, ret, err); });
}

}  // namespace exec

// The change so far, against the base commit.
namespace changes {

inline Result<std::vector<Entry>> entries() {
  return carry::fetch<std::vector<Entry>, skill_changes_list_entry_free>(skill_changes_entries);
}

// A unified diff; of everything without paths.
inline Result<std::string> diff(const Strings &paths = {}) {
  auto each = carry::lend_all(paths);
  skill_list_string_t list = {each.data(), each.size()};
  return carry::fetch<std::string, skill_string_free>(
      [&](auto *ret, auto *err) { return skill_changes_diff(&list, ret, err); });
}

// The bytes of a file as it was at the base commit, at most 1 MiB from `offset`.
inline Result<std::string> original(std::string_view path, uint64_t offset = 0) {
  skill_string_t lent = lend(path);
  carry::Held<skill_list_u8_free> bytes;
  skill_error_t err;
  if (!skill_changes_original(&lent, offset, &bytes.raw, &err)) return carry::error(err);
  return std::string(reinterpret_cast<const char *>(bytes.raw.ptr), bytes.raw.len);
}

// Commits to the agent's own branch what the skill wrote, and the untracked files in `also`; gives the commit.
inline Result<std::string> checkpoint(std::string_view message, const Strings &also = {}) {
  skill_string_t lent = lend(message);
  auto each = carry::lend_all(also);
  skill_list_string_t list = {each.data(), each.size()};
  return carry::fetch<std::string, skill_string_free>(
      [&](auto *ret, auto *err) { return skill_changes_checkpoint(&lent, &list, ret, err); });
}

}  // namespace changes
}  // namespace skillhost

#endif
