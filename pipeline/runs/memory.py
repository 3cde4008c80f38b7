"""Memory: how many bytes this process may still use, by its machine and by its cgroups."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from pipeline.base.errors import UserError
from pipeline.base.records import LayerInput

# The files of a control group with its limit, its use, and the entry of that which is cache.
V2 = ("sys/fs/cgroup", "memory.max", "memory.current", "inactive_file")
V1 = (
    "sys/fs/cgroup/memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file",
)  # fmt: skip


def available(root: Path = Path("/")) -> int:
    """Bytes left: the least of the machine and of each control group of this process."""
    return max(0, min([left_on_machine(root), *left_in_groups(root)]))


def left_on_machine(root: Path) -> int:
    """Bytes that the kernel calls available; all memory where it does not say."""
    lines = read_text(root / "proc/meminfo").splitlines()
    sizes = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
    if "MemAvailable" in sizes:
        return int(sizes["MemAvailable"][0]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def left_in_groups(root: Path) -> Iterator[int]:
    """Limit less use of every group that contains this process, from the innermost outwards.

    A container sees its own group as the root, whatever path it is given, so the root is always
    included.
    """
    for line in read_text(root / "proc/self/cgroup").splitlines():
        _, controllers, group_path = line.split(":", 2)
        if controllers in ("", "memory"):
            base, limit, use, cache = V1 if controllers else V2
            innermost = Path(group_path.lstrip("/"))
            for group in (innermost, *innermost.parents):
                yield from left_in_group(root / base / group, limit, use, cache)


def left_in_group(group: Path, limit: str, use: str, cache: str) -> Iterator[int]:
    """Limit less use of one group, if it has a limit; cache does not count as used."""
    most, used = read_text(group / limit).strip(), read_text(group / use).strip()
    if most.isdecimal() and used.isdecimal():
        lines = read_text(group / "memory.stat").splitlines()
        cached = sum(int(line.split()[1]) for line in lines if line.split()[0] == cache)
        yield int(most) - int(used) + cached


def read_text(path: Path) -> str:
    """The text of a file; empty where it cannot be read."""
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


WEIGHT_BYTES = 8
MAX_LOGITS = 1 << 18  # of one sentence in one stage, all heads
CHECK_FROM = 1 << 26  # bytes; below them available memory is not read


def check_memory(
    prepared: Iterable[LayerInput], available: Callable[[], int], matrices: int = 1
) -> None:
    """A `UserError` that names the largest sentence where all weights together would not fit.

    `matrices` is the number of matrices of the weights' shape per sentence, over all layers.
    """
    sizes = {each.embedded.sentence.name: matrices * weights_size(each) for each in prepared}
    needed = sum(sizes.values())
    if needed < CHECK_FROM:
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
    """A `UserError` that names the first sentence with too many logits to write."""
    for each in prepared:
        count = weights_size(each) // WEIGHT_BYTES
        if count > MAX_LOGITS:
            raise UserError(
                f"stages: {each.embedded.sentence.name} has {count} logits a stage, expected at "
                f"most {MAX_LOGITS} (one head of 512 tokens); leave stages=[] or shorten it"
            )


def weights_size(prepared: LayerInput) -> int:
    """Bytes of one layer's weights, [H, N, M]."""
    heads, queries = prepared.projected.query.shape[:2]
    return WEIGHT_BYTES * heads * queries * prepared.projected.key.shape[1]


def gigabytes(size: int) -> str:
    """Bytes in GB.

    >>> gigabytes(34_359_738_368)
    '34.36 GB'
    """
    return f"{size / 1e9:.2f} GB"
