/* {{name}}: writes the spec of a change with a model that has read the repository. */
#include <stdlib.h>
#include <string.h>

#include "skillhost.h"

static const char SYSTEM[] =
    "You write the specification of a change, for others to implement. Look at the repository with the tools that you "
    "have. Then call `finish` with the whole document, which keeps the headings that the template has, a plan in steps, "
    "and criteria that say when the change is done.";

/* The arguments of `finish`. */
typedef struct {
  yyjson_val *plan;
} result;

static sk_called finish(void *data, yyjson_val *arguments, sk_text *answer) {
  if (!*sk_get(arguments, "document", "") || !yyjson_arr_size(yyjson_obj_get(arguments, "steps"))) {
    sk_puts(answer, "`document` is text, and `steps` has one at least");
    return SK_FAILED;
  }
  ((result *)data)->plan = arguments;
  return SK_DONE;
}

static const sk_tool FINISH = {
    "finish", "Ends the work.",
    "{\"type\":\"object\",\"properties\":{\"document\":{\"type\":\"string\",\"description\":\"Markdown\"},"
    "\"steps\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"title\":{\"type\":\"string\"},"
    "\"instructions\":{\"type\":\"string\"},\"files\":{\"type\":\"array\",\"items\":{\"type\":\"string\"}}},"
    "\"required\":[\"title\",\"instructions\",\"files\"],\"additionalProperties\":false}},"
    "\"criteria\":{\"type\":\"array\",\"items\":{\"type\":\"object\",\"properties\":{\"statement\":{\"type\":\"string\"},"
    "\"command\":{\"type\":\"string\",\"description\":\"The declared command that shows it, if one can\"}},"
    "\"required\":[\"statement\"],\"additionalProperties\":false}}},"
    "\"required\":[\"document\",\"steps\",\"criteria\"],\"additionalProperties\":false}",
    finish, NULL};

static void *make(size_t count, size_t size) {
  void *made = calloc(count, size);
  if (count && !made) abort();
  return made;
}

static skill_string_t numbered(const char *letter, size_t index) {
  sk_text id = {0};
  sk_printf(&id, "%s%zu", letter, index + 1);
  return sk_give(&id);
}

static skill_list_string_t strings(yyjson_val *list) {
  skill_list_string_t all = {make(yyjson_arr_size(list), sizeof *all.ptr), yyjson_arr_size(list)};
  size_t index, count;
  yyjson_val *one;
  yyjson_arr_foreach(list, index, count, one) all.ptr[index] = sk_string(yyjson_is_str(one) ? yyjson_get_str(one) : "");
  return all;
}

bool exports_skill_spec_draft(skill_brief_t *brief, exports_skill_spec_specification_t *ret, skill_error_t *err) {
  const sk_tool tools[] = {sk_tool_list, sk_tool_search, sk_tool_read, FINISH};
  result result = {0};
  sk_agent agent = {SKILL_MODEL_TIER_STANDARD, SYSTEM, tools, sizeof tools / sizeof *tools, &result, 40};
  sk_text goal = {0}, outcome = {0};
  sk_add_brief(&goal, brief);
  if (!sk_run(&agent, sk_give(&goal), &outcome, err)) return false;
  if (!result.plan) return sk_failed(err, "the model stopped without `finish`: %.*s", SK_CLIP(outcome.at, 500));

  *ret = (exports_skill_spec_specification_t){0};
  ret->document.path = sk_string(brief->spec.is_some ? sk_copy(&brief->spec.val.path) : "SPEC.md");
  ret->document.text = sk_string(sk_get(result.plan, "document", ""));
  yyjson_val *steps = yyjson_obj_get(result.plan, "steps"), *criteria = yyjson_obj_get(result.plan, "criteria"), *one;
  ret->steps.len = yyjson_arr_size(steps);
  ret->steps.ptr = make(ret->steps.len, sizeof *ret->steps.ptr);
  ret->criteria.len = yyjson_arr_size(criteria);
  ret->criteria.ptr = make(ret->criteria.len, sizeof *ret->criteria.ptr);
  size_t index, count;
  yyjson_arr_foreach(steps, index, count, one) {
    skill_step_t *step = &ret->steps.ptr[index];
    step->id = numbered("", index);
    step->title = sk_string(sk_get(one, "title", ""));
    step->instructions = sk_string(sk_get(one, "instructions", ""));
    step->files = strings(yyjson_obj_get(one, "files"));
  }
  yyjson_arr_foreach(criteria, index, count, one) {
    skill_criterion_t *criterion = &ret->criteria.ptr[index];
    criterion->id = numbered("C", index);
    criterion->statement = sk_string(sk_get(one, "statement", ""));
    const char *command = sk_get(one, "command", "");
    criterion->command = (skill_option_string_t){*command != 0, sk_string(command)};
  }
  return true;
}
