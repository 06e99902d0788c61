#include "skillhost/error.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "skillhost/text.h"

#define MAX_PATH_SHOWN 200

static bool make(skill_error_t *err, uint8_t tag, const char *format, va_list arguments) {
  sk_text text = {0};
  sk_vprintf(&text, format, arguments);
  err->tag = tag;
  /* All of these variants hold a string, in the same place. */
  err->val.failed = sk_give(&text);
  return false;
}

#define MAKER(name, tag)                                            \
  bool name(skill_error_t *err, const char *format, ...) {          \
    va_list arguments;                                              \
    va_start(arguments, format);                                    \
    make(err, tag, format, arguments);                              \
    va_end(arguments);                                              \
    return false;                                                   \
  }

MAKER(sk_invalid, SKILL_ERROR_INVALID)
MAKER(sk_failed, SKILL_ERROR_FAILED)
MAKER(sk_exhausted, SKILL_ERROR_EXHAUSTED)
static MAKER(denied, SKILL_ERROR_DENIED)

char *sk_shown(const char *path) {
  sk_text text = {0};
  sk_printf(&text, "%.*s", SK_CLIP(path, MAX_PATH_SHOWN));
  if (path[text.length]) sk_puts(&text, "\xE2\x80\xA6");
  return text.at;
}

bool sk_errno(skill_error_t *err, const char *capability, const char *path) {
  int code = errno;
  path = *path ? sk_shown(path) : ".";
  switch (code) {
    case EACCES:
    case EPERM:
#ifdef ENOTCAPABLE
    case ENOTCAPABLE:
#endif
      return denied(err, "no grant of `%s` covers %s", capability, path);
    case ENOENT:
      return sk_failed(err, "%s does not exist", path);
    default:
      return sk_failed(err, "%s: %s", path, strerror(code));
  }
}

char *sk_describe(const skill_error_t *err) {
  sk_text text = {0};
  switch (err->tag) {
    case SKILL_ERROR_DENIED:
      sk_printf(&text, "denied: %.*s", SK_ARG(err->val.denied));
      break;
    case SKILL_ERROR_INVALID:
      sk_printf(&text, "invalid: %.*s", SK_ARG(err->val.invalid));
      break;
    case SKILL_ERROR_EXHAUSTED:
      sk_printf(&text, "exhausted: %.*s", SK_ARG(err->val.exhausted));
      break;
    case SKILL_ERROR_CANCELLED:
      sk_puts(&text, "cancelled");
      break;
    case SKILL_ERROR_TOO_LARGE:
      sk_printf(&text, "too large: %llu bytes", (unsigned long long)err->val.too_large);
      break;
    default:
      sk_printf(&text, "failed: %.*s", SK_ARG(err->val.failed));
  }
  return text.at;
}
