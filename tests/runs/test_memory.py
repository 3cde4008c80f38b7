"""Memory: the least of what the machine and every control group of this process leave."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from pipeline.runs.memory import available

MACHINE = {"proc/meminfo": "MemTotal: 16000 kB\nMemAvailable:    8000 kB\n"}
V2 = "sys/fs/cgroup"
V1 = "sys/fs/cgroup/memory"


def files(root: Path, content: Mapping[str, str]) -> Path:
    """A root with those files."""
    for name, text in content.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


CASES: dict[str, tuple[dict[str, str], int]] = {
    "no groups": ({}, 8_192_000),
    "a group without a limit": (
        {"proc/self/cgroup": "0::/a\n", f"{V2}/a/memory.max": "max\n",
         f"{V2}/a/memory.current": "5\n"},
        8_192_000,
    ),
    "its own limit": (
        {"proc/self/cgroup": "0::/a/b\n", f"{V2}/a/b/memory.max": "1000\n",
         f"{V2}/a/b/memory.current": "600\n"},
        400,
    ),
    "that of the group around it": (
        {"proc/self/cgroup": "0::/a/b\n", f"{V2}/a/b/memory.max": "1000\n",
         f"{V2}/a/b/memory.current": "600\n", f"{V2}/a/memory.max": "900\n",
         f"{V2}/a/memory.current": "700\n"},
        200,
    ),
    "caches can be given up": (
        {"proc/self/cgroup": "0::/\n", f"{V2}/memory.max": "1000\n",
         f"{V2}/memory.current": "600\n",
         f"{V2}/memory.stat": "anon 1\nactive_file 7\ninactive_file 50\n"},
        450,
    ),
    "a container that is told a path it cannot see": (
        {"proc/self/cgroup": "0::/out/there\n", f"{V2}/memory.max": "1000\n",
         f"{V2}/memory.current": "100\n"},
        900,
    ),
    "the first version": (
        {"proc/self/cgroup": "5:cpu:/x\n4:memory:/a\n0::/\n",
         f"{V1}/a/memory.limit_in_bytes": "99\n",
         f"{V1}/a/memory.usage_in_bytes": "9\n"},
        90,
    ),
    "more used than allowed": (
        {"proc/self/cgroup": "0::/\n", f"{V2}/memory.max": "10\n", f"{V2}/memory.current": "60\n"},
        0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_the_least_of_all_limits_counts(case: str, tmp_path: Path) -> None:
    content, expected = CASES[case]
    assert available(files(tmp_path, MACHINE | content)) == expected


def test_a_kernel_that_does_not_say_has_what_is_built_in(tmp_path: Path) -> None:
    built_in = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert available(tmp_path) == built_in
    assert available(files(tmp_path, {"proc/meminfo": "MemTotal: 16000 kB\n"})) == built_in


def test_here_it_is_something() -> None:
    assert available() > 0
