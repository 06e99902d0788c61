/* {{name}}: reads a spec or a change, and reports what is wrong with it. */
#include <stdlib.h>
#include <string.h>

#include "skillhost.h"

static const char SYSTEM[] =
    "You review a specification or a change, and look for what will go wrong. Report only what you can show by a quote.";

static const char SCHEMA[] =
    "{\"type\":\"object\",\"properties\":{\"findings\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{"
    "\"severity\":{\"enum\":[\"nit\",\"minor\",\"major\",\"blocker\"]},\"category\":{\"type\":\"string\"},"
    "\"path\":{\"type\":\"string\"},\"quote\":{\"type\":\"string\"},\"message\":{\"type\":\"string\"}},"
    "\"required\":[\"severity\",\"category\",\"path\",\"quote\",\"message\"],\"additionalProperties\":false}},"
    "\"closed\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}},"
    "\"required\":[\"findings\",\"closed\"],\"additionalProperties\":false}";

static skill_severity_t severity(const char *name) {
  static const char *const NAMES[] = {"nit", "minor", "major", "blocker"};
  skill_severity_t found = SKILL_SEVERITY_MINOR;
  for (skill_severity_t i = 0; i < 4; i++)
    if (!strcmp(NAMES[i], name)) found = i;
  return found;
}

static skill_finding_t finding(yyjson_val *from) {
  skill_finding_t one = {0};
  one.severity = severity(sk_get(from, "severity", ""));
  one.category = sk_string(sk_get(from, "category", "other"));
  one.at.is_some = true;
  one.at.val.path = sk_string(sk_get(from, "path", ""));
  one.quote = (skill_option_string_t){true, sk_string(sk_get(from, "quote", ""))};
  one.message = sk_string(sk_get(from, "message", ""));
  return one;
}

static void *make(size_t count, size_t size) {
  void *made = calloc(count, size);
  if (count && !made) abort();
  return made;
}

/* Only a reviewer can close an earlier finding: the model names those that are dealt with. */
static exports_skill_review_list_verdict_t verdicts(const skill_brief_t *brief, yyjson_val *closed) {
  exports_skill_review_list_verdict_t all = {make(brief->findings.len, sizeof *all.ptr), brief->findings.len};
  for (size_t i = 0; i < all.len; i++) {
    char *id = sk_copy(&brief->findings.ptr[i].id);
    all.ptr[i].finding = sk_string(id);
    size_t index, count;
    yyjson_val *name;
    yyjson_arr_foreach(closed, index, count, name) if (yyjson_equals_str(name, id)) all.ptr[i].closed = true;
    all.ptr[i].reason = sk_string(all.ptr[i].closed ? "dealt with" : "still open");
  }
  return all;
}

bool exports_skill_review_review(skill_brief_t *brief, exports_skill_review_subject_t *subject,
                                 exports_skill_review_report_t *ret, skill_error_t *err) {
  sk_text question = {0}, reply = {0};
  sk_add_brief(&question, brief);
  if (subject->tag == EXPORTS_SKILL_REVIEW_SUBJECT_SPEC) {
    sk_printf(&question, "# To review: %.*s\n", SK_ARG(subject->val.spec.path));
    sk_add_string(&question, subject->val.spec.text);
  } else {
    skill_list_string_t all = {0};
    skill_string_t diff;
    if (!skill_changes_diff(&all, &diff, err)) return false;
    sk_puts(&question, "# To review: the change\n");
    sk_add_string(&question, diff);
  }
  sk_puts(&question, "\n`closed` holds the ids of open findings that are dealt with.\n");
  if (!sk_ask(SKILL_MODEL_TIER_STANDARD, SYSTEM, sk_give(&question), SCHEMA, &reply, err)) return false;

  skill_string_t text = sk_give(&reply);
  yyjson_val *report = sk_arguments(&text, err);
  if (!report) return false;
  yyjson_val *findings = yyjson_obj_get(report, "findings"), *one;
  size_t index, count;
  *ret = (exports_skill_review_report_t){0};
  ret->findings.len = yyjson_arr_size(findings);
  ret->findings.ptr = make(ret->findings.len, sizeof *ret->findings.ptr);
  yyjson_arr_foreach(findings, index, count, one) ret->findings.ptr[index] = finding(one);
  ret->verdicts = verdicts(brief, yyjson_obj_get(report, "closed"));
  return true;
}
