#include "skillhost/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void grow(sk_text *text, size_t more) {
  if (more >= (size_t)-1 / 2 - text->length) abort();
  size_t needed = text->length + more + 1;
  if (needed <= text->capacity) return;
  size_t capacity = text->capacity * 2 > needed ? text->capacity * 2 : needed;
  if (capacity < 64) capacity = 64;
  text->at = realloc(text->at, capacity);
  if (!text->at) abort();
  text->capacity = capacity;
}

void sk_add(sk_text *text, const char *bytes, size_t length) {
  grow(text, length);
  if (length) memcpy(text->at + text->length, bytes, length);
  text->length += length;
  text->at[text->length] = 0;
}

void sk_puts(sk_text *text, const char *string) { sk_add(text, string, strlen(string)); }

void sk_add_string(sk_text *text, skill_string_t string) { sk_add(text, (const char *)string.ptr, string.len); }

void sk_vprintf(sk_text *text, const char *format, va_list arguments) {
  va_list again;
  va_copy(again, arguments);
  int length = vsnprintf(NULL, 0, format, arguments);
  if (length > 0) {
    grow(text, (size_t)length);
    vsnprintf(text->at + text->length, (size_t)length + 1, format, again);
    text->length += (size_t)length;
  }
  va_end(again);
}

void sk_printf(sk_text *text, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  sk_vprintf(text, format, arguments);
  va_end(arguments);
}

void sk_free(sk_text *text) {
  free(text->at);
  *text = (sk_text){0};
}

char *sk_copy(const skill_string_t *string) {
  sk_text text = {0};
  sk_add_string(&text, *string);
  return text.at;
}

skill_string_t sk_give(sk_text *text) {
  skill_string_t string = {(uint8_t *)text->at, text->length};
  *text = (sk_text){0};
  return string;
}

skill_string_t sk_string(const char *string) {
  sk_text text = {0};
  sk_puts(&text, string);
  return sk_give(&text);
}

skill_string_t sk_lend(const char *string) { return (skill_string_t){(uint8_t *)string, strlen(string)}; }

/* Bytes of the character that begins here; 0 where none does. Unicode 15, table 3-7. */
static size_t character(const unsigned char *at, size_t left) {
  unsigned char first = at[0], least = 0x80, most = 0xBF;
  size_t length;
  if (first < 0x80) return 1;
  if (first < 0xC2 || first > 0xF4) return 0;
  if (first < 0xE0) {
    length = 2;
  } else if (first < 0xF0) {
    length = 3;
    if (first == 0xE0) least = 0xA0;
    if (first == 0xED) most = 0x9F;
  } else {
    length = 4;
    if (first == 0xF0) least = 0x90;
    if (first == 0xF4) most = 0x8F;
  }
  if (left < length || at[1] < least || at[1] > most) return 0;
  for (size_t i = 2; i < length; i++)
    if ((at[i] & 0xC0) != 0x80) return 0;
  return length;
}

size_t sk_line(const char *bytes, size_t length) {
  const char *end = length ? memchr(bytes, '\n', length) : NULL;
  return end ? (size_t)(end - bytes) : length;
}

void sk_add_lossy(sk_text *text, const char *bytes, size_t length) {
  size_t from = 0;
  for (size_t at = 0, step; at < length; at += step ? step : 1) {
    step = character((const unsigned char *)bytes + at, length - at);
    if (step) continue;
    sk_add(text, bytes + from, at - from);
    sk_puts(text, "\xEF\xBF\xBD");
    from = at + 1;
  }
  sk_add(text, bytes + from, length - from);
}

bool sk_is_text(const char *bytes, size_t length) {
  for (size_t at = 0; at < length;) {
    size_t step = bytes[at] ? character((const unsigned char *)bytes + at, length - at) : 0;
    if (!step) return false;
    at += step;
  }
  return true;
}

size_t sk_clip(const char *text, size_t length, size_t most) {
  if (length <= most) return length;
  while (most && ((unsigned char)text[most] & 0xC0) == 0x80) most--;
  return most;
}
