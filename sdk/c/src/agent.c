#include "skillhost/agent.h"

#include <stdlib.h>
#include <string.h>

#include "skillhost/error.h"

#define MAX_RESULT_BYTES 24000
#define MAX_IN_A_ROW 3
#define MAX_REPEATS 5
/* Results that stay when the window fills up. */
#define NEWEST_RESULTS 10
/* Where the host does not know a model's window. */
#define USUAL_WINDOW 200000

#define DROPPED "[An old result, dropped to make room. Call again where it is needed.]"
#define CUT                                                                                                \
  "Not executed: your reply was cut off for its length, so this call may be a part of what you meant. Ask " \
  "for less."

typedef struct {
  skill_model_list_message_t list;
  size_t capacity;
} history;

static void *enough(void *at, size_t size) {
  at = realloc(at, size);
  if (!at) abort();
  return at;
}

static void push(history *history, skill_model_speaker_t speaker, skill_model_list_part_t parts) {
  if (history->list.len == history->capacity) {
    history->capacity = history->capacity ? history->capacity * 2 : 16;
    history->list.ptr = enough(history->list.ptr, history->capacity * sizeof *history->list.ptr);
  }
  history->list.ptr[history->list.len++] = (skill_model_message_t){speaker, parts};
}

static void tell(history *history, skill_string_t text) {
  skill_model_part_t *part = enough(NULL, sizeof *part);
  part->tag = SKILL_MODEL_PART_TEXT;
  part->val.text = text;
  push(history, SKILL_MODEL_SPEAKER_USER, (skill_model_list_part_t){part, 1});
}

static void add_texts(const skill_model_list_part_t *parts, sk_text *into) {
  for (size_t i = 0; i < parts->len; i++) {
    if (parts->ptr[i].tag != SKILL_MODEL_PART_TEXT) continue;
    if (into->length) sk_puts(into, "\n");
    sk_add_string(into, parts->ptr[i].val.text);
  }
}

static bool complete(skill_model_request_t *request, skill_model_reply_t *reply, skill_error_t *err) {
  if (!skill_model_complete(request, reply, err)) return false;
  if (reply->stop != SKILL_MODEL_STOP_REFUSED) return true;
  sk_text said = {0};
  sk_add(&said, "", 0);
  add_texts(&reply->parts, &said);
  return sk_failed(err, "%.*s refused: %.*s", SK_ARG(reply->model), SK_CLIP(said.at, 500));
}

bool sk_ask(skill_model_tier_t tier, const char *system, skill_string_t question, const char *schema,
            sk_text *reply, skill_error_t *err) {
  history history = {0};
  tell(&history, question);
  skill_model_request_t request = {0};
  request.tier = tier;
  request.system = (skill_option_string_t){system != NULL, sk_lend(system ? system : "")};
  request.messages = history.list;
  request.tool_choice = SKILL_MODEL_TOOL_CHOICE_NONE;
  request.schema = (skill_option_string_t){schema != NULL, sk_lend(schema ? schema : "")};
  skill_model_reply_t got;
  if (!complete(&request, &got, err)) return false;
  if (got.stop == SKILL_MODEL_STOP_LENGTH) return sk_failed(err, "the model's reply was cut off for its length");
  sk_add(reply, "", 0);
  add_texts(&got.parts, reply);
  return true;
}

/* Drops what old calls returned, all but the newest. */
static void make_room(history *history) {
  size_t kept = 0;
  for (size_t m = history->list.len; m-- > 0;) {
    skill_model_list_part_t *parts = &history->list.ptr[m].parts;
    for (size_t p = parts->len; p-- > 0;) {
      if (parts->ptr[p].tag != SKILL_MODEL_PART_TOOL_RESULT || kept++ < NEWEST_RESULTS) continue;
      skill_model_tool_result_t *result = &parts->ptr[p].val.tool_result;
      if (result->content.len <= strlen(DROPPED)) continue;
      free(result->content.ptr);
      result->content = sk_string(DROPPED);
    }
  }
}

static bool same(const skill_string_t *left, const skill_string_t *right) {
  return left->len == right->len && (!left->len || !memcmp(left->ptr, right->ptr, left->len));
}

static sk_called unknown(const sk_agent *agent, const char *name, sk_text *answer) {
  sk_printf(answer, "there is no tool `%.*s`; the tools are", SK_CLIP(name, 60));
  for (size_t i = 0; i < agent->tool_count; i++) sk_printf(answer, "%s %s", i ? "," : "", agent->tools[i].name);
  return SK_FAILED;
}

static sk_called dispatch(const sk_agent *agent, skill_model_tool_call_t *call, bool *readable, sk_text *answer) {
  *readable = false;
  skill_error_t why;
  skill_string_t nothing = sk_lend("{}");
  yyjson_val *arguments = sk_arguments(call->arguments.len ? &call->arguments : &nothing, &why);
  if (!arguments) {
    sk_puts(answer, sk_describe(&why));
    /* Servers reject their own broken arguments when they are sent back. */
    call->arguments = sk_string("{}");
    return SK_FAILED;
  }
  *readable = true;
  char *name = sk_copy(&call->name);
  for (size_t i = 0; i < agent->tool_count; i++) {
    const sk_tool *tool = &agent->tools[i];
    if (!strcmp(tool->name, name)) return tool->call(tool->data ? tool->data : agent->data, arguments, answer);
  }
  return unknown(agent, name, answer);
}

typedef struct {
  skill_model_tool_call_t last;
  unsigned repeats;
  unsigned unreadable;
  unsigned nameless;
} patience;

/* Answers the calls of one reply, in order. Whether the loop goes on: not where one is done, or `err` says why. */
typedef enum { GO_ON, DONE, OVER } verdict;

static verdict answer_calls(const sk_agent *agent, history *history, skill_model_reply_t *reply, patience *patience,
                            sk_text *outcome, skill_error_t *err) {
  skill_model_list_part_t results = {enough(NULL, (reply->parts.len + 1) * sizeof(skill_model_part_t)), 0};
  bool any_readable = false;
  size_t last = reply->parts.len;
  while (last && reply->parts.ptr[last - 1].tag != SKILL_MODEL_PART_TOOL_CALL) last--;
  for (size_t i = 0; i < reply->parts.len; i++) {
    if (reply->parts.ptr[i].tag != SKILL_MODEL_PART_TOOL_CALL) continue;
    skill_model_tool_call_t *call = &reply->parts.ptr[i].val.tool_call;
    if (!call->id.len) {
      sk_text id = {0};
      sk_printf(&id, "call-%u", ++patience->nameless);
      call->id = sk_give(&id);
    }
    bool again = same(&call->name, &patience->last.name) && same(&call->arguments, &patience->last.arguments);
    patience->repeats = again ? patience->repeats + 1 : 1;
    patience->last = *call;
    if (patience->repeats >= MAX_REPEATS) {
      sk_failed(err, "the model made the same `%.*s` call %d times", SK_ARG(call->name), MAX_REPEATS);
      return OVER;
    }
    sk_text answer = {0};
    sk_add(&answer, "", 0);
    bool readable = false;
    sk_called called = SK_FAILED;
    if (reply->stop == SKILL_MODEL_STOP_LENGTH && i + 1 == last) {
      sk_puts(&answer, CUT);
      call->arguments = sk_string("{}");
    } else {
      called = dispatch(agent, call, &readable, &answer);
    }
    any_readable |= readable;
    if (called == SK_DONE) {
      *outcome = answer;
      return DONE;
    }
    if (answer.length > MAX_RESULT_BYTES) {
      answer.length = sk_clip(answer.at, answer.length, MAX_RESULT_BYTES);
      sk_puts(&answer, "\n[The rest is not shown: ask for less at once]");
    }
    skill_model_part_t *part = &results.ptr[results.len++];
    part->tag = SKILL_MODEL_PART_TOOL_RESULT;
    part->val.tool_result = (skill_model_tool_result_t){call->id, sk_give(&answer), called == SK_FAILED};
  }
  patience->unreadable = any_readable ? 0 : patience->unreadable + 1;
  if (patience->unreadable >= MAX_IN_A_ROW) {
    sk_failed(err, "the model's tool calls could not be read %d times in a row", MAX_IN_A_ROW);
    return OVER;
  }
  push(history, SKILL_MODEL_SPEAKER_USER, results);
  return GO_ON;
}

static skill_model_list_tool_definition_t definitions(const sk_agent *agent) {
  skill_model_list_tool_definition_t tools = {NULL, agent->tool_count};
  if (tools.len) tools.ptr = enough(NULL, tools.len * sizeof *tools.ptr);
  for (size_t i = 0; i < tools.len; i++) {
    const sk_tool *tool = &agent->tools[i];
    tools.ptr[i] = (skill_model_tool_definition_t){sk_lend(tool->name), sk_lend(tool->description),
                                                   sk_lend(tool->parameters)};
  }
  return tools;
}

bool sk_run(const sk_agent *agent, skill_string_t goal, sk_text *outcome, skill_error_t *err) {
  history history = {0};
  patience patience = {0};
  tell(&history, goal);
  skill_model_request_t request = {0};
  request.tier = agent->tier;
  request.system = (skill_option_string_t){agent->system != NULL, sk_lend(agent->system ? agent->system : "")};
  request.tools = definitions(agent);
  request.tool_choice = SKILL_MODEL_TOOL_CHOICE_AUTO;
  uint64_t window = USUAL_WINDOW;
  skill_error_t unknown_window;
  if (!skill_model_window(agent->tier, &window, &unknown_window)) window = USUAL_WINDOW;
  for (unsigned turn = 0, cut = 0; turn < agent->turns; turn++) {
    request.messages = history.list;
    skill_model_reply_t reply;
    if (!complete(&request, &reply, err)) return false;
    push(&history, SKILL_MODEL_SPEAKER_ASSISTANT, reply.parts);
    bool calls = false;
    for (size_t i = 0; i < reply.parts.len; i++) calls |= reply.parts.ptr[i].tag == SKILL_MODEL_PART_TOOL_CALL;
    if (!calls && reply.stop == SKILL_MODEL_STOP_LENGTH) {
      if (++cut >= MAX_IN_A_ROW) return sk_failed(err, "the model's replies are too long");
      tell(&history, sk_lend("Your reply was cut off for its length. Say it again, shorter."));
      continue;
    }
    cut = 0;
    if (!calls) {
      sk_add(outcome, "", 0);
      add_texts(&reply.parts, outcome);
      return true;
    }
    verdict verdict = answer_calls(agent, &history, &reply, &patience, outcome, err);
    if (verdict != GO_ON) return verdict == DONE;
    if (reply.usage.input_tokens + reply.usage.output_tokens > window / 4 * 3) make_room(&history);
  }
  return sk_exhausted(err, "%u turns", agent->turns);
}
