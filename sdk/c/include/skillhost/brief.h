/* What an agent is told, as Markdown for a model. */
#ifndef SKILLHOST_BRIEF_H
#define SKILLHOST_BRIEF_H

#include "skillhost/text.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What stays the same through a run comes first, so that a provider's cache holds it. */
void sk_add_brief(sk_text *text, const skill_brief_t *brief);

#ifdef __cplusplus
}
#endif

#endif
