// What a skill of the kind `spec` includes.
#ifndef SKILLHOST_SPEC_HPP
#define SKILLHOST_SPEC_HPP

#include "skillhost.hpp"

namespace skillhost {

struct Specification {
  Document document = {};
  std::vector<Step> steps = {};
  std::vector<Criterion> criteria = {};
  // Questions that only a person can answer, each with the default taken.
  Strings assumptions = {};
  std::vector<Answer> answers = {};
};

// The skill writes this.
Result<Specification> draft(const Brief &brief);

namespace carry {

void pair(auto f, auto &it, exports_skill_spec_specification_t &raw) {
  f(it.document, raw.document), f(it.steps, raw.steps), f(it.criteria, raw.criteria);
  f(it.assumptions, raw.assumptions), f(it.answers, raw.answers);
}

}  // namespace carry
}  // namespace skillhost

extern "C" [[gnu::used]] inline bool exports_skill_spec_draft(skill_brief_t *brief,
                                                              exports_skill_spec_specification_t *ret,
                                                              skill_error_t *err) {
  using namespace skillhost;
  return carry::answer(draft(carry::taken<Brief>(*brief)), ret, err);
}

#endif
