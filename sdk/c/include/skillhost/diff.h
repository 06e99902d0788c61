/* A small unified diff. */
#ifndef SKILLHOST_DIFF_H
#define SKILLHOST_DIFF_H

#include "skillhost/text.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Adds the difference of two texts, with three lines around each change; nothing where they are the same. Where they
 * differ in too much to compare line by line, all between the first and the last difference is one change. */
void sk_diff(const char *path, const char *before, const char *after, sk_text *into);

#ifdef __cplusplus
}
#endif

#endif
