"""Comments that keep the tools silent: ``# noqa``, ``# type: ignore`` and their like, which are debt too. Pure."""

import re
from collections.abc import Iterator

from ganga_quality.findings import Finding

NAME = "suppressions"

#: In nearly all files one quick look says that there is none.
_HINT = re.compile(rb"noqa|type:\s*ignore|ruff:|mypy:|fmt:|isort:|yapf:", re.IGNORECASE)

#: Strings and comments of any Python, 2 or 3, parsable or not: what the standard library's tokenizer accepts depends on
#: the version that it belongs to, and a count must not. Each byte is looked at a bounded number of times.
_TOKEN = re.compile(
    rb'"""(?:[^\\]|\\.)*?"""'
    rb"|'''(?:[^\\]|\\.)*?'''"
    rb'|"(?:[^"\\\n]|\\.)*"'
    rb"|'(?:[^'\\\n]|\\.)*'"
    rb"|#[^\r\n]*",
    re.DOTALL,
)

_CODE = re.compile(r"[A-Za-z]+[0-9]+")
_CODES = r"[a-z]+[0-9]+(?:[\s,]+[a-z]+[0-9]+)*"
_FORMS = (
    # Each with the word that its rule begins with, and what it names.
    ("noqa", re.compile(rf"#\s*noqa\b(?:\s*:\s*({_CODES}))?", re.IGNORECASE)),
    ("file-noqa", re.compile(rf"#\s*(?:ruff|flake8)\s*[:=]\s*noqa\b(?:\s*:\s*({_CODES}))?", re.IGNORECASE)),
    ("ruff-disable", re.compile(r"#\s*ruff\s*:\s*disable\s*\[([^\]]*)\]")),
    ("ruff-ignore", re.compile(r"#\s*ruff\s*:\s*(?:file-)?ignore\s*\[([^\]]*)\]")),
    ("type-ignore", re.compile(r"#\s*type:\s*ignore\b(?:\s*\[([^\]]*)\])?")),
    ("fmt", re.compile(r"#\s*fmt\s*:\s*(off|skip)\b")),
    ("yapf", re.compile(r"#\s*yapf\s*:\s*(disable)\b")),
    ("isort", re.compile(r"#\s*isort\s*:\s*(skip_file|skip|off|split)\b")),
)

_MYPY = re.compile(r"#\s*mypy\s*:(.*)")
#: Options for one file that have mypy say less; those that have it say more are nobody's debt.
_LOOSENING = re.compile(
    r"""(?<![a-z-])(ignore-errors|ignore-missing-imports|allow-[a-z-]+|implicit-[a-z-]+|follow-imports|disable-error-code)
    (?:\s*=\s*("[^"]*"|[^",\s]*))?""",
    re.VERBOSE,
)


def suppressions(source: bytes, path: str) -> tuple[Finding, ...]:
    """A finding for each rule that a comment keeps silent, its ``rule`` made of both: ``noqa:E501``, ``type-ignore``.

    Strings that look like such comments are none. Lines are counted as git counts them.
    """
    if not _HINT.search(source):
        return ()
    return tuple(
        _finding(path, rule, line, token) for line, token in _comments(source) for rule in sorted(_rules(token))
    )


def is_suppression(rule: str) -> bool:
    """Whether it is a rule of this module."""
    return rule.partition(":")[0] in _WORDS


_WORDS = frozenset({"mypy", *(word for word, _ in _FORMS)})


def _comments(source: bytes) -> Iterator[tuple[int, str]]:
    """Each comment with its line."""
    line, counted = 1, 0
    for token in _TOKEN.finditer(source):
        if token[0].startswith(b"#"):
            line += source.count(b"\n", counted, token.start())
            counted = token.start()
            yield line, token[0].decode(errors="replace")


def _rules(comment: str) -> set[str]:
    rules = {
        f"{word}:{code}" if code else word
        for word, form in _FORMS
        for found in form.finditer(comment)
        for code in _codes(found[1])
    }
    return rules | {rule for found in _MYPY.finditer(comment) for rule in _of_mypy(found[1])}


def _codes(named: str | None) -> list[str]:
    """What stands between the brackets or behind the colon; nothing at all stands for everything."""
    found = [code for code in re.split(r"[\s,]+", named or "") if code]
    return [code.upper() if _CODE.fullmatch(code) else code for code in found] or [""]


def _of_mypy(options: str) -> Iterator[str]:
    for option, value in _LOOSENING.findall(options):
        for code in re.split(r"[\s,]+", value.strip('"')) if option == "disable-error-code" else ("",):
            yield f"mypy:{option}" + (f"={code}" if code else "")


def _finding(path: str, rule: str, line: int, comment: str) -> Finding:
    return Finding(
        path=path,
        line=line,
        rule=rule,
        tool=NAME,
        message=f"keeps the tools silent: {comment[:80]}",
        end_line=line,
        text=comment.strip(),
    )
