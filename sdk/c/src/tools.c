#include "skillhost/tools.h"

#include <stdlib.h>
#include <string.h>

#include "skillhost/diff.h"
#include "skillhost/error.h"
#include "skillhost/files.h"
#include "skillhost/glob.h"

#define MAX_LISTED 400
#define MAX_FOUND 100
#define MAX_LINES 400
#define MAX_LINE_BYTES 400

static sk_called failed(sk_text *answer, const skill_error_t *err) {
  sk_puts(answer, sk_describe(err));
  return SK_FAILED;
}

static sk_called missing(sk_text *answer, const char *name) {
  sk_printf(answer, "`%s` is missing, and has to be a string", name);
  return SK_FAILED;
}

static bool read_text(const char *path, sk_text *content, skill_error_t *err) {
  if (!sk_read(path, content, err)) return false;
  return sk_is_text(content->at, content->length) || sk_invalid(err, "%s is not a text file", sk_shown(path));
}

static sk_called list(void *data, yyjson_val *arguments, sk_text *answer) {
  (void)data;
  const char *glob = sk_get(arguments, "glob", "**");
  skill_error_t err;
  sk_paths paths;
  if (!sk_walk("", &paths, &err)) return failed(answer, &err);
  size_t shown = 0, matched = 0;
  for (size_t i = 0; i < paths.count; i++) {
    if (!sk_glob(glob, paths.at[i]) || ++matched > MAX_LISTED) continue;
    sk_printf(answer, "%s\n", paths.at[i]);
    shown++;
  }
  if (!matched) sk_puts(answer, "no file matches\n");
  if (shown < matched) sk_printf(answer, "[%zu more: ask for fewer]\n", matched - shown);
  if (paths.stopped) sk_puts(answer, "[There are more files than a walk looks at]\n");
  sk_paths_free(&paths);
  return SK_TOLD;
}

static sk_called search(void *data, yyjson_val *arguments, sk_text *answer) {
  (void)data;
  const char *text = sk_get(arguments, "text", NULL), *glob = sk_get(arguments, "glob", "**");
  if (!text || !*text) return missing(answer, "text");
  skill_error_t err;
  sk_paths paths;
  if (!sk_walk("", &paths, &err)) return failed(answer, &err);
  sk_text content = {0};
  size_t found = 0;
  for (size_t i = 0; i < paths.count && found < MAX_FOUND; i++) {
    if (!sk_glob(glob, paths.at[i]) || !read_text(paths.at[i], &content, &err)) continue;
    size_t line = 1;
    char *end = content.at + content.length;
    for (char *at = content.at; at < end && found < MAX_FOUND; line++) {
      size_t length = sk_line(at, (size_t)(end - at));
      at[length] = 0;
      if (strstr(at, text)) {
        sk_printf(answer, "%s:%zu: %.*s\n", paths.at[i], line, (int)sk_clip(at, length, MAX_LINE_BYTES), at);
        found++;
      }
      at += length + 1;
    }
  }
  if (!found) sk_puts(answer, "nothing is found\n");
  if (found == MAX_FOUND) sk_puts(answer, "[There may be more: ask for less]\n");
  sk_free(&content);
  sk_paths_free(&paths);
  return SK_TOLD;
}

static sk_called read_lines(void *data, yyjson_val *arguments, sk_text *answer) {
  (void)data;
  const char *path = sk_get(arguments, "path", NULL);
  if (!path) return missing(answer, "path");
  yyjson_val *asked = yyjson_obj_get(arguments, "from");
  uint64_t from = yyjson_is_uint(asked) && yyjson_get_uint(asked) ? yyjson_get_uint(asked) : 1;
  skill_error_t err;
  sk_text content = {0};
  if (!read_text(path, &content, &err)) return failed(answer, &err);
  uint64_t line = 1;
  const char *end = content.at + content.length;
  for (const char *at = content.at; at < end; line++) {
    size_t length = sk_line(at, (size_t)(end - at));
    if (line >= from && line - from < MAX_LINES) sk_printf(answer, "%llu\t%.*s\n", (unsigned long long)line, (int)length, at);
    at += length + 1;
  }
  if (line > from && line - from > MAX_LINES) sk_printf(answer, "[%llu lines in all]\n", (unsigned long long)line - 1);
  if (line <= from) sk_printf(answer, "[%llu lines in all, none from there]\n", (unsigned long long)line - 1);
  sk_free(&content);
  return SK_TOLD;
}

static sk_called write_file(void *data, yyjson_val *arguments, sk_text *answer) {
  (void)data;
  const char *path = sk_get(arguments, "path", NULL), *text = sk_get(arguments, "text", NULL);
  if (!path) return missing(answer, "path");
  if (!text) return missing(answer, "text");
  skill_error_t err;
  if (!sk_write(path, text, strlen(text), &err)) return failed(answer, &err);
  sk_printf(answer, "%s is written", path);
  return SK_TOLD;
}

static sk_called edit(void *data, yyjson_val *arguments, sk_text *answer) {
  (void)data;
  const char *path = sk_get(arguments, "path", NULL), *old = sk_get(arguments, "old", NULL);
  const char *replacement = sk_get(arguments, "new", NULL);
  if (!path) return missing(answer, "path");
  if (!old || !*old) return missing(answer, "old");
  if (!replacement) return missing(answer, "new");
  skill_error_t err;
  sk_text content = {0}, after = {0};
  if (!read_text(path, &content, &err)) return failed(answer, &err);
  const char *at = strstr(content.at, old);
  if (!at || strstr(at + 1, old)) {
    sk_printf(answer, at ? "`old` occurs more than once in %s: add lines around it" : "`old` does not occur in %s", sk_shown(path));
    return SK_FAILED;
  }
  sk_add(&after, content.at, (size_t)(at - content.at));
  sk_puts(&after, replacement);
  sk_puts(&after, at + strlen(old));
  if (!sk_write(path, after.at, after.length, &err)) return failed(answer, &err);
  sk_diff(path, content.at, after.at, answer);
  sk_free(&content);
  sk_free(&after);
  return SK_TOLD;
}

#define OBJECT(properties, required) \
  "{\"type\":\"object\",\"properties\":{" properties "},\"required\":[" required "],\"additionalProperties\":false}"
#define STRING(name, description) "\"" name "\":{\"type\":\"string\",\"description\":\"" description "\"}"

const sk_tool sk_tool_list = {"list", "Lists files.", OBJECT(STRING("glob", "Such as src/**/*.c; all without it"), ""),
                              list};
const sk_tool sk_tool_search = {
    "search", "Finds lines that contain a text, letter by letter.",
    OBJECT(STRING("text", "What to find") "," STRING("glob", "In which files; all without it"), "\"text\""), search};
const sk_tool sk_tool_read = {
    "read", "Reads a file, 400 lines at once.",
    OBJECT(STRING("path", "Of the file") ",\"from\":{\"type\":\"integer\",\"minimum\":1,\"description\":\"First line\"}",
           "\"path\""),
    read_lines};
const sk_tool sk_tool_write = {"write", "Writes a whole file.",
                               OBJECT(STRING("path", "Of the file") "," STRING("text", "All of it"), "\"path\",\"text\""),
                               write_file};
const sk_tool sk_tool_edit = {"edit", "Replaces a text that occurs once in a file.",
                              OBJECT(STRING("path", "Of the file") "," STRING("old", "What is there") "," STRING(
                                         "new", "What is to be there instead"),
                                     "\"path\",\"old\",\"new\""),
                              edit};
