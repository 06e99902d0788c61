// {{name}}: counts a criterion as shown where the gate of its command ended well.
#include "skillhost/verify.hpp"

using namespace skillhost;

static Check judge(const Brief &brief, const Criterion &criterion) {
  Check check{.id = criterion.id};
  for (const Gate &gate : brief.gates) {
    if (criterion.command && criterion.command != gate.name) continue;
    check.outcome = gate.exit_code == 0 ? Outcome::Passed : Outcome::Failed;
    // One gate that failed is enough; a gate's own evidence is all that counts for the host.
    check.evidence = {gate.evidence};
    if (check.outcome == Outcome::Failed) break;
  }
  return check;
}

Result<std::vector<Check>> skillhost::verify(const Brief &brief) {
  std::vector<Check> checks;
  for (const Criterion &criterion : brief.criteria) checks.push_back(judge(brief, criterion));
  return checks;
}
