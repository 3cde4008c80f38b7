"""Memory: how many bytes this process may still take, by its machine and by its cgroups."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

# Where a control group says its limit, what is used of it, and what of that is only a cache.
V2 = ("sys/fs/cgroup", "memory.max", "memory.current", "inactive_file")
V1 = (
    "sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file",
)  # fmt: skip


def available(root: Path = Path("/")) -> int:
    """The least of what the machine and each of this process's control groups have left."""
    return max(0, min([machine(root), *left_in_groups(root)]))


def machine(root: Path) -> int:
    """What the kernel says new work may take; all memory there is where it does not say."""
    lines = text(root / "proc/meminfo").splitlines()
    told = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    if "MemAvailable" in told:
        return int(told["MemAvailable"][0]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def left_in_groups(root: Path) -> Iterator[int]:
    """The limit less the use of every group that holds this process, from the inmost outwards.

    A container sees its own group as the root of all, whatever path it is told; so the root is
    looked at in any case.
    """
    for line in text(root / "proc/self/cgroup").splitlines():
        _, controllers, place = line.split(":", 2)
        if controllers in ("", "memory"):
            base, limit, use, cache = V1 if controllers else V2
            inmost = Path(place.lstrip("/"))
            for group in (inmost, *inmost.parents):
                yield from left(root / base / group, limit, use, cache)


def left(group: Path, limit: str, use: str, cache: str) -> Iterator[int]:
    """What is left of one group's limit, if it has one; caches can be given up."""
    most, used = text(group / limit).strip(), text(group / use).strip()
    if most.isdecimal() and used.isdecimal():
        lines = text(group / "memory.stat").splitlines()
        cached = sum(int(line.split()[1]) for line in lines if line.split()[0] == cache)
        yield int(most) - int(used) + cached


def text(path: Path) -> str:
    """What a file holds, nothing where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
