/* Files of the worktree. Paths are relative to its root and separated by `/`; the root is "". */
#ifndef SKILLHOST_FILES_H
#define SKILLHOST_FILES_H

#include <stdbool.h>
#include "skillhost/text.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The largest file that is read: a skill has 256 MiB for everything. */
#define SK_MAX_FILE_BYTES (8u << 20)

/* Reads a whole file; `into` is replaced. `too-large`, with its size, where it is larger than that. */
bool sk_read(const char *path, sk_text *into, skill_error_t *err);
/* Writes a whole file, and makes its directories. */
bool sk_write(const char *path, const char *bytes, size_t length, skill_error_t *err);
bool sk_remove(const char *path, skill_error_t *err);

typedef struct {
  /* Sorted by their bytes. */
  char **at;
  size_t count;
  size_t capacity;
  /* Whether there were more than it looks at, or deeper ones. */
  bool stopped;
} sk_paths;

/* All regular files under `root`. What is named `.git` and symbolic links are left out, and a directory that can't be
 * read has nothing to show. */
bool sk_walk(const char *root, sk_paths *into, skill_error_t *err);
void sk_paths_free(sk_paths *paths);

#ifdef __cplusplus
}
#endif

#endif
