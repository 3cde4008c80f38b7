"""Small bugs, put in one at a time, and the test that notices each.

    python -m tests.mutations                 every mutation
    python -m tests.mutations causal-sees-one-ahead rotary-sign
    python -m tests.mutations --room sweep --whole

A mutation of mutations.yaml replaces one text in one file, in a copy of the checkout. The tests
that it names run first. If they all pass, those of its room run, and with --whole the default
suite. Last, the tests that failed are run without a mutation, and must pass.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import cache_from_source
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.mutations.mutation import ROOMS, ROOT, Mutation, read_mutations

FILES = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
# The slow tests too: which tests a mutation names is no matter of how long they take.
PYTEST = (sys.executable, "-m", "pytest", "-x", "--tb=no", "-m", "not (oracle or browser or extra)")


def main(argv: Sequence[str] | None = None) -> int:
    """Prints a line per mutation; the exit code is 0 where every one was caught, else 1."""
    args = parser().parse_args(argv)
    mutations = select(args.names, args.room)
    with TemporaryDirectory(prefix="mutations-") as folder:
        copy = Path(folder)
        copy_checkout(copy)
        caught_by = {}
        for mutation in mutations:
            caught_by[mutation.name] = test = catch(mutation, copy, args.whole)
            print(f"{mutation.room:<12} {mutation.name:<40} {test or 'SURVIVED'}", flush=True)
        tests = {test for test in caught_by.values() if test}
        if tests and (failed := first_failure(copy, sorted(tests))):
            sys.exit(f"{failed} fails without a mutation too, so it says nothing")
    print(f"{sum(map(bool, caught_by.values()))} of {len(mutations)} caught")
    return int(not all(caught_by.values()))


def parser() -> argparse.ArgumentParser:
    """Which mutations, and which tests."""
    options = argparse.ArgumentParser(
        "python -m tests.mutations",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    options.add_argument("names", nargs="*", metavar="NAME", help="all if none is named")
    options.add_argument("--room", choices=ROOMS, help="those of one room")
    options.add_argument("--whole", action="store_true", help="the default suite for survivors")
    return options


def select(names: Sequence[str], room: str | None) -> list[Mutation]:
    """The mutations asked for; each must still apply to today's code."""
    mutations = {mutation.name: mutation for mutation in read_mutations()}
    if unknown := set(names) - set(mutations):
        sys.exit(f"no mutation is called {', '.join(sorted(unknown))}")
    selected = [m for m in mutations.values() if room in (None, m.room)]
    selected = [m for m in selected if not names or m.name in names]
    try:
        for mutation in selected:
            mutation.apply(ROOT)
    except ValueError as error:
        sys.exit(str(error))
    return selected


def copy_checkout(to: Path) -> None:
    """Every file that git tracks or would track, as it is now."""
    listed = subprocess.run(FILES, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in filter(None, set(listed.split("\0"))):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, to / name)


def catch(mutation: Mutation, copy: Path, is_whole: bool) -> str | None:
    """The first test that notices the mutation; None if it survives."""
    path = copy / mutation.file
    original = path.read_text(encoding="utf-8")
    rounds: list[Sequence[str]] = [mutation.tests, ROOMS[mutation.room]]
    write(path, mutation.apply(copy))
    try:
        for tests in [*rounds, ()] if is_whole else rounds:
            if failed := first_failure(copy, tests):
                return failed
    finally:
        write(path, original)
    return None


def write(path: Path, text: str) -> None:
    """Writes a module and removes its bytecode, which may look as new as the text."""
    path.write_text(text, encoding="utf-8")
    Path(cache_from_source(str(path))).unlink(missing_ok=True)


def first_failure(copy: Path, tests: Sequence[str]) -> str | None:
    """The test that fails first in the copy; None if all pass."""
    record = copy / ".pytest_cache" / "v" / "cache" / "lastfailed"
    record.unlink(missing_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    ran = subprocess.run(
        [*PYTEST, *tests], cwd=copy, env=environment, capture_output=True, text=True
    )
    if ran.returncode == 0:
        return None
    if not record.exists():
        sys.exit(f"pytest {' '.join(tests)} could not run:\n{ran.stdout[-2000:]}{ran.stderr}")
    failed: str = next(iter(json.loads(record.read_text(encoding="utf-8"))))
    return failed


if __name__ == "__main__":
    sys.exit(main())
