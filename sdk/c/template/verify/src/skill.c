/* {{name}}: counts a criterion as shown where the gates of its command ended well. */
#include <stdlib.h>
#include <string.h>

#include "skillhost.h"

static bool same(const skill_string_t *left, const skill_string_t *right) {
  return left->len == right->len && !memcmp(left->ptr, right->ptr, left->len);
}

/* A criterion holds where its own command ran, each time with exit code 0. */
static exports_skill_verify_check_t judge(const skill_brief_t *brief, const skill_criterion_t *criterion) {
  exports_skill_verify_check_t check = {0};
  check.id = sk_string(sk_copy(&criterion->id));
  check.outcome = EXPORTS_SKILL_VERIFY_OUTCOME_NOT_RUN;
  if (!criterion->command.is_some || !brief->gates.len) return check;
  check.evidence.ptr = malloc(brief->gates.len * sizeof *check.evidence.ptr);
  if (!check.evidence.ptr) abort();
  for (size_t i = 0; i < brief->gates.len; i++) {
    const skill_gate_t *gate = &brief->gates.ptr[i];
    if (!same(&criterion->command.val, &gate->name)) continue;
    check.evidence.ptr[check.evidence.len++] = sk_string(sk_copy(&gate->evidence));
    if (!gate->exit_code.is_some || gate->exit_code.val) check.outcome = EXPORTS_SKILL_VERIFY_OUTCOME_FAILED;
    else if (check.outcome == EXPORTS_SKILL_VERIFY_OUTCOME_NOT_RUN) check.outcome = EXPORTS_SKILL_VERIFY_OUTCOME_PASSED;
  }
  return check;
}

bool exports_skill_verify_verify(skill_brief_t *brief, exports_skill_verify_list_check_t *ret, skill_error_t *err) {
  (void)err;
  *ret = (exports_skill_verify_list_check_t){NULL, brief->criteria.len};
  if (!ret->len) return true;
  ret->ptr = malloc(ret->len * sizeof *ret->ptr);
  if (!ret->ptr) abort();
  for (size_t i = 0; i < ret->len; i++) ret->ptr[i] = judge(brief, &brief->criteria.ptr[i]);
  return true;
}
