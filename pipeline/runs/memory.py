"""Memory: how many bytes this process may still take, by its machine and by its cgroups."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from pipeline.base.errors import UserError
from pipeline.base.records import LayerInput

# Where a control group says its limit, what is used of it, and what of that is only a cache.
V2 = ("sys/fs/cgroup", "memory.max", "memory.current", "inactive_file")
V1 = (
    "sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file",
)  # fmt: skip


def available(root: Path = Path("/")) -> int:
    """The least of what the machine and each of this process's control groups have left."""
    return max(0, min([left_on_machine(root), *left_in_groups(root)]))


def left_on_machine(root: Path) -> int:
    """What the kernel says new work may take; all memory there is where it does not say."""
    lines = read_text(root / "proc/meminfo").splitlines()
    told = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    if "MemAvailable" in told:
        return int(told["MemAvailable"][0]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def left_in_groups(root: Path) -> Iterator[int]:
    """The limit less the use of every group that holds this process, from the inmost outwards.

    A container sees its own group as the root of all, whatever path it is told; so the root is
    looked at in any case.
    """
    for line in read_text(root / "proc/self/cgroup").splitlines():
        _, controllers, place = line.split(":", 2)
        if controllers in ("", "memory"):
            base, limit, use, cache = V1 if controllers else V2
            inmost = Path(place.lstrip("/"))
            for group in (inmost, *inmost.parents):
                yield from left_in_group(root / base / group, limit, use, cache)


def left_in_group(group: Path, limit: str, use: str, cache: str) -> Iterator[int]:
    """What is left of one group's limit, if it has one; caches can be given up."""
    most, used = read_text(group / limit).strip(), read_text(group / use).strip()
    if most.isdecimal() and used.isdecimal():
        lines = read_text(group / "memory.stat").splitlines()
        cached = sum(int(line.split()[1]) for line in lines if line.split()[0] == cache)
        yield int(most) - int(used) + cached


def read_text(path: Path) -> str:
    """What a file holds, nothing where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


WEIGHT_BYTES = 8  # bytes


def check_memory(
    prepared: Iterable[LayerInput], available: Callable[[], int], each: int = 1
) -> None:
    """A `UserError` that names the largest sentence where all weights together would not fit.

    `each` is how many matrices of the weights' shape a sentence has, over all layers.
    """
    sizes = {one.embedded.sentence.name: each * weights_size(one) for one in prepared}
    needed = sum(sizes.values())
    if needed < ASK_FROM:
        return
    left = available()
    if needed <= left:
        return
    largest = max(sizes, key=lambda name: sizes[name])
    raise UserError(
        f"attention.retain: got 'full', which would hold {gigabytes(needed)} of weights in "
        f"{gigabytes(left)} of free memory ({largest} alone has {gigabytes(sizes[largest])}); "
        "expected top_k or none, which hold no N × M weights"
    )


def check_stages(prepared: Iterable[LayerInput]) -> None:
    """A `UserError` that names the first sentence whose logits are too many to be written."""
    for one in prepared:
        count = weights_size(one) // WEIGHT_BYTES
        if count > MAX_LOGITS:
            raise UserError(
                f"stages: {one.embedded.sentence.name} has {count} logits a stage, expected at "
                f"most {MAX_LOGITS} (one head of 512 tokens); leave stages=[] or shorten it"
            )


MAX_LOGITS = 1 << 18  # of one sentence's stage, all heads
ASK_FROM = 1 << 26  # bytes; below them no machine is asked


def weights_size(prepared: LayerInput) -> int:
    """Bytes of one layer's weights, [H, N, M]."""
    heads, queries = prepared.projected.query.shape[:2]
    return WEIGHT_BYTES * heads * queries * prepared.projected.key.shape[1]


def gigabytes(size: int) -> str:
    """Bytes as a person reads them.

    >>> gigabytes(34_359_738_368)
    '34.36 GB'
    """
    return f"{size / 1e9:.2f} GB"
