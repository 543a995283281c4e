"""How much old debt each file is allowed, by rule, and how that follows the code: it can only fall. Pure.

An allowance counts, and knows no lines: code may move within its file as it likes. It allows a number of findings of a
rule in a file; what is not mentioned is not allowed at all.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from ganga_quality.findings import Finding


class Key(NamedTuple):
    """What a number is allowed for; sorted by path, then by rule."""

    path: str
    rule: str


Allowances = Mapping[Key, int]


def counted(findings: Iterable[Finding]) -> Counter[Key]:
    """How many findings there are of each rule in each file."""
    return Counter(Key(finding.path, finding.rule) for finding in findings)


def carried(allowed: Allowances, renames: Mapping[str, str]) -> dict[Key, int]:
    """The allowances after renames (old paths by new ones): a file takes them along, unless it has its own."""
    moved = {old: new for new, old in renames.items()}
    result = {key: number for key, number in allowed.items() if key.path not in moved}
    for key, number in allowed.items():
        if key.path in moved:
            result.setdefault(Key(moved[key.path], key.rule), number)
    return result


def lowered(allowed: Allowances, there: Allowances, judged: Callable[[str], bool]) -> dict[Key, int]:
    """No more than there is: what is gone is no longer allowed. A rule that nobody judged this time stays as it is."""
    least = {key: min(number, there.get(key, 0)) if judged(key.rule) else number for key, number in allowed.items()}
    return {key: number for key, number in least.items() if number}


def accepted(allowed: Allowances, there: Allowances, judged: Callable[[str], bool]) -> dict[Key, int]:
    """Exactly what there is, more or less than before. A rule that nobody judged this time stays as it is."""
    unjudged = {key: number for key, number in allowed.items() if not judged(key.rule)}
    return unjudged | {key: number for key, number in there.items() if number}


def grown(allowed: Allowances, there: Allowances) -> dict[Key, int]:
    """By how many there are more than allowed."""
    return {key: number - allowed.get(key, 0) for key, number in there.items() if number > allowed.get(key, 0)}
