/* Globs as the host understands them: `*` and `?` stay within a name, `**` crosses directories, `{a,b}` chooses. For
 * what a skill shows and proposes; what it may do is decided by the host's own matcher. */
#ifndef SKILLHOST_GLOB_H
#define SKILLHOST_GLOB_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Whether the pattern matches the whole path. One that is no glob (`{a`, more than 16 groups) matches nothing. */
bool sk_glob(const char *pattern, const char *path);

#ifdef __cplusplus
}
#endif

#endif
