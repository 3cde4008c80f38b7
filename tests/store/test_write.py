"""Run folders: claimed by one run alone, written whole or not at all, named by anything."""

from __future__ import annotations

import csv
import errno
import json
import math
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.base.errors import UserError
from pipeline.base.paths import ROOT, display_path
from pipeline.base.serialize import dump_yaml, to_yaml
from pipeline.base.tables import Table
from pipeline.config.schema.config import Config
from pipeline.store.atomic import (
    atomic_folder,
    remove_on_error,
    report_disk_errors,
    temporary_path,
    write_file,
)
from pipeline.store.layout import ascii_slug, claim, claim_comparison, claim_run, claim_sweep, slug
from pipeline.store.write.table import write_csv, write_json

NOON = datetime(2026, 11, 23, 12, 0, 0, 123456)
Guard = Callable[[Path], AbstractContextManager[object]]
STAMP = "%Y-%m-%d/%H-%M-%S.%f"


def clock(*times: datetime) -> Iterator[datetime]:
    """Those times one after another, then a microsecond more each time."""
    yield from times
    while True:
        times = (times[-1] + timedelta(microseconds=1),)
        yield times[0]


def test_folders_are_named_by_their_time(tmp_path: Path) -> None:
    assert claim(tmp_path, STAMP, "no scaling", clock(NOON).__next__).relative_to(
        tmp_path
    ).as_posix() == ("2026-11-23/12-00-00.123456_" + slug("no scaling"))
    stamp = r"\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d\.\d{6}_"
    for folder, expected in (
        (claim_run(tmp_path, "a"), r"\d{4}-\d\d-\d\d/\d\d-\d\d-\d\d\.\d{6}_a"),
        (claim_sweep(tmp_path, "a"), rf"sweeps/{stamp}a"),
        (claim_comparison(tmp_path), rf"comparisons/{stamp}comparison"),
    ):
        assert folder.is_dir()
        assert re.fullmatch(expected, folder.relative_to(tmp_path).as_posix())


def test_two_claims_of_one_moment_get_a_folder_each(tmp_path: Path) -> None:
    now = clock(NOON, NOON, NOON).__next__
    first, second = claim(tmp_path, STAMP, "a", now), claim(tmp_path, STAMP, "a", now)
    assert first.name == "12-00-00.123456_a"
    assert second.name == "12-00-00.123457_a"


def test_a_clock_that_goes_back_takes_nobodys_folder(tmp_path: Path) -> None:
    times = clock(NOON)
    before = [claim(tmp_path, STAMP, "a", times.__next__) for _ in range(3)]
    for folder in before:
        write_file(folder / "mine", folder.name)
    back = clock(NOON - timedelta(hours=1), NOON).__next__
    after = [claim(tmp_path, STAMP, "a", back) for _ in range(2)]
    assert [folder.name for folder in after] == ["11-00-00.123456_a", "12-00-00.123459_a"]
    assert [(folder / "mine").read_text(encoding="utf-8") for folder in before] == [
        f"12-00-00.12345{digit}_a" for digit in (6, 7, 8)
    ]
    assert not any(list(folder.iterdir()) for folder in after)


def test_so_do_many_at_once(tmp_path: Path) -> None:
    # Sixteen threads whose clocks agree on the first five moments.
    found: list[Path] = []
    start = threading.Barrier(16)

    def work() -> None:
        now = clock(*(NOON + timedelta(microseconds=k) for k in range(5))).__next__
        start.wait()
        found.append(claim(tmp_path, STAMP, "a", now))

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 16
    assert all(folder.is_dir() for folder in found)


@pytest.mark.parametrize("below", ["", "below/"])
def test_a_file_in_the_way_is_said_and_not_waited_for(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(
        UserError, match=r"outputs: cannot write to .*; set outputs= to another place"
    ):
        claim_run(tmp_path / "file" / below, "a")


def test_a_file_of_the_days_name_is_said_and_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "2026-11-23").write_text("", encoding="utf-8")
    with pytest.raises(UserError, match="outputs: cannot write to"):
        claim(tmp_path, STAMP, "a", clock(NOON).__next__)


def test_what_fails_takes_its_folder_with_it(tmp_path: Path) -> None:
    folder = claim_run(tmp_path, "a")
    write_file(folder / "half.txt", "half")
    with pytest.raises(RuntimeError), remove_on_error(folder):
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []  # and the day's


def test_but_not_its_neighbors(tmp_path: Path) -> None:
    first, second = claim_run(tmp_path, "a"), claim_run(tmp_path, "b")
    with pytest.raises(KeyboardInterrupt), remove_on_error(second):
        raise KeyboardInterrupt
    assert first.is_dir()
    assert not second.exists()


@pytest.mark.parametrize("guard", [remove_on_error, report_disk_errors])
def test_a_full_disk_is_a_fault_of_the_users(tmp_path: Path, guard: Guard) -> None:
    folder = claim_run(tmp_path, "a")
    with pytest.raises(UserError) as caught, guard(folder):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert str(caught.value) == (
        f"outputs: cannot write to {folder} (No space left on device); "
        "set outputs= to another place"
    )


def test_a_reader_that_leaves_is_not(tmp_path: Path) -> None:
    with pytest.raises(BrokenPipeError), report_disk_errors(tmp_path):
        raise BrokenPipeError


def test_a_file_is_whole_or_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_file(tmp_path / "a" / "file", "old")

    def torn(path: Path, content: bytes) -> None:
        with path.open("wb") as file:
            file.write(content[:1])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", torn)
    with pytest.raises(OSError, match="No space"):
        write_file(tmp_path / "a" / "file", "new")
    assert (tmp_path / "a" / "file").read_text(encoding="utf-8") == "old"


def test_text_is_written_as_utf8_with_plain_line_ends(tmp_path: Path) -> None:
    write_file(tmp_path / "a", "não\n")
    assert (tmp_path / "a").read_bytes() == b"n\xc3\xa3o\n"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]  # nothing beside it is left


@given(st.lists(st.floats(allow_nan=False), min_size=1))
def test_csv_floats_read_back_to_the_same_float(
    tmp_path_factory: pytest.TempPathFactory, values: list[float]
) -> None:
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    write_csv(path, Table(("x",), [(value,) for value in values]))
    cells = path.read_text(encoding="utf-8").splitlines()[1:]
    assert [float(cell) for cell in cells] == values
    assert cells == [repr(value) for value in values]  # the shortest that does


def test_csv_cells(tmp_path: Path) -> None:
    row = (1, np.float64(0.1), np.float32(0.5), math.nan, 'a "quoted", token\n', "não", "")
    write_csv(tmp_path / "a.csv", Table(tuple("abcdefg"), [row]))
    with (tmp_path / "a.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file)) == [
            list("abcdefg"),
            ["1", "0.1", "0.5", "", 'a "quoted", token\n', "não", ""],
        ]


def test_json_knows_no_nan(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"x": math.nan, "deep": {"y": math.nan, "z": 0.1}, "ã": "ã"})
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"x": None, "deep": {"y": None, "z": 0.1}, "ã": "ã"}
    assert '"ã": "ã"' in text


NAMES = [
    "", ".", "..", "../../etc", "a/b", "a\\b", "a b", "não", "nao", "日本", "🐧", "con\n",
    "a" * 500, "a" * 501, "-rf", "*", "x", "X" * 48, "a.", ".a", "a-", "%s", "<b>",
]  # fmt: skip


def test_slugs_are_safe_and_never_shared() -> None:
    slugs = [slug(name) for name in NAMES]
    assert len(set(slugs)) == len(NAMES)
    for one in slugs:
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]*", one)
        assert len(one) <= 55


@given(st.text(), st.integers(1, 80))
def test_what_is_left_of_any_name_is_a_part_of_a_path(name: str, limit: int) -> None:
    assert re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?", ascii_slug(name, limit))
    assert len(ascii_slug(name, limit)) <= limit


def test_paths_are_shown_from_the_repository_where_they_are_inside_it(tmp_path: Path) -> None:
    assert display_path(ROOT / "outputs" / "a") == "outputs/a"
    assert display_path(tmp_path) == str(tmp_path.resolve())
    # A sibling whose name begins with the repository's is not inside it.
    assert display_path(ROOT.with_name(ROOT.name + "2")) == str(ROOT) + "2"


@pytest.mark.parametrize("overrides", [(), ("sentences=long", "attention.mask=[causal]")])
def test_the_yaml_of_a_whole_configuration(
    config_of: Callable[..., Config], overrides: tuple[str, ...]
) -> None:
    settings = config_of(*overrides).settings()
    assert to_yaml(settings) == dump_yaml(settings)


def test_a_file_is_written_beside_its_place_unless_its_folder_has_yet_to_appear(
    tmp_path: Path,
) -> None:
    for seen in (
        tmp_path / "a.txt",
        tmp_path / "of.part" / "a.txt",
        tmp_path / ".x.part" / "b" / "c",
    ):
        with temporary_path(seen) as place:
            assert place != seen
            place.write_text("whole", encoding="utf-8")
            assert not seen.exists()
        assert seen.read_text(encoding="utf-8") == "whole"
    with atomic_folder(tmp_path / "run") as hidden:
        for name in ("a.txt", "figures/a.txt"):
            with temporary_path(hidden / name) as place:
                assert place == hidden / name
                place.write_text("whole", encoding="utf-8")
        assert not (tmp_path / "run").exists()
    assert (tmp_path / "run" / "figures" / "a.txt").read_text(encoding="utf-8") == "whole"
