/* The parts of the SDK that need no host, and the loop over a scripted model. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "skillhost/agent.h"
#include "skillhost/brief.h"
#include "skillhost/diff.h"
#include "skillhost/error.h"
#include "skillhost/glob.h"
#include "skillhost/json.h"

static int tests, failures;

static void check(bool holds, const char *what, int line) {
  tests++;
  if (holds) return;
  failures++;
  fprintf(stderr, "unit.c:%d: %s\n", line, what);
}

#define CHECK(holds) check(holds, #holds, __LINE__)

static void check_text(const char *got, const char *expected, int line) {
  check(got && !strcmp(got, expected), expected, line);
  if (!got || strcmp(got, expected)) fprintf(stderr, "  but: %s\n", got ? got : "(nothing)");
}

#define CHECK_TEXT(got, expected) check_text(got, expected, __LINE__)

/* The scripted model: what it replies, and the last message that it was sent. */
static struct {
  skill_model_reply_t replies[16];
  size_t count, next;
  sk_text heard;
} model;

bool skill_model_complete(skill_model_request_t *request, skill_model_reply_t *ret, skill_error_t *err) {
  model.heard.length = 0;
  const skill_model_message_t *last = &request->messages.ptr[request->messages.len - 1];
  for (size_t i = 0; i < last->parts.len; i++) {
    const skill_model_part_t *part = &last->parts.ptr[i];
    if (part->tag == SKILL_MODEL_PART_TEXT) sk_add_string(&model.heard, part->val.text), sk_puts(&model.heard, "|");
    if (part->tag == SKILL_MODEL_PART_TOOL_RESULT)
      sk_printf(&model.heard, "%s%.*s|", part->val.tool_result.failed ? "!" : "", SK_ARG(part->val.tool_result.content));
  }
  if (model.next == model.count) return sk_exhausted(err, "the script");
  *ret = model.replies[model.next++];
  return true;
}

bool skill_model_window(skill_model_tier_t tier, uint64_t *ret, skill_model_error_t *err) {
  (void)tier;
  (void)err;
  *ret = 1000;
  return true;
}

static void reset(void) {
  model.count = model.next = 0;
  model.heard.length = 0;
}

static skill_model_reply_t *reply(skill_model_part_t part) {
  skill_model_reply_t *one = &model.replies[model.count++];
  *one = (skill_model_reply_t){0};
  one->parts = (skill_model_list_part_t){malloc(sizeof part), 1};
  one->parts.ptr[0] = part;
  one->model = sk_string("scripted");
  return one;
}

static skill_model_reply_t *says(const char *text) {
  skill_model_part_t part = {.tag = SKILL_MODEL_PART_TEXT};
  part.val.text = sk_string(text);
  return reply(part);
}

static skill_model_reply_t *calls(const char *name, const char *arguments) {
  skill_model_part_t part = {.tag = SKILL_MODEL_PART_TOOL_CALL};
  part.val.tool_call = (skill_model_tool_call_t){sk_string(""), sk_string(name), sk_string(arguments)};
  return reply(part);
}

static sk_called echo(void *data, yyjson_val *arguments, sk_text *answer) {
  ++*(int *)data;
  sk_puts(answer, sk_get(arguments, "text", "nothing"));
  return yyjson_get_bool(yyjson_obj_get(arguments, "done")) ? SK_DONE : SK_TOLD;
}

static const sk_tool ECHO = {"echo", "Says it again.", "{\"type\":\"object\"}", echo, NULL};
static int echoed;
static const sk_agent AGENT = {SKILL_MODEL_TIER_CHEAP, "You test.", &ECHO, 1, &echoed, 6};

static bool run(sk_text *outcome, skill_error_t *err) {
  outcome->length = 0;
  return sk_run(&AGENT, sk_lend("goal"), outcome, err);
}

static void the_loop(void) {
  sk_text outcome = {0};
  skill_error_t err;

  reset();
  calls("echo", "{\"text\":\"a\"}");
  says("the end");
  CHECK(run(&outcome, &err));
  CHECK_TEXT(outcome.at, "the end");
  CHECK_TEXT(model.heard.at, "a|");

  reset();
  calls("echo", "{\"text\":\"b\",\"done\":true}");
  CHECK(run(&outcome, &err));
  CHECK_TEXT(outcome.at, "b");

  /* What can't be read is told, and ends the loop only where it comes three times in a row. */
  reset();
  calls("echo", "{\"text\":");
  calls("other", "{}");
  calls("echo", "[]");
  says("over");
  CHECK(run(&outcome, &err));
  CHECK_TEXT(model.heard.at, "!invalid: arguments must be one JSON object|");
  reset();
  for (int i = 0; i < 3; i++) calls("echo", i == 1 ? "[]" : "{");
  CHECK(!run(&outcome, &err));
  CHECK_TEXT(sk_describe(&err), "failed: the model's tool calls could not be read 3 times in a row");
  reset();
  calls("other", "{}");
  says("over");
  CHECK(run(&outcome, &err));
  CHECK_TEXT(model.heard.at, "!there is no tool `other`; the tools are echo|");

  sk_text long_name = {0};
  for (int i = 0; i < 59; i++) sk_puts(&long_name, "x");
  sk_puts(&long_name, "\xC5\xBC");
  reset();
  calls(long_name.at, "{}");
  says("over");
  CHECK(run(&outcome, &err));
  CHECK(strstr(model.heard.at, "x`; the tools are echo|"));

  reset();
  for (int i = 0; i < 5; i++) calls("echo", "{}");
  echoed = 0;
  CHECK(!run(&outcome, &err));
  CHECK(echoed == 4);
  CHECK_TEXT(sk_describe(&err), "failed: the model made the same `echo` call 5 times");

  reset();
  for (int i = 0; i < 7; i++) calls("echo", i % 2 ? "{\"text\":\"x\"}" : "{\"text\":\"y\"}");
  CHECK(!run(&outcome, &err));
  CHECK_TEXT(sk_describe(&err), "exhausted: 6 turns");

  /* A call at the end of a reply that was cut off may be half of one. */
  reset();
  echoed = 0;
  calls("echo", "{\"text\":\"half\"}")->stop = SKILL_MODEL_STOP_LENGTH;
  says("ok");
  CHECK(run(&outcome, &err));
  CHECK(echoed == 0);
  CHECK(strstr(model.heard.at, "!Not executed: your reply was cut off"));
  reset();
  says("too lo")->stop = SKILL_MODEL_STOP_LENGTH;
  says("short");
  CHECK(run(&outcome, &err));
  CHECK_TEXT(outcome.at, "short");
  reset();
  says("no")->stop = SKILL_MODEL_STOP_REFUSED;
  CHECK(!run(&outcome, &err));
  CHECK_TEXT(sk_describe(&err), "failed: scripted refused: no");
  reset();
  CHECK(!run(&outcome, &err));
  CHECK_TEXT(sk_describe(&err), "exhausted: the script");
}

static sk_called lots(void *data, yyjson_val *arguments, sk_text *answer) {
  ++*(int *)data;
  (void)arguments;
  for (int i = 0; i < 30000; i++) sk_puts(answer, "\xC5\xBC");
  return SK_TOLD;
}

static void long_results(void) {
  int called = 0;
  const sk_tool tool = {"lots", "Says a lot.", "{\"type\":\"object\"}", lots, &called};
  sk_agent agent = {SKILL_MODEL_TIER_CHEAP, NULL, &tool, 1, NULL, 20};
  sk_text outcome = {0};
  skill_error_t err;
  reset();
  for (int i = 0; i < 12; i++) calls("lots", i % 2 ? "{}" : "{\"a\":1}")->usage.input_tokens = 900;
  says("end");
  CHECK(sk_run(&agent, sk_lend("goal"), &outcome, &err));
  CHECK(called == 12);
  CHECK(model.heard.length < 24200);
  CHECK(sk_is_text(model.heard.at, model.heard.length));
  CHECK(strstr(model.heard.at, "[The rest is not shown: ask for less at once]"));
}

static void questions(void) {
  sk_text answer = {0};
  skill_error_t err;
  reset();
  says("42");
  CHECK(sk_ask(SKILL_MODEL_TIER_CHEAP, NULL, sk_lend("how much?"), NULL, &answer, &err));
  CHECK_TEXT(answer.at, "42");
  CHECK_TEXT(model.heard.at, "how much?|");
  says("4")->stop = SKILL_MODEL_STOP_LENGTH;
  CHECK(!sk_ask(SKILL_MODEL_TIER_CHEAP, NULL, sk_lend("how much?"), "{}", &answer, &err));
}

static void globs(void) {
  static const struct {
    const char *pattern, *path;
    bool matches;
  } CASES[] = {
      {"src/**", "src/a/b.rs", true},
      {"**/*.rs", "a.rs", true},
      {"**/*.rs", "x/y/a.rs", true},
      {"src/*.rs", "src/a/b.rs", false},
      {"src/*.rs", "src/ab.rs", true},
      {"{src,tests}/**", "tests/x", true},
      {"a?c", "abc", true},
      {"a?c", "ac", false},
      {"*a*b", "xaxxb", true},
      {"**", "anything/at/all", true},
      {"src/**/test/**", "src/a/b/test/c", true},
      {"src", "src/a", false},
      {"src/a", "src", false},
      {"**/a/**/b", "x/a/a/y/b", true},
      {"**/a/b", "a/b/x/a/b", true},
      {"a/**/**", "a", true},
      {"./a", "a", true},
      {"?.rs", "\xC3\xA9.rs", true},
      {"*??b", "\xC3\xA9" "b", false},
      {"*?b", "a\xC3\xA9" "b", true},
      {"", "a", false},
      {"{a", "a", false},
      {"{a,b,c}{d,e}", "ce", true},
      {"{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}", "aaaaaaaaaaaaaaaa", true},
      {"{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}{a}", "aaaaaaaaaaaaaaaaa", false},
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++)
    check(sk_glob(CASES[i].pattern, CASES[i].path) == CASES[i].matches, CASES[i].pattern, __LINE__);
}

static void diffs(void) {
  sk_text diff = {0};
  sk_diff("a", "same\n", "same\n", &diff);
  CHECK(!diff.length);
  sk_diff("a", "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n10\n11\n12\n14\nlast", &diff);
  CHECK_TEXT(diff.at,
             "--- a/a\n+++ b/a\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n@@ -10,5 +10,5 @@\n 10\n 11\n 12\n-13\n "
             "14\n+last\n\\ No newline at end of file\n");
  sk_free(&diff);
  /* Six equal lines between two changes are one hunk, seven are two. */
  sk_diff("a", "a\n1\n2\n3\n4\n5\n6\nb\n", "A\n1\n2\n3\n4\n5\n6\nB\n", &diff);
  CHECK_TEXT(diff.at, "--- a/a\n+++ b/a\n@@ -1,8 +1,8 @@\n-a\n+A\n 1\n 2\n 3\n 4\n 5\n 6\n-b\n+B\n");
  sk_free(&diff);
  sk_diff("a", "a\n1\n2\n3\n4\n5\n6\n7\nb\n", "A\n1\n2\n3\n4\n5\n6\n7\nB\n", &diff);
  CHECK_TEXT(diff.at, "--- a/a\n+++ b/a\n@@ -1,4 +1,4 @@\n-a\n+A\n 1\n 2\n 3\n@@ -6,4 +6,4 @@\n 5\n 6\n 7\n-b\n+B\n");
  sk_free(&diff);
  sk_diff("a", "", "new\n", &diff);
  CHECK_TEXT(diff.at, "--- /dev/null\n+++ b/a\n@@ -0,0 +1 @@\n+new\n");
  sk_free(&diff);
  sk_diff("a", "old\n", "", &diff);
  CHECK_TEXT(diff.at, "--- a/a\n+++ /dev/null\n@@ -1 +0,0 @@\n-old\n");
  /* More than is compared line by line is still a diff. */
  sk_text before = {0}, after = {0};
  for (int i = 0; i < 3000; i++) sk_printf(&before, "%d\n", i);
  for (int i = 0; i < 3000; i++) sk_printf(&after, "%d!\n", i);
  sk_free(&diff);
  sk_diff("a", before.at, after.at, &diff);
  CHECK(!strncmp(diff.at, "--- a/a\n+++ b/a\n@@ -1,3000 +1,3000 @@\n-0\n", 41));
}

static void texts(void) {
  CHECK(sk_is_text("", 0));
  CHECK(sk_is_text("z\xC5\xBC\xE2\x82\xAC\xF0\x9F\x98\x80", 10));
  CHECK(!sk_is_text("a\0b", 3));
  CHECK(!sk_is_text("\xC0\x80", 2));
  CHECK(!sk_is_text("\xED\xA0\x80", 3));
  CHECK(!sk_is_text("\xF4\x90\x80\x80", 4));
  CHECK(!sk_is_text("\xE2\x82", 2));
  CHECK(sk_clip("a\xC5\xBC", 3, 2) == 1);
  CHECK(sk_clip("a\xC5\xBC", 3, 3) == 3);
  sk_text text = {0};
  sk_printf(&text, "%s-%d", "a", 7);
  CHECK_TEXT(text.at, "a-7");
  CHECK(sk_line("a\nb", 3) == 1 && sk_line("\n", 1) == 0 && sk_line("a\0b\n", 4) == 3 && sk_line("ab\n", 1) == 1);
  CHECK(sk_line(NULL, 0) == 0);
  sk_text lossy = {0};
  sk_add_lossy(&lossy, "\xFF" "a\xE2\x82" "b\xC5\xBC\xC5", 8);
  CHECK_TEXT(lossy.at, "\xEF\xBF\xBD" "a\xEF\xBF\xBD\xEF\xBF\xBD" "b\xC5\xBC\xEF\xBF\xBD");
  skill_error_t err;
  skill_string_t given = sk_string("{\"a\":\"x\",\"n\":1}"), broken = sk_string("{\"a\":}"), deep = {0};
  yyjson_val *arguments = sk_arguments(&given, &err);
  CHECK_TEXT(sk_get(arguments, "a", ""), "x");
  CHECK_TEXT(sk_get(arguments, "n", "otherwise"), "otherwise");
  CHECK(!sk_arguments(&broken, &err) && strstr(sk_describe(&err), "arguments are not JSON"));
  CHECK(!sk_arguments(&deep, &err));
  sk_text nested = {0};
  for (int i = 0; i < 100000; i++) sk_puts(&nested, "[");
  deep = sk_give(&nested);
  CHECK(!sk_arguments(&deep, &err));
}

/* All that a skill puts into JSON can be written. */
static void odd_json(void) {
  yyjson_mut_doc *document = yyjson_mut_doc_new(NULL);
  yyjson_mut_val *root = yyjson_mut_arr(document);
  yyjson_mut_doc_set_root(document, root);
  yyjson_mut_arr_add_str(document, root, "caf\xE9");
  yyjson_mut_arr_add_str(document, root, "\xFF\"\xE2\x82\"\xC5\n");
  yyjson_mut_arr_add_strn(document, root, "\xF0\0\xC5\xBC", 4);
  yyjson_mut_arr_add_real(document, root, (double)NAN);
  yyjson_mut_arr_add_real(document, root, (double)-INFINITY);
  sk_text json = {0};
  sk_add_json(&json, document);
#define NONE "\xEF\xBF\xBD"
  CHECK_TEXT(json.at, "[\"caf" NONE "\",\"" NONE "\\\"" NONE NONE "\\\"" NONE "\\n\",\"" NONE "\\u0000\xC5\xBC\",null,null]");
  skill_string_t written = sk_give(&json);
  CHECK(yyjson_read((char *)written.ptr, written.len, 0));
}

/* A path may be as long as what a model writes. */
static void paths_in_errors(void) {
  sk_text path = {0};
  for (int i = 0; i < 199; i++) sk_puts(&path, "x");
  CHECK_TEXT(sk_shown(path.at), path.at);
  sk_puts(&path, "\xC5\xBC");
  skill_error_t err;
  errno = ENOENT;
  CHECK(!sk_errno(&err, "read", path.at) && sk_is_text((char *)err.val.failed.ptr, err.val.failed.len));
  CHECK(strstr(sk_describe(&err), "xxx\xE2\x80\xA6 does not exist"));
  for (int i = 0; i < 1 << 20; i++) sk_puts(&path, "x");
  errno = EACCES;
  CHECK(!sk_errno(&err, "read", path.at) && strlen(sk_describe(&err)) < 300);
}

static void briefs(void) {
  skill_gate_t gate = {sk_string("e1"), sk_string("test"), {true, 3}, {false, 0}, sk_string("1 failed")};
  skill_finding_t finding = {0};
  finding.id = sk_string("f1");
  finding.severity = SKILL_SEVERITY_MAJOR;
  finding.category = sk_string("routing");
  finding.at = (skill_option_location_t){true, {sk_string("src/a.c"), {true, 7}}};
  finding.message = sk_string("wrong");
  skill_brief_t brief = {0};
  brief.goal = sk_string("Do it");
  brief.gates = (skill_list_gate_t){&gate, 1};
  brief.findings = (skill_list_finding_t){&finding, 1};
  sk_text text = {0};
  sk_add_brief(&text, &brief);
  CHECK_TEXT(text.at,
             "# Goal\nDo it\n\n# Open findings\n- f1 (major, routing) at src/a.c:7: wrong\n\n# Gates\n## test (evidence "
             "e1): exit code 3\n1 failed\n\n");

  /* A 0 hides nothing of what comes behind it. */
  brief.goal = (skill_string_t){(uint8_t *)"Do\0it", 5};
  sk_free(&text);
  sk_add_brief(&text, &brief);
  CHECK(!memcmp(text.at, "# Goal\nDo\0it\n\n# Open", 20));
  reset();
  says("done");
  skill_error_t err;
  sk_text answer = {0};
  CHECK(sk_ask(SKILL_MODEL_TIER_CHEAP, NULL, sk_give(&text), NULL, &answer, &err));
  CHECK(!memcmp(model.heard.at, "# Goal\nDo\0it\n\n# Open", 20));
  reset();
  says("done");
  model.replies[0].parts.ptr[0].val.text = (skill_string_t){(uint8_t *)"a\0b", 3};
  answer.length = 0;
  CHECK(sk_run(&AGENT, (skill_string_t){(uint8_t *)"c\0d", 3}, &answer, &err));
  CHECK(answer.length == 3 && !memcmp(answer.at, "a\0b", 3));
  CHECK(model.heard.length == 4 && !memcmp(model.heard.at, "c\0d|", 4));
}

int main(void) {
  texts();
  odd_json();
  globs();
  diffs();
  briefs();
  paths_in_errors();
  questions();
  the_loop();
  long_results();
  printf("%d passed, %d failed\n", tests - failures, failures);
  return failures != 0;
}
