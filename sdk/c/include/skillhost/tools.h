/* Tools that most agents need, ready for `sk_agent.tools`. They answer what the host denies, and go on. */
#ifndef SKILLHOST_TOOLS_H
#define SKILLHOST_TOOLS_H

#include "skillhost/agent.h"

#ifdef __cplusplus
extern "C" {
#endif

/* `list`: files by a glob. */
extern const sk_tool sk_tool_list;
/* `search`: lines that contain a text. */
extern const sk_tool sk_tool_search;
/* `read`: lines of a file, with their numbers. */
extern const sk_tool sk_tool_read;
/* `write`: a whole file. */
extern const sk_tool sk_tool_write;
/* `edit`: replaces a text that occurs once in a file, and answers a diff. */
extern const sk_tool sk_tool_edit;

#ifdef __cplusplus
}
#endif

#endif
