"""``python -m tests.chaos``: have everything go wrong by a plan, and judge what became of it."""

import argparse
import asyncio
import sys
from collections.abc import Mapping, Sequence
from typing import Final

from rich.console import Console

from tests.chaos.defects import DEFECTS
from tests.chaos.plan import Kind
from tests.chaos.postgres import postgres_shop
from tests.chaos.report import WIDTH, as_json, print_outcome, print_plan
from tests.chaos.run import OpenShop, Wish, run
from tests.chaos.stores import sqlite_shop

SHOPS: Final[Mapping[str, OpenShop]] = {"postgres": postgres_shop, "sqlite": sqlite_shop}


def main(arguments: Sequence[str]) -> int:
    """Exit code 0 if every law held, 1 if one was broken."""
    options = _parser().parse_args(arguments)
    wish = Wish(
        seconds=options.seconds,
        seed=options.seed,
        hosts=options.monitors,
        kinds=None if options.only is None else [Kind(kind) for kind in options.only],
        defect=options.defect,
        patience=options.patience,
    )
    console = Console(stderr=options.json, width=None if sys.stdout.isatty() else WIDTH)
    outcome = asyncio.run(run(wish, SHOPS[options.store], lambda faults: print_plan(faults, console)))
    print_outcome(outcome, console)
    if options.json:
        sys.stdout.write(as_json(outcome) + "\n")
    return 0 if outcome.lawful else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos", description="Have everything go wrong by a plan, and judge what became of it."
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="for so long things go wrong (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="the same one makes the same plan (%(default)s)")
    parser.add_argument("--store", choices=sorted(SHOPS), default="sqlite", help="what all meet in (%(default)s)")
    parser.add_argument("--monitors", type=int, default=3, help="so many of them (%(default)s)")
    parser.add_argument("--patience", type=float, default=120.0, help="seconds for all to settle (%(default)s)")
    parser.add_argument("--only", nargs="+", choices=list(Kind), metavar="KIND", help=f"of {', '.join(Kind)}")
    parser.add_argument("--defect", choices=sorted(DEFECTS), help="break the product, to see that it is found")
    parser.add_argument(
        "--json", action="store_true", help="print one JSON object; the tables go to the standard error"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
