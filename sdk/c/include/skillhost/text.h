/* Text that grows. */
#ifndef SKILLHOST_TEXT_H
#define SKILLHOST_TEXT_H

#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include "skill.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Begins as `{0}`. Once something was added, `at[length]` is 0. Where memory ends, the call ends: the host names the
 * limit. */
typedef struct {
  char *at;
  size_t length;
  size_t capacity;
} sk_text;

void sk_add(sk_text *text, const char *bytes, size_t length);
void sk_puts(sk_text *text, const char *string);
/* Adds bytes that may be no UTF-8, which the host takes nothing else than: U+FFFD stands for each byte that is none. */
void sk_add_lossy(sk_text *text, const char *bytes, size_t length);
/* Adds all of a host's string. */
void sk_add_string(sk_text *text, skill_string_t string);
void sk_printf(sk_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sk_vprintf(sk_text *text, const char *format, va_list arguments);
/* Frees it; it can be used again. */
void sk_free(sk_text *text);

/* For `%.*s`: the host's strings have no 0 at their end. One that is in them ends what is written, so this is for names;
 * `sk_add_string` adds all of a text. */
#define SK_ARG(string) (int)(string).len, (const char *)(string).ptr

/* A copy of a host's string that ends with 0. */
char *sk_copy(const skill_string_t *string);
/* A text as the host takes it. The host frees it, or nobody: the text is empty afterwards. */
skill_string_t sk_give(sk_text *text);
/* A constant as the host takes it, by copy. */
skill_string_t sk_string(const char *string);
/* The same without a copy, for the arguments of a host's function: they are only read. */
skill_string_t sk_lend(const char *string);

/* Bytes of the first line, without its `\n`. `strcspn` and `strchr` may look for the end of all text first, so that a
 * loop over lines takes hours; this looks no further than the line. */
size_t sk_line(const char *bytes, size_t length);
/* Whether it is UTF-8 without a 0 in it. */
bool sk_is_text(const char *bytes, size_t length);
/* The longest beginning of at most `most` bytes that cuts no character. */
size_t sk_clip(const char *text, size_t length, size_t most);
/* For `%.*s`: the beginning of a string. `%.60s` may cut a character, and the host takes no text that is none. */
#define SK_CLIP(string, most) (int)sk_clip(string, strlen(string), most), string

#ifdef __cplusplus
}
#endif

#endif
