"""python -m tests.bench [PART …]: times beside their bars, of all parts or of those that are named.

Every ratio is taken in one run on this machine, to a peer that the bench contains.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec

from pipeline.base.paths import ROOT, display_path
from pipeline.base.tables import Table
from pipeline.store.layout import claim
from pipeline.store.write.table import write_csv
from tests.bench import brush, commands, comparison, mechanism, sweeps

UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"))

Row = tuple[str, int, float, float, float | None]  # what, how many, seconds, measure, bar
PARTS: dict[str, tuple[Callable[[], Iterator[Row]], str, str]] = {
    # name -> its cases, what it counts, and what its bars are held against
    "commands": (commands.rows, "runs", "ratio"),
    "sweeps": (sweeps.rows, "runs", "ratio"),
    "comparison": (comparison.rows, "runs", "gigabytes"),
    "brush": (brush.rows, "runs", "ratio"),
    "mechanism": (mechanism.rows, "n", "ratio"),
}

NEEDS = {
    "mechanism": ("torch", "make test-oracle"),
    "brush": ("playwright", "make setup EXTRAS=browser"),
}


def main() -> int:
    """Runs the parts that were asked for, prints each case as it is measured and writes a CSV."""
    asked = parser().parse_args().parts or list(PARTS)
    folder = claim(ROOT / "outputs" / "bench", "%Y-%m-%d_%H-%M-%S.%f", "bench")
    for part in asked:
        cases, count, measure = PARTS[part]
        needed, how = NEEDS.get(part, ("numpy", ""))
        if not find_spec(needed):
            print(f"{part} is left out: it needs {needed}, which `{how}` installs.")
            continue
        rows = list(told(cases(), count, measure))
        write_csv(folder / f"{part}.csv", Table(("what", count, "seconds", measure, "bar"), rows))
    print(display_path(folder))
    return 0


def parser() -> argparse.ArgumentParser:
    """The parts, all where none is named."""
    made = argparse.ArgumentParser("python -m tests.bench", description=__doc__)
    made.add_argument("parts", nargs="*", metavar="PART", type=part_name,
                      help=f"{', '.join(PARTS)}; all where none is named")  # fmt: skip
    return made


def part_name(name: str) -> str:
    """A part that there is."""
    if name not in PARTS:
        raise argparse.ArgumentTypeError(f"got {name!r}, expected one of: {', '.join(PARTS)}")
    return name


def told(cases: Iterator[Row], count: str, measure: str) -> Iterator[Row]:
    """Each case as a line on the terminal, as soon as it is measured."""
    for row in cases:
        what, many, taken, found, bar = row
        beside = f"{measure} {found:<6.3g}" if math.isfinite(found) else ""
        if bar is not None:
            beside = f"{beside}  bar {bar:g}"
        print(f"{what:48}  {count} = {many:<6,}  {spoken(taken):>8}  {beside}".rstrip(), flush=True)
        yield row


def spoken(taken: float) -> str:
    """A time to three digits, in the unit in which it is easily read; nothing for none.

    >>> spoken(4.728e-05), spoken(0.0163), spoken(18.61), spoken(0.0)
    ('47.3 µs', '16.3 ms', '18.6 s', '')
    """
    if not taken > 0.0:
        return ""
    size, unit = next((size, unit) for size, unit in UNITS if taken >= size or unit == "µs")
    return f"{taken / size:.3g} {unit}"


if __name__ == "__main__":
    sys.exit(main())
