/* JSON in and out, with yyjson (third_party/yyjson): strict, no recursion, 64-bit integers. */
#ifndef SKILLHOST_JSON_H
#define SKILLHOST_JSON_H

#include "skillhost/text.h"
#include "yyjson.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The arguments of a tool: an object, which the host has held to the tool's schema. NULL and `invalid` otherwise. */
yyjson_val *sk_arguments(const skill_string_t *arguments, skill_error_t *err);
/* What an object has under this name, where it is a string; otherwise `otherwise`. */
const char *sk_get(yyjson_val *object, const char *name, const char *otherwise);
/* Adds a document, without spaces, and frees it. Where JSON has no such text or number, it is there with U+FFFD for each
 * byte that is no UTF-8, and as null for infinity and what is no number. */
void sk_add_json(sk_text *text, yyjson_mut_doc *document);

#ifdef __cplusplus
}
#endif

#endif
