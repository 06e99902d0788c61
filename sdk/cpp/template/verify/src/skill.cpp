// {{name}}: counts a criterion as shown where the gates of its command ended well.
#include "skillhost/verify.hpp"

using namespace skillhost;

// A criterion holds where its own command ran, each time with exit code 0.
static Check judge(const Brief &brief, const Criterion &criterion) {
  Check check{.id = criterion.id};
  for (const Gate &gate : brief.gates) {
    if (criterion.command != gate.name) continue;
    check.evidence.push_back(gate.evidence);
    if (gate.exit_code != 0) check.outcome = Outcome::Failed;
    else if (check.outcome == Outcome::NotRun) check.outcome = Outcome::Passed;
  }
  return check;
}

Result<std::vector<Check>> skillhost::verify(const Brief &brief) {
  std::vector<Check> checks;
  for (const Criterion &criterion : brief.criteria) checks.push_back(judge(brief, criterion));
  return checks;
}
