"""Which target a task works for, and whose, so that whoever writes the log can say so, also where a library of others
logs.
"""

from contextvars import ContextVar

from ganga.model.ids import TargetName

_OWNER: ContextVar[str | None] = ContextVar("owner", default=None)
_TARGET: ContextVar[TargetName | None] = ContextVar("target", default=None)


def works_for(target: TargetName) -> None:
    """This task works for the target from now on, and so do all tasks that it makes."""
    _TARGET.set(target)


def target_at_hand() -> TargetName | None:
    """The target that this task works for; None outside of monitors, and in threads."""
    return _TARGET.get()


def serves(owner: str) -> None:
    """This task works for the owner from now on, and so do all tasks that it makes."""
    _OWNER.set(owner)


def owner_at_hand() -> str | None:
    """The owner whom this task serves; None where a process serves one alone."""
    return _OWNER.get()
