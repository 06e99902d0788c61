// {{name}}: reads a spec or a change, and reports what is wrong with it.
#include "skillhost/review.hpp"

using namespace skillhost;

constexpr auto SYSTEM =
    "You review a specification or a change, and look for what will go wrong. Report only what you can show by a quote.";

constexpr auto SCHEMA = R"({
  "type": "object",
  "properties": {
    "findings": {"type": "array", "items": {
      "type": "object",
      "properties": {
        "severity": {"enum": ["nit", "minor", "major", "blocker"]},
        "category": {"type": "string"},
        "path": {"type": "string"},
        "quote": {"type": "string"},
        "message": {"type": "string"}
      },
      "required": ["severity", "category", "path", "quote", "message"],
      "additionalProperties": false
    }},
    "closed": {"type": "array", "items": {"type": "string"}}
  },
  "required": ["findings", "closed"],
  "additionalProperties": false
})";

static Severity severity(const std::string &name) {
  if (name == "nit") return Severity::Nit;
  if (name == "major") return Severity::Major;
  return name == "blocker" ? Severity::Blocker : Severity::Minor;
}

static Finding finding(const Json &from) {
  return {
      .severity = severity(from["severity"].text()),
      .category = from["category"].text("other"),
      .at = Location{.path = from["path"].text()},
      .quote = from["quote"].text(),
      .message = from["message"].text(),
  };
}

Result<Report> skillhost::review(const Brief &brief, const Subject &subject) {
  std::string question = markdown(brief);
  if (const auto *spec = std::get_if<Document>(&subject)) {
    question += "# To review: " + spec->path + "\n" + spec->text + "\n";
  } else {
    const auto diff = changes::diff();
    if (!diff) return std::unexpected(diff.error());
    question += "# To review: the change\n" + *diff + "\n";
  }
  question += "`closed` holds the ids of open findings that are dealt with.\n";
  const auto reply = model::ask_json(SYSTEM, question, SCHEMA);
  if (!reply) return std::unexpected(reply.error());

  Report report;
  for (const Json &one : (*reply)["findings"].items()) report.findings.push_back(finding(one));
  // Only a reviewer can close an earlier finding: the model names those that are dealt with.
  for (const Finding &earlier : brief.findings) {
    const auto names = [&](const Json &closed) { return closed.text() == earlier.id; };
    const bool closed = std::ranges::any_of((*reply)["closed"].items(), names);
    report.verdicts.push_back({earlier.id, closed, closed ? "dealt with" : "still open"});
  }
  return report;
}
