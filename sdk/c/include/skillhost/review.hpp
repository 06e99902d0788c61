// What a skill of the kind `review` includes.
#ifndef SKILLHOST_REVIEW_HPP
#define SKILLHOST_REVIEW_HPP

#include "skillhost.hpp"

namespace skillhost {

// The change is read through `changes`.
struct Change {};

using Subject = std::variant<Document, Change>;

// Decides over an earlier finding. Only a reviewer can close one.
struct Verdict {
  std::string finding = {};
  bool closed = false;
  std::string reason = {};
};

struct Report {
  std::vector<Finding> findings = {};
  std::vector<Verdict> verdicts = {};
};

// The skill writes this.
Result<Report> review(const Brief &brief, const Subject &subject);

namespace carry {

void pair(auto f, auto &it, exports_skill_review_verdict_t &raw) {
  f(it.finding, raw.finding), f(it.closed, raw.closed), f(it.reason, raw.reason);
}

void pair(auto f, auto &it, exports_skill_review_report_t &raw) {
  f(it.findings, raw.findings), f(it.verdicts, raw.verdicts);
}

}  // namespace carry
}  // namespace skillhost

extern "C" [[gnu::used]] inline bool exports_skill_review_review(skill_brief_t *brief,
                                                                 exports_skill_review_subject_t *subject,
                                                                 exports_skill_review_report_t *ret,
                                                                 skill_error_t *err) {
  using namespace skillhost;
  const bool is_spec = subject->tag == EXPORTS_SKILL_REVIEW_SUBJECT_SPEC;
  const auto what = is_spec ? Subject(carry::taken<Document>(subject->val.spec)) : Subject(Change());
  return carry::answer(review(carry::taken<Brief>(*brief), what), ret, err);
}

#endif
