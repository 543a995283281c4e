"""Black, the formatter: where it would change something, found in process or in several, and remembered by content."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from ganga_quality.changes import Hunk, Span
from ganga_quality.errors import ToolError
from ganga_quality.findings import Failure, FailureKind, Finding, Outcome
from ganga_quality.formatting.formatter import (
    CannotFormat,
    Style,
    black_version,
    formatted,
    included,
    read_style,
)
from ganga_quality.formatting.patch import differences
from ganga_quality.runners import pool
from ganga_quality.runners.black_cache import Answer, Cache
from ganga_quality.runners.program import Deadline
from ganga_quality.settings import Settings

NAME = "black"


class Task(Struct, frozen=True):
    """One file to be formatted, wherever that is done."""

    path: str
    content: bytes
    style: Style
    #: None: the whole file.
    spans: tuple[Span, ...] | None

    @property
    def stub(self) -> bool:
        """Whether it is a file of types only, which black formats in a way of its own."""
        return self.path.endswith(".pyi")


def run(
    folder: Path,
    files: Sequence[str],
    settings: Settings,
    *,
    cache: Path | None = None,
    spans: Mapping[str, Sequence[Span]] | None = None,
) -> Outcome:
    """Where black would change these files of the folder; with ``spans``, only for what they touch in each.

    A file that cannot be formatted is a failure of its own, and the others are judged. What the settings of black
    exclude, is not looked at. Raises UsageError for settings that black does not know.
    """
    style = read_style(folder)
    tasks: list[Task] = []
    failures: list[Failure] = []
    for path in files:
        if included(style, path):
            try:
                content = (folder / path).read_bytes()
            except OSError as error:
                failures.append(_failure(path, f"cannot be read: {error.strerror}", 0))
            else:
                tasks.append(Task(path, content, style, None if spans is None else tuple(spans.get(path, ()))))
    try:
        answers = list(_answers(tasks, cache, Deadline(settings.timeout)))
    except ToolError as error:
        return Outcome(failures=(Failure(tool=NAME, kind=FailureKind.MISSING, message=str(error)),))
    return Outcome.merged([Outcome(failures=tuple(failures)), *(_outcome(task, answer) for task, answer in answers)])


def rewritten(tasks: Sequence[Task], deadline: Deadline) -> Iterator[bytes | Failure]:
    """What black makes of each of the sources, in their order. Raises ToolError if it is not here."""
    if tasks:
        black_version()
    for task, answer in zip(tasks, pool.answers(_rewritten, tasks, size=_size, deadline=deadline), strict=True):
        yield _unanswered(task.path, answer, deadline) if isinstance(answer, FailureKind) else answer


def _size(task: Task) -> int:
    return len(task.content)


def _rewritten(task: Task) -> bytes | Failure:
    try:
        return formatted(task.content, task.style, stub=task.stub, spans=task.spans)
    except CannotFormat as error:
        return _failure(task.path, error.message, error.line)


def _answers(tasks: Sequence[Task], folder: Path | None, deadline: Deadline) -> Iterator[tuple[Task, Answer | Failure]]:
    """What is remembered, and then what has to be found out."""
    cache = Cache(folder)
    unknown = []
    for task in tasks:
        known = cache.get(_key(cache, task))
        if known is None:
            unknown.append(task)
        else:
            yield task, known
    for task, result in zip(unknown, rewritten(unknown, deadline), strict=True):
        answer = _remembered(task, result)
        if isinstance(answer, Answer):
            cache.put(_key(cache, task), answer)
        yield task, answer
    cache.write()


def _key(cache: Cache, task: Task) -> bytes:
    return cache.key(task.content, task.style, task.spans, stub=task.stub)


def _remembered(task: Task, result: bytes | Failure) -> Answer | Failure:
    """What is true of this content for ever; not so that time was short, or a process died."""
    if isinstance(result, bytes):
        return Answer(hunks=differences(task.content, result))
    if result.kind is FailureKind.UNPARSABLE:
        return Answer(problem=result.message, line=result.line)
    return result


def _outcome(task: Task, answer: Answer | Failure) -> Outcome:
    if isinstance(answer, Failure):
        return Outcome(failures=(answer,))
    if answer.problem:
        return Outcome(failures=(_failure(task.path, answer.problem, answer.line),))
    lines = task.content.split(b"\n")
    return Outcome(tuple(_finding(task.path, hunk, lines) for hunk in answer.hunks))


def _finding(path: str, hunk: Hunk, lines: Sequence[bytes]) -> Finding:
    # What is only to be added stands before the next line.
    line = hunk.old_start + (hunk.old_count == 0)
    return Finding(
        path=path,
        line=min(line, len(lines)),
        end_line=min(line + max(hunk.old_count, 1) - 1, len(lines)),
        rule="format",
        tool=NAME,
        message=_message(hunk),
        text=lines[min(line, len(lines)) - 1].decode(errors="replace").strip(),
        fixable=True,
    )


def _message(hunk: Hunk) -> str:
    if not hunk.old_count:
        return f"black would add {_counted(hunk.new_count)} before this one"
    if not hunk.new_count:
        return f"black would remove {_counted(hunk.old_count)}"
    if hunk.old_count == hunk.new_count:
        return f"black would rewrite {_counted(hunk.old_count)}"
    return f"black would rewrite {_counted(hunk.old_count)} as {hunk.new_count}"


def _counted(lines: int) -> str:
    return "1 line" if lines == 1 else f"{lines} lines"


def _failure(path: str, message: str, line: int) -> Failure:
    return Failure(tool=NAME, kind=FailureKind.UNPARSABLE, message=message, path=path, line=line)


def _unanswered(path: str, kind: FailureKind, deadline: Deadline) -> Failure:
    what = f"did not end within {deadline.seconds:g} s" if kind is FailureKind.TIMED_OUT else "crashed on it"
    message = f"black {what}; exclude the file (extend-exclude in [tool.black]), or give more time (timeout)"
    return Failure(tool=NAME, kind=kind, message=message, path=path)
