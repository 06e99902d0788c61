// What a skill of the kind `verify` includes.
#ifndef SKILLHOST_VERIFY_HPP
#define SKILLHOST_VERIFY_HPP

#include "skillhost.hpp"

namespace skillhost {

enum class Outcome : uint8_t { Passed, Failed, NotRun };

struct Check {
  // A criterion's id, or a name of its own.
  std::string id = {};
  Outcome outcome = Outcome::NotRun;
  // Ids of the gates that show it. The host counts a check without any as not run.
  Strings evidence = {};
  std::string detail = {};
};

// The skill writes this.
Result<std::vector<Check>> verify(const Brief &brief);

namespace carry {

void pair(auto f, auto &it, exports_skill_verify_check_t &raw) {
  f(it.id, raw.id), f(it.outcome, raw.outcome), f(it.evidence, raw.evidence), f(it.detail, raw.detail);
}

}  // namespace carry
}  // namespace skillhost

extern "C" [[gnu::used]] inline bool exports_skill_verify_verify(skill_brief_t *brief,
                                                                 exports_skill_verify_list_check_t *ret,
                                                                 skill_error_t *err) {
  using namespace skillhost;
  return carry::answer(verify(carry::taken<Brief>(*brief)), ret, err);
}

#endif
