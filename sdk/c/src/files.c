#include "skillhost/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "skillhost/error.h"

/* What a walk looks at, at most. */
#define MAX_NODES 60000
#define MAX_DEPTH 48

static char *locate(const char *path) {
  sk_text whole = {0};
  while (*path == '/') path++;
  sk_printf(&whole, "/repo/%s", path);
  return whole.at;
}

bool sk_read(const char *path, sk_text *into, skill_error_t *err) {
  into->length = 0;
  char *whole = locate(path);
  int file = open(whole, O_RDONLY);
  free(whole);
  if (file < 0) return sk_errno(err, "read", path);
  struct stat status;
  ssize_t got = fstat(file, &status);
  if (got == 0 && S_ISDIR(status.st_mode)) {
    errno = EISDIR;
    got = -1;
  }
  /* As much as it was before it is read, so that it is read at once; it may have grown since. */
  size_t chunk = got == 0 && status.st_size < SK_MAX_FILE_BYTES ? (size_t)status.st_size + 1 : 65536;
  char *buffer = got == 0 ? malloc(chunk) : NULL;
  if (got == 0 && !buffer) abort();
  while (got >= 0 && into->length <= SK_MAX_FILE_BYTES && (got = read(file, buffer, chunk)) > 0)
    sk_add(into, buffer, (size_t)got);
  int code = errno;
  free(buffer);
  close(file);
  errno = code;
  if (got < 0) return sk_errno(err, "read", path);
  if (into->length > SK_MAX_FILE_BYTES) {
    uint64_t size = (uint64_t)status.st_size;
    err->tag = SKILL_ERROR_TOO_LARGE;
    err->val.too_large = size > into->length ? size : into->length;
    return false;
  }
  sk_add(into, "", 0);
  return true;
}

/* Asks for a directory only where it is missing: to make one that exists may be denied. */
static bool make_parents(char *whole) {
  for (char *slash = whole + strlen("/repo/"); *slash; slash++) {
    if (*slash != '/') continue;
    *slash = 0;
    struct stat status;
    bool made = stat(whole, &status) == 0 || mkdir(whole, 0777) == 0 || errno == EEXIST;
    *slash = '/';
    if (!made) return false;
  }
  return true;
}

bool sk_write(const char *path, const char *bytes, size_t length, skill_error_t *err) {
  char *whole = locate(path);
  int file = make_parents(whole) ? open(whole, O_WRONLY | O_CREAT | O_TRUNC, 0666) : -1;
  free(whole);
  if (file < 0) return sk_errno(err, "write", path);
  ssize_t put = 0;
  for (size_t at = 0; at < length && put >= 0; at += (size_t)put) put = write(file, bytes + at, length - at);
  int code = errno;
  if (close(file) < 0 && put >= 0) {
    code = errno;
    put = -1;
  }
  errno = code;
  return put >= 0 || sk_errno(err, "write", path);
}

bool sk_remove(const char *path, skill_error_t *err) {
  char *whole = locate(path);
  bool removed = unlink(whole) == 0;
  int code = errno;
  free(whole);
  errno = code;
  return removed || sk_errno(err, "write", path);
}

typedef struct {
  sk_paths *into;
  size_t nodes;
} walk;

static void keep(sk_paths *paths, char *path) {
  if (paths->count == paths->capacity) {
    paths->capacity = paths->capacity ? paths->capacity * 2 : 64;
    paths->at = realloc(paths->at, paths->capacity * sizeof *paths->at);
    if (!paths->at) abort();
  }
  paths->at[paths->count++] = path;
}

static bool visit(walk *walk, const char *directory, int depth) {
  char *whole = locate(directory);
  DIR *open = opendir(whole);
  free(whole);
  if (!open) return false;
  struct dirent *entry;
  while ((entry = readdir(open))) {
    const char *name = entry->d_name;
    if (!strcmp(name, ".") || !strcmp(name, "..") || !strcasecmp(name, ".git")) continue;
    if (++walk->nodes > MAX_NODES) {
      walk->into->stopped = true;
      break;
    }
    sk_text path = {0};
    sk_printf(&path, "%s%s%s", directory, *directory ? "/" : "", name);
    if (entry->d_type == DT_REG) {
      keep(walk->into, path.at);
      continue;
    }
    if (entry->d_type == DT_DIR && depth >= MAX_DEPTH) walk->into->stopped = true;
    if (entry->d_type == DT_DIR && depth < MAX_DEPTH) visit(walk, path.at, depth + 1);
    sk_free(&path);
  }
  closedir(open);
  return true;
}

static int by_bytes(const void *left, const void *right) {
  return strcmp(*(char *const *)left, *(char *const *)right);
}

bool sk_walk(const char *root, sk_paths *into, skill_error_t *err) {
  *into = (sk_paths){0};
  walk walk = {into, 0};
  sk_text directory = {0};
  sk_puts(&directory, root);
  while (directory.length && directory.at[directory.length - 1] == '/') directory.at[--directory.length] = 0;
  bool found = visit(&walk, directory.at, 0);
  sk_free(&directory);
  if (!found) return sk_errno(err, "read", root);
  if (into->count) qsort(into->at, into->count, sizeof *into->at, by_bytes);
  return true;
}

void sk_paths_free(sk_paths *paths) {
  for (size_t i = 0; i < paths->count; i++) free(paths->at[i]);
  free(paths->at);
  *paths = (sk_paths){0};
}
