/* Making errors. Each returns false, which is what a function of a skill returns where it fails:
 *
 *     return sk_invalid(err, "`%s` is no colour", name);
 */
#ifndef SKILLHOST_ERROR_H
#define SKILLHOST_ERROR_H

#include "skill.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The caller's arguments or input are wrong. */
bool sk_invalid(skill_error_t *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Anything else that went wrong. */
bool sk_failed(skill_error_t *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A limit of the skill's own is used up. */
bool sk_exhausted(skill_error_t *err, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* What `errno` says about this file: `denied` where no grant of `capability` ("read", "write") covers it. */
bool sk_errno(skill_error_t *err, const char *capability, const char *path);
/* A path as an error names it: the beginning of one that is longer than anybody reads. */
char *sk_shown(const char *path);
/* An error in words, for a model or a log. */
char *sk_describe(const skill_error_t *err);

#ifdef __cplusplus
}
#endif

#endif
