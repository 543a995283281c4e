"""What `ganga run` and `ganga submit` share: the options of a job, and the job that they make."""

import argparse
import os
import re
import shlex
import tomllib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from ganga.cli.parsing import Namespace, Parser, add_json, existing, folder, number, read_options, variable
from ganga.cli.resources import configure_resources
from ganga.cli.words import tell
from ganga.client import Client
from ganga.errors import UsageError
from ganga.model.ids import shortened
from ganga.model.job import JobRecord, Plugin, Resubmission, Share
from ganga.model.resources import Resources
from ganga.split import MOST_SUBJOBS, by_arguments, by_files, by_range, repeat

_EPILOG = """\
Everything behind the first word that is no option, or behind --, is the
command. It is run as it stands, without a shell; for a shell line, say:
ganga run -- sh -c 'LINE'.

The options of --check, --merge and --notify may be lists, written as in TOML:
--check 'files:patterns=["*.root"]'.

A job runs in the present folder. One that declares --input or --output runs
in a fresh folder of its own."""

_PLUGIN = "NAME[:OPTION=VALUE,...]"


class JobOptions(msgspec.Struct, frozen=True, kw_only=True):
    """One job as asked for."""

    command: tuple[str, ...]
    name: str
    target: str | None
    subjobs: int | None
    each: tuple[str, ...] | None
    each_file: tuple[Path, ...] | None
    each_line: Path | None
    range: tuple[int, int, int] | None
    per_subjob: int | None
    input: tuple[Path, ...]
    output: tuple[str, ...]
    folder: Path | None
    env: tuple[tuple[str, str], ...]
    check: tuple[Plugin, ...]
    merge: tuple[Plugin, ...]
    notify: tuple[Plugin, ...]
    attempts: int
    retry_on: tuple[str, ...]
    processors: int | None
    memory: int | None
    time: int | None
    queue: str
    project: str
    gpus: int | None
    image: str
    native: tuple[str, ...]
    json: bool

    @property
    def resources(self) -> Resources:
        """What the job needs."""
        names = Resources.__struct_fields__
        return Resources(**{name: getattr(self, name) for name in names})


def configure_job(parser: Parser) -> None:
    """Declare the options of a job."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG
    parser.usage = f"{parser.prog} [options] [--] COMMAND [ARGUMENT...]"
    parser.option("--target", metavar="T", help="where to run it; by default the default target")
    parser.option("--name", metavar="X", default="", help="a name to find it by")
    _configure_split(parser)
    _configure_files(parser)
    configure_resources(parser)
    _configure_end(parser)
    add_json(parser)
    parser.option("command", metavar="COMMAND", nargs=argparse.REMAINDER, help="the program and its arguments")


def _configure_split(parser: Parser) -> None:
    count = number(1, MOST_SUBJOBS, int)
    parser.option("-n", "--subjobs", metavar="N", type=count, help="so many subjobs, told apart by GANGA_SUBJOB_INDEX")
    parser.option("--each", metavar="WORD", nargs="+", help="a subjob for each word, appended to the command (then --)")
    parser.option(
        "--each-file", metavar="FILE", type=existing, nargs="+", help="a subjob for each file, its input and argument"
    )
    parser.option("--each-line", metavar="FILE", type=existing, help="a subjob for each line, its words the arguments")
    parser.option("--range", metavar="FROM:TO:SIZE", type=_range, help="a subjob for every SIZE numbers below TO")
    parser.option("--per-subjob", metavar="K", type=count, help="so many of --each-file for one subjob")


def _configure_files(parser: Parser) -> None:
    parser.option(
        "--input", metavar="F", type=existing, action="append", default=[], help="a file or folder to copy in"
    )
    parser.option("--output", metavar="PATTERN", action="append", default=[], help="what to bring back: '*.root'")
    parser.option("--in", dest="folder", metavar="FOLDER", type=folder, help="the folder to run in")
    parser.option("--env", metavar="K=V", type=variable, action="append", default=[], help="a variable for the job")


def _configure_end(parser: Parser) -> None:
    for name, purpose in (
        ("--check", "a checker, which may turn completed into failed"),
        ("--merge", "join the subjobs' output: text, tar"),
        ("--notify", "a notifier, which tells of the end"),
    ):
        parser.option(name, metavar=_PLUGIN, type=_plugin, action="append", default=[], help=purpose)
    parser.option(
        "--attempts", metavar="N", type=number(1, 1000, int), default=1, help="try a failed job so often in all"
    )
    parser.option(
        "--retry-on",
        metavar="REGEX",
        type=_pattern,
        action="append",
        default=[],
        help="try again only after reasons like this",
    )


def read_job(namespace: Namespace) -> JobOptions:
    """The options of a job. Raises `UsageError` for what does not go together."""
    options = read_options(namespace, JobOptions)
    command = options.command[1:] if options.command[:1] == ("--",) else options.command
    if not command:
        behind = "; after --each and --each-file it stands behind --" if options.each or options.each_file else ""
        raise UsageError(f"there is no command to run; expected a program and its arguments{behind}")
    ways = [options.subjobs, options.each, options.each_file, options.each_line, options.range]
    if sum(way is not None for way in ways) > 1:
        raise UsageError("-n, --each, --each-file, --each-line and --range are five ways to split; choose one")
    if options.per_subjob is not None and options.each_file is None:
        raise UsageError("--per-subjob divides the files of --each-file, which are not given; add them or leave it out")
    if options.merge and all(way is None for way in ways):
        raise UsageError("--merge joins the output of subjobs, and this job has none; add -n or another way to split")
    return msgspec.structs.replace(options, command=command)


async def submit_job(client: Client, options: JobOptions) -> JobRecord:
    """Submit the job. Raises `UsageError`."""
    record = await client.submit(
        options.command,
        name=options.name,
        target=options.target,
        subjobs=_shares(options),
        environment=dict(options.env),
        folder=options.folder,
        inputs=options.input,
        outputs=options.output,
        checkers=options.check,
        mergers=options.merge,
        notifiers=options.notify,
        resubmission=Resubmission(attempts=options.attempts, reasons=options.retry_on),
        resources=options.resources,
    )
    _hint(options)
    return record


def _shares(options: JobOptions) -> list[Share] | None:
    if options.subjobs is not None:
        return repeat(options.subjobs)
    if options.each is not None:
        return by_arguments(options.each)
    if options.each_file is not None:
        return by_files([str(path.absolute()) for path in options.each_file], per_subjob=options.per_subjob or 1)
    if options.each_line is not None:
        return by_arguments(_lines(options.each_line))
    if options.range is not None:
        first, behind, size = options.range
        return by_range(first, behind, size=size)
    return None


def _lines(path: Path) -> list[Sequence[str]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        words = [shlex.split(line) for line in lines if line.strip()]
    except ValueError as error:
        raise UsageError(f"{path} cannot be divided into words: {error}; mend its quotes or its encoding") from error
    if not words:
        raise UsageError(f"{path} has no lines; expected one for each subjob")
    return [tuple(line) for line in words]


def _hint(options: JobOptions) -> None:
    """Say it when the command speaks of files that are here and not where the job runs."""
    if not options.input and not options.output and options.each_file is None:
        return
    copied = {(path.name,) for path in (*options.input, *(options.each_file or ()))}
    for word in options.command if options.folder is None else ():
        path = Path(word)
        if not path.is_absolute() and os.path.lexists(path) and path.parts[:1] not in copied:
            tell(
                f"hint: {shortened(word)!r} is a file here, but the job runs in a folder of its own; "
                f"add --input {shlex.quote(shortened(word))}"
            )


def _range(text: str) -> tuple[int, int, int]:
    try:
        first, behind, size = (int(part) for part in text.split(":"))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{shortened(text)!r} is not a range; expected FROM:TO:SIZE") from error
    if size < 1 or not 0 < behind - first <= MOST_SUBJOBS * size:
        raise argparse.ArgumentTypeError(
            f"{shortened(text)!r} does not make 1 to {MOST_SUBJOBS} subjobs; change a number"
        )
    return first, behind, size


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"{shortened(text)!r} is not a regular expression: {error}") from error
    return text


def _plugin(text: str) -> Plugin:
    """Reads ``NAME`` or ``NAME:OPTION=VALUE,...``; values are as in TOML, and whatever is not is text."""
    name, _, given = text.partition(":")
    try:
        return msgspec.convert({"name": name, "options": _toml(f"{{{given}}}") or _simple_options(name, given)}, Plugin)
    except msgspec.ValidationError as error:
        raise argparse.ArgumentTypeError(f"{shortened(text)!r} cannot be used: {error}") from error


def _simple_options(name: str, given: str) -> dict[str, object]:
    options: dict[str, object] = {}
    for part in filter(None, given.split(",")):
        key, equals, value = part.partition("=")
        if not equals:
            raise argparse.ArgumentTypeError(
                f"{shortened(part)!r} is not an option of {shortened(name)}; expected OPTION=VALUE"
            )
        read = _toml(value)
        options[key] = value if read is None else read
    return options


def _toml(text: str) -> object:
    """The value that the text is in TOML; None if it is not."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return None
