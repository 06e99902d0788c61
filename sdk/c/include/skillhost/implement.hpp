// What a skill of the kind `implement` includes.
#ifndef SKILLHOST_IMPLEMENT_HPP
#define SKILLHOST_IMPLEMENT_HPP

#include "skillhost.hpp"

namespace skillhost {

struct Summary {
  // Imperative, at most 72 characters: the commit's subject line.
  std::string title = {};
  std::string what = {}, why = {};
  Strings breaking = {};
  // How to go back.
  std::string rollback = {};
  // What was left undone, and why.
  Strings unfinished = {};
  std::vector<Answer> answers = {};
};

// The skill writes this.
Result<Summary> implement(const Brief &brief);

namespace carry {

void pair(auto f, auto &it, exports_skill_implement_summary_t &raw) {
  f(it.title, raw.title), f(it.what, raw.what), f(it.why, raw.why), f(it.breaking, raw.breaking);
  f(it.rollback, raw.rollback), f(it.unfinished, raw.unfinished), f(it.answers, raw.answers);
}

}  // namespace carry
}  // namespace skillhost

extern "C" [[gnu::used]] inline bool exports_skill_implement_implement(skill_brief_t *brief,
                                                                       exports_skill_implement_summary_t *ret,
                                                                       skill_error_t *err) {
  using namespace skillhost;
  return carry::answer(implement(carry::taken<Brief>(*brief)), ret, err);
}

#endif
