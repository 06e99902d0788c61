/* {{name}}: makes a change with a model that reads and edits, and says what it did. */
#include "skillhost.h"

static const char SYSTEM[] =
    "You make one change to a repository with the tools that you have. Read what you change before you change it. When "
    "everything is done, call `finish`.";

/* What the model says at the end. */
typedef struct {
  const char *title;
  const char *what;
  const char *why;
} summary;

/* In UTF-8, all bytes but a character's first begin with the bits 10. */
static size_t characters(const char *text) {
  size_t count = 0;
  for (; *text; text++) count += ((unsigned char)*text & 0xC0) != 0x80;
  return count;
}

static sk_called finish(void *data, yyjson_val *arguments, sk_text *answer) {
  const char *title = sk_get(arguments, "title", "");
  if (!*title || characters(title) > 72) {
    sk_puts(answer, "`title` needs 1 to 72 characters");
    return SK_FAILED;
  }
  *(summary *)data = (summary){title, sk_get(arguments, "what", ""), sk_get(arguments, "why", "")};
  return SK_DONE;
}

static const sk_tool FINISH = {
    "finish", "Ends the work.",
    "{\"type\":\"object\",\"properties\":{"
    "\"title\":{\"type\":\"string\",\"description\":\"Imperative, at most 72 characters\"},"
    "\"what\":{\"type\":\"string\"},\"why\":{\"type\":\"string\"}},"
    "\"required\":[\"title\",\"what\",\"why\"],\"additionalProperties\":false}",
    finish, NULL};

bool exports_skill_implement_implement(skill_brief_t *brief, exports_skill_implement_summary_t *ret,
                                       skill_error_t *err) {
  const sk_tool tools[] = {sk_tool_list, sk_tool_search, sk_tool_read, sk_tool_write, sk_tool_edit, FINISH};
  summary said = {0};
  sk_agent agent = {SKILL_MODEL_TIER_STANDARD, SYSTEM, tools, sizeof tools / sizeof *tools, &said, 60};
  sk_text goal = {0}, outcome = {0};
  sk_add_brief(&goal, brief);
  if (!sk_run(&agent, sk_give(&goal), &outcome, err)) return false;
  if (!said.title) return sk_failed(err, "the model stopped without `finish`: %.*s", SK_CLIP(outcome.at, 500));
  *ret = (exports_skill_implement_summary_t){0};
  ret->title = sk_string(said.title);
  ret->what = sk_string(said.what);
  ret->why = sk_string(said.why);
  ret->rollback = sk_string("Revert the commit.");
  return true;
}
