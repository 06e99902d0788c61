/* Calls everything that the contract has, and writes down what came of it. */
#include <stdlib.h>
#include <string.h>

#include "skillhost.h"

typedef yyjson_mut_val value;

static yyjson_mut_doc *doc;

static value *object(void) { return yyjson_mut_obj(doc); }
static value *list(void) { return yyjson_mut_arr(doc); }
static value *null(void) { return yyjson_mut_null(doc); }
static value *number(uint64_t it) { return yyjson_mut_uint(doc, it); }
static value *constant(const char *it) { return yyjson_mut_str(doc, it); }
static value *string(skill_string_t it) { return yyjson_mut_strncpy(doc, (const char *)it.ptr, it.len); }
static void put(value *into, const char *name, value *it) { yyjson_mut_obj_add_val(doc, into, name, it); }

#define EACH(of, it) for (size_t it = 0; it < (of).len; it++)
#define OPTION(of, make) ((of).is_some ? make((of).val) : null())

static value *strings(skill_list_string_t of) {
  value *all = list();
  EACH(of, i) yyjson_mut_arr_append(all, string(of.ptr[i]));
  return all;
}

static const char *const ERRORS[] = {"denied", "invalid", "exhausted", "cancelled", "too-large", "failed"};

static value *error(skill_error_t err) {
  sk_text text = {0};
  sk_puts(&text, ERRORS[err.tag]);
  if (err.tag == SKILL_ERROR_TOO_LARGE) {
    sk_printf(&text, ": %llu", (unsigned long long)err.val.too_large);
  } else if (err.tag != SKILL_ERROR_CANCELLED) {
    sk_printf(&text, ": %.*s", SK_ARG(err.val.denied));
  }
  return constant(text.at);
}

/* The types of the contract. */

static value *document(skill_document_t of) {
  value *it = object();
  put(it, "path", string(of.path));
  put(it, "text", string(of.text));
  return it;
}

static value *step(skill_step_t of) {
  value *it = object();
  put(it, "id", string(of.id));
  put(it, "title", string(of.title));
  put(it, "instructions", string(of.instructions));
  put(it, "files", strings(of.files));
  put(it, "after", strings(of.after));
  put(it, "criteria", strings(of.criteria));
  return it;
}

static value *criterion(skill_criterion_t of) {
  value *it = object();
  put(it, "id", string(of.id));
  put(it, "statement", string(of.statement));
  put(it, "command", OPTION(of.command, string));
  return it;
}

static value *location(skill_location_t of) {
  value *it = object();
  put(it, "path", string(of.path));
  put(it, "line", OPTION(of.line, number));
  return it;
}

static value *finding(skill_finding_t of) {
  static const char *const severities[] = {"nit", "minor", "major", "blocker"};
  value *it = object();
  put(it, "id", string(of.id));
  put(it, "severity", constant(severities[of.severity]));
  put(it, "category", string(of.category));
  put(it, "at", OPTION(of.at, location));
  put(it, "quote", OPTION(of.quote, string));
  put(it, "message", string(of.message));
  put(it, "suggestion", OPTION(of.suggestion, string));
  return it;
}

static value *answer(skill_answer_t of) {
  value *it = object();
  put(it, "finding", string(of.finding));
  put(it, "text", string(of.text));
  return it;
}

static value *signed_number(int32_t it) { return yyjson_mut_sint(doc, it); }

static value *gate(skill_gate_t of) {
  value *it = object();
  put(it, "evidence", string(of.evidence));
  put(it, "name", string(of.name));
  put(it, "exit_code", OPTION(of.exit_code, signed_number));
  put(it, "tests", OPTION(of.tests, number));
  put(it, "output", string(of.output));
  return it;
}

#define ALL(into, name, of, make)                                       \
  do {                                                                  \
    value *all = list();                                                \
    EACH(of, i) yyjson_mut_arr_append(all, make((of).ptr[i]));          \
    put(into, name, all);                                               \
  } while (0)

static value *brief_of(const skill_brief_t *of) {
  value *it = object();
  put(it, "run", string(of->run));
  put(it, "agent", string(of->agent));
  put(it, "goal", string(of->goal));
  put(it, "base", string(of->base));
  ALL(it, "conventions", of->conventions, document);
  put(it, "spec", OPTION(of->spec, document));
  ALL(it, "steps", of->steps, step);
  ALL(it, "criteria", of->criteria, criterion);
  ALL(it, "findings", of->findings, finding);
  ALL(it, "answers", of->answers, answer);
  ALL(it, "gates", of->gates, gate);
  return it;
}

static value *part(skill_model_part_t of) {
  value *it = object(), *inner = object();
  switch (of.tag) {
    case SKILL_MODEL_PART_TEXT: put(it, "text", string(of.val.text)); break;
    case SKILL_MODEL_PART_REASONING: put(it, "reasoning", string(of.val.reasoning)); break;
    case SKILL_MODEL_PART_TOOL_CALL:
      put(inner, "id", string(of.val.tool_call.id));
      put(inner, "name", string(of.val.tool_call.name));
      put(inner, "arguments", string(of.val.tool_call.arguments));
      put(it, "tool_call", inner);
      break;
    default:
      put(inner, "id", string(of.val.tool_result.id));
      put(inner, "content", string(of.val.tool_result.content));
      put(inner, "failed", yyjson_mut_bool(doc, of.val.tool_result.failed));
      put(it, "tool_result", inner);
  }
  return it;
}

static value *parts(skill_model_list_part_t of) {
  value *all = list();
  EACH(of, i) yyjson_mut_arr_append(all, part(of.ptr[i]));
  return all;
}

static value *reply(skill_model_reply_t of) {
  static const char *const stops[] = {"end", "tool-calls", "length", "refused"};
  value *it = object(), *usage = object();
  put(it, "parts", parts(of.parts));
  put(it, "stop", constant(stops[of.stop]));
  put(usage, "input_tokens", number(of.usage.input_tokens));
  put(usage, "cached_input_tokens", number(of.usage.cached_input_tokens));
  put(usage, "output_tokens", number(of.usage.output_tokens));
  put(usage, "cost", OPTION(of.usage.cost, number));
  put(it, "usage", usage);
  put(it, "model", string(of.model));
  return it;
}

/* More than a diff or the budget has room for. */
static sk_text large(void) {
  sk_text text = {0};
  for (int i = 0; i < 40000; i++) sk_puts(&text, "0123456789\n");
  return text;
}

/* The calls. */

static void log_and_progress(void) {
  skill_string_t line = sk_lend("a line ü"), half = sk_lend("half"), some = sk_lend("some");
  float fraction = 0.5f;
  for (skill_log_level_t level = SKILL_LOG_LEVEL_DEBUG; level <= SKILL_LOG_LEVEL_ERROR; level++)
    skill_log_log(level, &line);
  skill_log_progress(&half, &fraction);
  skill_log_progress(&some, NULL);
}

static void all(value *seen, const char *as, skill_model_request_t *each, size_t count) {
  skill_model_list_request_t requests = {each, count};
  skill_model_list_result_reply_error_t replies;
  skill_model_complete_all(&requests, &replies);
  value *told = list();
  EACH(replies, i) {
    skill_model_result_reply_error_t one = replies.ptr[i];
    yyjson_mut_arr_append(told, one.is_err ? error(one.val.err) : parts(one.val.ok.parts));
  }
  put(seen, as, told);
}

static void models(value *seen) {
  skill_model_part_t asked = {SKILL_MODEL_PART_TEXT, {.text = sk_lend("ünï 🦀")}};
  skill_model_part_t said[] = {
      {SKILL_MODEL_PART_TEXT, {.text = sk_lend("ü")}},
      {SKILL_MODEL_PART_REASONING, {.reasoning = sk_lend("because")}},
      {SKILL_MODEL_PART_TOOL_CALL, {.tool_call = {sk_lend("1"), sk_lend("look"), sk_lend("{}")}}},
  };
  skill_model_part_t result = {SKILL_MODEL_PART_TOOL_RESULT, {.tool_result = {sk_lend("1"), sk_lend("seen"), true}}};
  skill_model_message_t messages[] = {
      {SKILL_MODEL_SPEAKER_USER, {&asked, 1}},
      {SKILL_MODEL_SPEAKER_ASSISTANT, {said, 3}},
      {SKILL_MODEL_SPEAKER_USER, {&result, 1}},
  };
  skill_model_tool_definition_t look = {sk_lend("look"), sk_lend("Looks."),
                                        sk_lend("{\"type\":\"object\",\"properties\":{}}")};
  skill_model_request_t whole = {
      .tier = SKILL_MODEL_TIER_STANDARD,
      .system = {true, sk_lend("a system")},
      .messages = {messages, 3},
      .tools = {&look, 1},
      .tool_choice = SKILL_MODEL_TOOL_CHOICE_REQUIRED,
      .max_output_tokens = {true, 99},
  };
  skill_model_reply_t answered;
  skill_error_t err;
  put(seen, "complete", skill_model_complete(&whole, &answered, &err) ? reply(answered) : error(err));

  skill_model_request_t small = {.tier = SKILL_MODEL_TIER_STANDARD, .messages = {messages, 1}}, dear = small;
  dear.tier = SKILL_MODEL_TIER_CAPABLE;
  all(seen, "complete-all", (skill_model_request_t[]){small, small}, 2);
  all(seen, "complete-all denied", &dear, 1);
  put(seen, "complete denied", skill_model_complete(&dear, &answered, &err) ? reply(answered) : error(err));
  skill_model_part_t much = {SKILL_MODEL_PART_TEXT, {.text = sk_lend(large().at)}};
  skill_model_message_t message = {SKILL_MODEL_SPEAKER_USER, {&much, 1}};
  skill_model_request_t all_of_it = {.tier = SKILL_MODEL_TIER_STANDARD, .messages = {&message, 1}};
  put(seen, "complete exhausted", skill_model_complete(&all_of_it, &answered, &err) ? reply(answered) : error(err));
  put(seen, "complete failed", skill_model_complete(&small, &answered, &err) ? reply(answered) : error(err));

  uint64_t window;
  put(seen, "window", skill_model_window(SKILL_MODEL_TIER_STANDARD, &window, &err) ? number(window) : error(err));
  put(seen, "window denied", skill_model_window(SKILL_MODEL_TIER_CAPABLE, &window, &err) ? number(window) : error(err));
  skill_model_budget_t budget;
  skill_model_remaining(&budget);
  value *remaining = object();
  put(remaining, "tokens", OPTION(budget.tokens, number));
  put(remaining, "cost", OPTION(budget.cost, number));
  put(seen, "remaining", remaining);
}

static value *command(skill_exec_command_t of) {
  value *it = object();
  put(it, "name", string(of.name));
  put(it, "description", string(of.description));
  return it;
}

static skill_string_t run(value *seen, const char *as, const char *name, skill_list_string_t arguments) {
  skill_string_t lent = sk_lend(name);
  skill_exec_outcome_t of;
  skill_error_t err;
  if (!skill_exec_run(&lent, &arguments, &of, &err)) {
    put(seen, as, error(err));
    return sk_lend("");
  }
  value *it = object();
  put(it, "id", string(of.id));
  put(it, "exit_code", OPTION(of.exit_code, signed_number));
  put(it, "output", string(of.output));
  put(it, "output_size", number(of.output_size));
  put(it, "duration_ms", number(of.duration_ms));
  put(seen, as, it);
  return of.id;
}

static void commands(value *seen) {
  skill_exec_list_command_t declared;
  skill_exec_commands(&declared);
  ALL(seen, "commands", declared, command);
  skill_list_string_t granted;
  skill_exec_granted(&granted);
  put(seen, "granted", strings(granted));
  skill_string_t x = sk_lend("x"), none = sk_lend("none"), text;
  skill_string_t id = run(seen, "run", "test", (skill_list_string_t){0});
  run(seen, "run denied", "deploy", (skill_list_string_t){0});
  run(seen, "run with arguments", "test", (skill_list_string_t){&x, 1});
  skill_error_t err;
  put(seen, "output", skill_exec_output(&id, 2, &text, &err) ? string(text) : error(err));
  put(seen, "output invalid", skill_exec_output(&none, 0, &text, &err) ? string(text) : error(err));
}

static value *entry(skill_changes_entry_t of) {
  static const char *const kinds[] = {"added", "modified", "deleted", "renamed"};
  value *it = object();
  put(it, "path", string(of.path));
  put(it, "kind", constant(kinds[of.kind]));
  return it;
}

static bool changes(value *seen, skill_error_t *err) {
  if (!sk_write("src/ü/new.txt", "one\n", 4, err) || !sk_write("src/greeting.txt", "hello\n", 6, err)) return false;
  if (!sk_write("length", "1\n", 2, err)) return false;
  skill_changes_list_entry_t entries;
  if (!skill_changes_entries(&entries, err)) return false;
  ALL(seen, "entries", entries, entry);
  skill_string_t length = sk_lend("length"), none = sk_lend("none"), text;
  skill_list_string_t paths = {&length, 1}, all = {0};
  skill_error_t why;
  put(seen, "diff", skill_changes_diff(&paths, &text, &why) ? string(text) : error(why));
  sk_text text_of_it = large();
  if (!sk_write("src/large.txt", text_of_it.at, text_of_it.length, err)) return false;
  put(seen, "diff too large", skill_changes_diff(&all, &text, &why) ? string(text) : error(why));
  if (!sk_remove("src/large.txt", err)) return false;
  skill_list_u8_t bytes;
  put(seen, "original", skill_changes_original(&length, 1, &bytes, &why)
                            ? string((skill_string_t){bytes.ptr, bytes.len}) : error(why));
  put(seen, "original invalid", skill_changes_original(&none, 0, &bytes, &why) ? number(bytes.len) : error(why));
  skill_string_t message = sk_lend("Half of it"), commit;
  put(seen, "checkpoint", skill_changes_checkpoint(&message, &all, &commit, &why) ? number(commit.len) : error(why));
  return true;
}

static void ask(value *seen) {
  skill_string_t question = sk_lend("Now?"), no = sk_lend("no"), said;
  skill_string_t both[] = {sk_lend("yes"), no};
  skill_list_string_t options = {both, 2};
  skill_error_t err;
  put(seen, "ask", skill_ask_ask(&question, &options, &no, &said, &err) ? string(said) : error(err));
}

static skill_list_string_t one(const char *text) {
  skill_string_t *at = malloc(sizeof *at);
  if (!at) abort();
  *at = sk_string(text);
  return (skill_list_string_t){at, 1};
}

/* Whether the goal asks for an error. */
static bool wanted(const skill_brief_t *brief, skill_error_t *err) {
  const char *goal = sk_copy(&brief->goal);
  for (uint8_t tag = 0; tag < sizeof ERRORS / sizeof *ERRORS; tag++) {
    if (strcmp(goal, ERRORS[tag])) continue;
    *err = (skill_error_t){.tag = tag};
    if (tag == SKILL_ERROR_TOO_LARGE) err->val.too_large = 1ull << 32;
    else if (tag != SKILL_ERROR_CANCELLED) err->val.failed = sk_string("because ü");
    return true;
  }
  return false;
}

bool exports_skill_implement_implement(skill_brief_t *brief, exports_skill_implement_summary_t *ret,
                                       skill_error_t *err) {
  if (wanted(brief, err)) return false;
  doc = yyjson_mut_doc_new(NULL);
  value *seen = object();
  yyjson_mut_doc_set_root(doc, seen);
  put(seen, "brief", brief_of(brief));
  bool again = brief->findings.len > 0;
  if (!again) {
    log_and_progress();
    models(seen);
    commands(seen);
    if (!changes(seen, err)) return false;
    ask(seen);
  }
  sk_text text = {0};
  sk_add_json(&text, doc);
  if (!sk_write(again ? "src/again.json" : "src/seen.json", text.at, text.length, err)) return false;

  *ret = (exports_skill_implement_summary_t){0};
  ret->title = sk_string("See all of it");
  ret->what = sk_string("what ü");
  ret->why = sk_string("why");
  ret->breaking = one("breaks");
  ret->rollback = sk_string("rollback");
  ret->unfinished = one("unfinished");
  size_t count = brief->findings.len;
  ret->answers.ptr = calloc(count ? count : 1, sizeof *ret->answers.ptr);
  if (!ret->answers.ptr) abort();
  ret->answers.len = count;
  for (size_t i = 0; i < count; i++) {
    ret->answers.ptr[i].finding = sk_string(sk_copy(&brief->findings.ptr[i].id));
    ret->answers.ptr[i].text = sk_string("answered");
  }
  return true;
}
