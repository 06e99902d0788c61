// The SDK for skills written in C++: what skillhost.h has, as C++ has it. A skill includes the header of its kind
// (skillhost/tool.hpp, spec.hpp, review.hpp, implement.hpp, verify.hpp), which includes this.
#ifndef SKILLHOST_HPP
#define SKILLHOST_HPP

#include <algorithm>

#include "skillhost/agent.hpp"
#include "skillhost/error.hpp"
#include "skillhost/files.hpp"
#include "skillhost/host.hpp"
#include "skillhost/json.hpp"
#include "skillhost/records.hpp"

#endif
