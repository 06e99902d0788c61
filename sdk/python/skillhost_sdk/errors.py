"""Why a call failed: the contract's `error`, as exceptions.

The host raises them, and a skill may: what it raises is what its caller is told. Any other exception that leaves a skill
becomes a `Failed` with the exception's own text, and its traceback goes to the log.
"""


class SkillError(Exception):
    """One of the errors below."""


class Denied(SkillError):
    """No grant covers this. Names the capability, and what would grant it."""


class Invalid(SkillError):
    """The caller's arguments or input are wrong."""


class Exhausted(SkillError):
    """A limit or a budget is used up. Names which."""


class Cancelled(SkillError):
    """The run was cancelled."""

    def __init__(self) -> None:
        super().__init__("the run was cancelled")


class TooLarge(SkillError):
    """More than the host hands over at once: ask for less, or for a part."""

    def __init__(self, size: int) -> None:
        super().__init__(f"{size} bytes are more than is handed over at once")
        self.size = size
        """How much it would have been, in bytes."""


class Failed(SkillError):
    """Anything else."""
