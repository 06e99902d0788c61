"""{{name}}: makes the change in the worktree. The host commits what it wrote, runs the gates, and believes nothing else."""

from skillhost_sdk import (
    Answer,
    Brief,
    Conversation,
    Host,
    Invalid,
    Summary,
    Toolbox,
    clip,
    diff,
    export_implement,
    replace,
)


@export_implement
def implement(host: Host, brief: Brief) -> Summary:
    """Lets the model edit until it is done, and the tests pass where this skill may run them."""
    model = Conversation(host, system="You make the smallest change that reaches the goal.")
    for convention in brief.conventions:
        model.tell(f"{convention.path}:\n\n{convention.text}")
    if brief.spec:
        model.tell(f"The spec:\n\n{brief.spec.text}")
    for step in brief.steps:
        model.tell(f"Step {step.id}, {step.title}: {step.instructions}")
    for finding in brief.findings:
        model.tell(f"A review found, as {finding.id}: {finding.message}")
    return model.run(tools(host), f"Goal: {brief.goal}", turns=50)


def tools(host: Host) -> Toolbox[Summary]:
    """What the model may do."""
    box: Toolbox[Summary] = Toolbox()

    @box.add
    def files(glob: str) -> str:
        """Lists the files that match a glob, such as src/**."""
        return clip("\n".join(host.walk(glob)), 10_000)

    @box.add
    def read(path: str) -> str:
        """Reads a file."""
        return host.read_text(path)

    @box.add
    def write(path: str, text: str) -> str:
        """Writes a whole file."""
        host.write(path, text)
        return "written"

    @box.add
    def edit(path: str, old: str, new: str) -> str:
        """Replaces a text that is in a file once, and shows what changed."""
        before = host.read_text(path)
        after = replace(before, old, new)
        host.write(path, after)
        return diff(before, after, path)

    @box.add
    def run(command: str) -> str:
        """Runs a declared command, such as test."""
        outcome = host.run(command)
        return f"exit code {outcome.exit_code}\n{outcome.output[-10_000:]}"

    @box.finish
    def finish(title: str, what: str, why: str, rollback: str, answers: list[Answer]) -> Summary:
        """Ends the work: the commit's subject line, what was done and why, how to go back, an answer to each finding."""
        if "test" in host.granted():
            outcome = host.run("test")
            if outcome.exit_code != 0:
                raise Invalid(f"the tests fail, so go on:\n{outcome.output[-10_000:]}")
        return Summary(title, what, why, rollback, answers=answers)

    return box
