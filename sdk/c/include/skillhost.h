/* The SDK for skills written in C: what a skill includes.
 *
 * `skill.h` is made from the contract in `wit/`: the host's functions, and the one that a skill of this kind has to
 * write. The rest is what most skills need. Each call of a skill has a memory of its own, which is gone when the call
 * ends: freeing what a call needs to its end is a waste of time, and freeing what it reads file by file is not.
 */
#ifndef SKILLHOST_H
#define SKILLHOST_H

#include "skill.h"
#include "skillhost/agent.h"
#include "skillhost/brief.h"
#include "skillhost/diff.h"
#include "skillhost/error.h"
#include "skillhost/files.h"
#include "skillhost/glob.h"
#include "skillhost/json.h"
#include "skillhost/text.h"
#include "skillhost/tools.h"
#include "yyjson.h"

#endif
