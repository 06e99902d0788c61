"""{{name}}: reads a spec or a change with adversarial intent. The host checks the quote of each finding; so does this."""

from dataclasses import dataclass

from skillhost_sdk import (
    Brief,
    Conversation,
    Finding,
    Host,
    Location,
    Report,
    Severity,
    SkillError,
    Subject,
    Tier,
    Toolbox,
    Verdict,
    export_review,
)


@dataclass(frozen=True)
class Found:
    """A finding as the model reports it."""

    severity: Severity
    category: str
    path: str
    line: int
    quote: str
    message: str


@export_review
def review(host: Host, brief: Brief, subject: Subject) -> Report:
    """Lets the model look around, and takes its report."""
    tools: Toolbox[Report] = Toolbox()

    @tools.add
    def read(path: str) -> str:
        """Reads a file of the worktree."""
        return host.read_text(path)

    @tools.finish
    def report(findings: list[Found], verdicts: list[Verdict]) -> Report:
        """Ends the review: what is wrong, each with a verbatim quote, and a verdict on each earlier finding."""
        kept = [found for found in findings if _is_there(host, found, subject)]
        return Report([_finding(found) for found in kept], verdicts)

    model = Conversation(host, system="You review with adversarial intent. You report only what you can quote.", tier=Tier.CAPABLE)
    for finding in brief.findings:
        model.tell(f"Earlier finding {finding.id}: {finding.message}")
    for answer in brief.answers:
        model.tell(f"The author's answer to {answer.finding}: {answer.text}")
    about = f"The spec, {subject.path}:\n\n{subject.text}" if subject else f"The change:\n\n{host.diff()}"
    return model.run(tools, f"Goal: {brief.goal}\n\n{about}", turns=20)


def _is_there(host: Host, found: Found, subject: Subject) -> bool:
    if subject and subject.path == found.path:
        return found.quote in subject.text
    try:
        return found.quote in host.read_text(found.path)
    except (SkillError, OSError):
        return False


def _finding(found: Found) -> Finding:
    return Finding(found.severity, found.category, found.message, Location(found.path, found.line), found.quote)
