"""{{name}}: writes the specification of a change. The host hands over a document with headings, and checks what comes back."""

from dataclasses import dataclass

from skillhost_sdk import (
    Answer,
    Brief,
    Conversation,
    Criterion,
    Document,
    Host,
    Invalid,
    Specification,
    Step,
    export_spec,
)


@dataclass(frozen=True)
class Plan:
    """What the model replies with, once the document is there."""

    steps: list[Step]
    criteria: list[Criterion]
    assumptions: list[str]
    answers: list[Answer]


@export_spec
def draft(host: Host, brief: Brief) -> Specification:
    """Has the model fill the document, and plan the change."""
    if brief.spec is None:
        raise Invalid("the brief has no document to fill")
    model = Conversation(host, system="You write short, exact specifications of changes to software.")
    for convention in brief.conventions:
        model.tell(f"{convention.path}:\n\n{convention.text}")
    for finding in brief.findings:
        model.tell(f"A review found, as {finding.id}: {finding.message}")
    text = model.ask(f"Goal: {brief.goal}\n\nFill each section of this document, and reply with all of it:\n\n{brief.spec.text}")
    commands = ", ".join(command.name for command in host.commands()) or "none"
    plan = model.ask_for(
        Plan,
        "Now the plan, as JSON. Each step names the globs of its files and the ids of the criteria that it serves. A criterion "
        f"names the declared command that shows it, if one can; declared are: {commands}. Answer each finding by its id.",
    )
    return Specification(Document(brief.spec.path, text), plan.steps, plan.criteria, plan.assumptions, plan.answers)
