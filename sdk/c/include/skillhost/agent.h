/* The loop that every agent runs: ask the model, run the tools that it calls, tell it what they returned. */
#ifndef SKILLHOST_AGENT_H
#define SKILLHOST_AGENT_H

#include "skillhost/json.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum {
  /* It worked; `answer` is what the model is told. */
  SK_TOLD,
  /* It failed, and the model is told so. */
  SK_FAILED,
  /* The loop has reached its end; `answer` is its outcome. */
  SK_DONE,
} sk_called;

typedef struct {
  const char *name;
  const char *description;
  /* JSON Schema of an object. */
  const char *parameters;
  /* `arguments` is an object, which models don't always hold to the schema. */
  sk_called (*call)(void *data, yyjson_val *arguments, sk_text *answer);
  /* Handed to it; where it is NULL, that of the agent is. */
  void *data;
} sk_tool;

typedef struct {
  skill_model_tier_t tier;
  const char *system;
  const sk_tool *tools;
  size_t tool_count;
  /* Handed to each tool that has none of its own. */
  void *data;
  /* Calls of the model, at most. */
  unsigned turns;
} sk_agent;

/* Goes on until a tool is done, or the model replies without a call: `outcome` is what the one or the other said. Fails
 * where turns, budget or patience end: three replies in a row whose calls can't be read, or the same call five times in
 * a row. Where the window fills up, old results are dropped. */
bool sk_run(const sk_agent *agent, skill_string_t goal, sk_text *outcome, skill_error_t *err);

/* One question, one reply; where `schema` is not NULL the reply is JSON that satisfies it. */
bool sk_ask(skill_model_tier_t tier, const char *system, skill_string_t question, const char *schema,
            sk_text *reply, skill_error_t *err);

#ifdef __cplusplus
}
#endif

#endif
