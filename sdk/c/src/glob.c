#include "skillhost/glob.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "skillhost/text.h"

/* More would be a way to make a skill spin. */
#define MAX_GROUPS 16
#define MAX_ALTERNATIVES 256

/* `*` and `?` within one name. Going back to the last `*` is enough, so it costs no more than the product of both
 * lengths. */
static bool matches_name(const char *pattern, size_t pattern_length, const char *name, size_t length) {
  size_t p = 0, n = 0, star = (size_t)-1, from = 0;
  while (n < length) {
    if (p < pattern_length && pattern[p] == '*') {
      star = p++;
      from = n;
    } else if (p < pattern_length && pattern[p] == '?') {
      p++;
      do n++;
      while (n < length && ((unsigned char)name[n] & 0xC0) == 0x80);
    } else if (p < pattern_length && pattern[p] == name[n]) {
      p++;
      n++;
    } else if (star != (size_t)-1) {
      p = star + 1;
      do from++;
      while (from < length && ((unsigned char)name[from] & 0xC0) == 0x80);
      n = from;
    } else {
      return false;
    }
  }
  while (p < pattern_length && pattern[p] == '*') p++;
  return p == pattern_length;
}

static size_t part(const char *at) {
  size_t length = 0;
  while (at[length] && at[length] != '/') length++;
  return length;
}

static const char *next(const char *at) {
  at += part(at);
  return *at ? at + 1 : NULL;
}

/* The same for `**` and the names of a path. NULL is the end of either. */
static bool matches_path(const char *pattern, const char *path) {
  const char *star = NULL, *from = NULL;
  while (path) {
    size_t length = pattern ? part(pattern) : 0;
    if (pattern && length == 2 && !memcmp(pattern, "**", 2)) {
      star = pattern;
      from = path;
      pattern = next(pattern);
    } else if (pattern && matches_name(pattern, length, path, part(path))) {
      pattern = next(pattern);
      path = next(path);
    } else if (star) {
      pattern = next(star);
      path = from = next(from);
    } else {
      return false;
    }
  }
  for (; pattern; pattern = next(pattern))
    if (part(pattern) != 2 || memcmp(pattern, "**", 2)) return false;
  return true;
}

/* Writes out the first `{a,b}`, and so on until none is left. */
static bool expand(const char *pattern, const char *path, int groups, int *left) {
  const char *open = strchr(pattern, '{');
  if (!open) return (*left)-- > 0 && matches_path(pattern, path);
  const char *close = strchr(open, '}');
  if (!close || groups >= MAX_GROUPS) return false;
  bool matched = false;
  for (const char *choice = open + 1; choice <= close && !matched && *left > 0;) {
    size_t length = strcspn(choice, ",}");
    sk_text whole = {0};
    sk_add(&whole, pattern, (size_t)(open - pattern));
    sk_add(&whole, choice, length);
    sk_puts(&whole, close + 1);
    matched = expand(whole.at, path, groups + 1, left);
    sk_free(&whole);
    choice += length + 1;
  }
  return matched;
}

bool sk_glob(const char *pattern, const char *path) {
  int left = MAX_ALTERNATIVES;
  if (!strncmp(pattern, "./", 2)) pattern += 2;
  return *pattern && expand(pattern, path, 0, &left);
}
