"""A campaign of local jobs: simulate decays of the Z boson in many subjobs, gather their histograms, measure its mass.

``python -m ganga.examples.campaign`` runs it; ``--help`` tells how to make it larger.
"""

import argparse
import math
import random
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import ganga
from ganga import split

#: The mass and the width of the Z boson, and the resolution of our detector, in GeV.
MASS, WIDTH, RESOLUTION = 91.19, 2.50, 1.2
#: The window in which we look, in GeV; the histogram has one bin for each.
WINDOW = range(76, 107)


def simulate(first: int, last: int, path: Path) -> None:
    """Simulate the events from number `first` up to `last` and write how many fall into each bin of the window."""
    histogram: Counter[int] = Counter()
    for event in range(first, last):
        chance = random.Random(event)  # noqa: S311 - a simulation, not a secret
        true_mass = MASS + WIDTH / 2 * math.tan(math.pi * (chance.random() - 0.5))
        histogram[math.floor(chance.gauss(true_mass, RESOLUTION))] += 1
    path.write_text("".join(f"{mass} {histogram[mass]}\n" for mass in WINDOW))


def gather(paths: Iterable[Path]) -> Counter[int]:
    """The sum of the histograms in these files."""
    total: Counter[int] = Counter()
    for path in paths:
        for line in path.read_text().splitlines():
            mass, count = line.split()
            total[int(mass)] += int(count)
    return total


def peak(histogram: Counter[int]) -> tuple[float, float]:
    """The mean mass near the peak, and its statistical error, in GeV."""
    top = max(histogram, key=lambda mass: histogram[mass])
    near = {mass + 0.5: histogram[mass] for mass in range(top - 4, top + 5)}
    count = sum(near.values())
    mean = sum(mass * entries for mass, entries in near.items()) / count
    variance = sum((mass - mean) ** 2 * entries for mass, entries in near.items()) / count
    return mean, math.sqrt(variance / count)


def draw(histogram: Counter[int], width: int = 60) -> Iterator[str]:
    """The histogram as lines of text."""
    highest = max(histogram.values())
    for mass in WINDOW:
        yield f"{mass:4d} GeV {'#' * round(width * histogram[mass] / highest)}"


def run(events: int, subjobs: int) -> int:
    """Run the campaign and print what it found. Returns the exit code."""
    program = [sys.executable, "-m", "ganga.examples.campaign", "--simulate"]
    size = max(1, math.ceil(events / subjobs))
    with ganga.open() as session:
        job = session.submit(
            program, name="z-boson", target="local", subjobs=split.by_range(0, events, size=size), outputs=["mass.txt"]
        )
        print(f"job {job.id}: {events} events in {job.subjobs} subjobs; `ganga show {job.id}` tells more")
        follow(session, job)
        subjobs_of_it = list(session.select(parent=job, subjobs=True))
        bad = [subjob for subjob in subjobs_of_it if subjob.status is not ganga.JobStatus.COMPLETED]
        for subjob in bad:
            print(f"subjob {subjob.id} is {subjob.status}: {subjob.reason}", file=sys.stderr)
        if bad:
            return 1
        histogram = gather(session.fetch(subjob) / "mass.txt" for subjob in subjobs_of_it)
    print(*draw(histogram), sep="\n")
    mass, error = peak(histogram)
    print(f"{histogram.total()} of {events} events in the window; the peak is at {mass:.2f} +- {error:.2f} GeV")
    return 0


def follow(session: "ganga.Session", job: "ganga.Job") -> None:
    """Print a line each time that another subjob has ended, until all have."""
    ended = 0
    for event in session.events(after=0, job=job):
        if event.new is None or not event.new.final:
            continue
        if event.job == job.id:
            return
        ended += 1
        print(f"  {event.job} {event.new} ({ended} of {job.subjobs})", flush=True)


def main() -> int:
    """Read the command line and run, as a whole or as one of the subjobs."""
    parser = argparse.ArgumentParser(description="Measure the mass of the Z boson in simulated events.")
    parser.add_argument("--events", type=int, default=200_000, help="how many in all (default: %(default)s)")
    parser.add_argument("--subjobs", type=int, default=20, help="into how many to split (default: %(default)s)")
    parser.add_argument("--simulate", type=int, nargs=2, metavar=("FIRST", "LAST"), help="what one subjob does")
    options = parser.parse_args()
    if options.simulate:
        first, last = options.simulate
        simulate(first, last, Path("mass.txt"))
        return 0
    return run(options.events, options.subjobs)


if __name__ == "__main__":
    sys.exit(main())
