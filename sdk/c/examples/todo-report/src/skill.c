/* Lists TODO comments with file and line, and writes a report about them. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "skillhost.h"

typedef struct {
  char *file;
  size_t line;
  char *text;
} todo;

typedef struct {
  todo *at;
  size_t count;
  size_t capacity;
  size_t files;
} todos;

static void add(todos *found, todo one) {
  if (found->count == found->capacity) {
    found->capacity = found->capacity ? found->capacity * 2 : 64;
    found->at = realloc(found->at, found->capacity * sizeof *found->at);
    if (!found->at) abort();
  }
  found->at[found->count++] = one;
}

static bool in_word(char c) { return isalnum((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80; }

/* The word TODO in a line; NULL where it has none. */
static const char *find_todo(const char *line) {
  for (const char *at = line; (at = strstr(at, "TODO")); at += 4)
    if ((at == line || !in_word(at[-1])) && !in_word(at[4])) return at + 4;
  return NULL;
}

/* What stands behind it, without `:` or `(name):`. */
static char *said(const char *at) {
  const char *close = *at == '(' ? strchr(at, ')') : NULL;
  if (close) at = close + 1;
  if (*at == ':') at++;
  while (isspace((unsigned char)*at)) at++;
  size_t length = strlen(at);
  while (length && isspace((unsigned char)at[length - 1])) length--;
  sk_text text = {0};
  sk_add(&text, at, length);
  return text.at;
}

static void look_in(char *file, sk_text *content, todos *found) {
  size_t before = found->count, number = 1;
  char *end = content->at + content->length;
  for (char *line = content->at; line < end; number++) {
    size_t length = sk_line(line, (size_t)(end - line));
    line[length] = 0;
    const char *at = find_todo(line);
    if (at) add(found, (todo){file, number, said(at)});
    line += length + 1;
  }
  found->files += found->count > before;
}

static void write_report(const todos *found, sk_text *report) {
  sk_printf(report, "# TODO report\n\n%zu in %zu files.\n\n", found->count, found->files);
  for (size_t i = 0; i < found->count; i++)
    sk_printf(report, "- `%s:%zu` %s\n", found->at[i].file, found->at[i].line, found->at[i].text);
  if (!found->count) sk_puts(report, "None.\n");
}

static skill_string_t answer(const todos *found) {
  yyjson_mut_doc *document = yyjson_mut_doc_new(NULL);
  yyjson_mut_val *root = yyjson_mut_obj(document), *list = yyjson_mut_arr(document);
  yyjson_mut_doc_set_root(document, root);
  yyjson_mut_obj_add_val(document, root, "todos", list);
  for (size_t i = 0; i < found->count; i++) {
    yyjson_mut_val *one = yyjson_mut_arr_add_obj(document, list);
    yyjson_mut_obj_add_str(document, one, "file", found->at[i].file);
    yyjson_mut_obj_add_uint(document, one, "line", found->at[i].line);
    yyjson_mut_obj_add_str(document, one, "text", found->at[i].text);
  }
  sk_text json = {0};
  sk_add_json(&json, document);
  return sk_give(&json);
}

bool exports_skill_tool_call(skill_string_t *name, skill_string_t *arguments, skill_string_t *ret, skill_error_t *err) {
  yyjson_val *given = sk_arguments(arguments, err);
  if (!given) return false;
  if (strcmp(sk_copy(name), "report")) return sk_invalid(err, "there is no tool `%.*s`", SK_ARG(*name));
  const char *path = sk_get(given, "path", "TODO.md"), *pattern = sk_get(given, "pattern", "**");

  sk_paths paths;
  if (!sk_walk("", &paths, err)) return false;
  todos found = {0};
  sk_text content = {0};
  for (size_t i = 0; i < paths.count; i++) {
    /* The report of last time tells nothing new. */
    if (!strcmp(paths.at[i], path) || !sk_glob(pattern, paths.at[i])) continue;
    skill_error_t unread;
    if (!sk_read(paths.at[i], &content, &unread)) {
      skill_string_t why = sk_lend(sk_describe(&unread));
      skill_log_log(SKILL_LOG_LEVEL_WARN, &why);
    } else if (sk_is_text(content.at, content.length)) {
      look_in(paths.at[i], &content, &found);
    }
  }
  sk_text report = {0};
  write_report(&found, &report);
  if (!sk_write(path, report.at, report.length, err)) return false;
  *ret = answer(&found);
  return true;
}
