#include "skillhost/json.h"

#include <stdlib.h>

#include "skillhost/error.h"

yyjson_val *sk_arguments(const skill_string_t *arguments, skill_error_t *err) {
  yyjson_read_err why;
  yyjson_doc *document = yyjson_read_opts((char *)arguments->ptr, arguments->len, 0, NULL, &why);
  yyjson_val *root = yyjson_doc_get_root(document);
  if (yyjson_is_obj(root)) return root;
  if (document) sk_invalid(err, "arguments must be one JSON object");
  else sk_invalid(err, "arguments are not JSON: %s, at byte %zu", why.msg, why.pos);
  return NULL;
}

const char *sk_get(yyjson_val *object, const char *name, const char *otherwise) {
  const char *string = yyjson_get_str(yyjson_obj_get(object, name));
  return string ? string : otherwise;
}

void sk_add_json(sk_text *text, yyjson_mut_doc *document) {
  size_t length;
  char *written = yyjson_mut_write(document, YYJSON_WRITE_ALLOW_INVALID_UNICODE | YYJSON_WRITE_INF_AND_NAN_AS_NULL, &length);
  if (!written) abort();
  sk_add_lossy(text, written, length);
  free(written);
  yyjson_mut_doc_free(document);
}
