"""The page as a file: what is in it, what is safe in it, and what its sentences say."""

from __future__ import annotations

import html
import json
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.base.paths import ROOT
from pipeline.compare.page import PageHeading, compare_command, page
from pipeline.compare.page.columns import columns_of
from pipeline.compare.page.effects import variance_share
from pipeline.compare.page.findings import findings
from pipeline.compare.page.page import ASSETS, SCRIPTS, fixed_settings, partner
from pipeline.compare.page.payload import (
    MOST_BYTES,
    MOST_RUNS,
    SAMPLE,
    Vectors,
    choose_runs,
    displaced,
)
from pipeline.compare.page.safe import as_json, hashed
from pipeline.compare.table import metric_names
from pipeline.laws import Verdict
from pipeline.store.read.arrays import StoredEmbeddings
from pipeline.sweep.results.summary import THIS
from tests.command import compare, read_csv
from tests.compare.page.pages import HOSTILE, hostile, many, read_back, run_of, swept


class Parts(HTMLParser):
    """Tags with their attributes, and the text inside scripts and styles as it stands."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.raw: list[tuple[dict[str, str | None], str]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self.raw.append((dict(attrs), ""))

    def handle_data(self, data: str) -> None:
        if self.lasttag in ("script", "style") and self.cdata_elem:
            self.raw[-1] = (self.raw[-1][0], self.raw[-1][1] + data)
        else:
            self.text += data

    @property
    def data(self) -> dict[str, Any]:
        """The numbers of the page."""
        (text,) = [text for attributes, text in self.raw if attributes.get("id") == "data"]
        return json.loads(text)

    @property
    def policy(self) -> dict[str, list[str]]:
        """Directive → sources."""
        (content,) = [
            attributes["content"]
            for tag, attributes in self.tags
            if attributes.get("http-equiv") == "Content-Security-Policy"
        ]
        assert content
        return {part.split()[0]: part.split()[1:] for part in content.split(";")}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sweep over scale and temperature on the seed's sentence."""
    grid = ("attention.scale=none,sqrt_dk", "attention.temperature=0.5,1,2")
    return swept(tmp_path_factory.mktemp("page"), *grid)


@pytest.fixture(scope="module")
def parts(folder: Path) -> Parts:
    return Parts((folder / "report.html").read_text(encoding="utf-8"))


IMPORTS = """
import sys
from pathlib import Path
from pipeline.store.read.find import find_runs
from pipeline.compare.page import PageHeading, page
page(find_runs([Path(sys.argv[1])]), PageHeading("", ""))
assert "pyarrow" in sys.modules
assert "pandas" not in sys.modules
"""


def test_a_page_is_made_without_pandas_which_takes_a_while_to_import(folder: Path) -> None:
    subprocess.run([sys.executable, "-c", IMPORTS, folder], check=True, cwd=ROOT)


# --- safe ---------------------------------------------------------------------------------------


def test_the_policy_knows_every_script_by_its_hash_and_forbids_the_rest(parts: Parts) -> None:
    scripts = [text for attributes, text in parts.raw if attributes.get("type") == "module"]
    (style,) = [text for attributes, text in parts.raw if "type" not in attributes]
    assert len(scripts) == 2
    assert parts.policy == {
        "default-src": ["'none'"],
        "script-src": [hashed(text) for text in scripts],
        "style-src": [hashed(style)],
        "img-src": ["data:"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }


def test_nothing_in_it_points_elsewhere(parts: Parts) -> None:
    for tag, attributes in parts.tags:
        assert not any(name.startswith("on") or name == "style" for name in attributes), tag
        for name in ("src", "href", "action", "srcset", "data"):
            assert (attributes.get(name) or "#").startswith(("#", "data:")), tag


@pytest.mark.parametrize("token", [*HOSTILE, "<!--", "\u2028", "]]>", "&lt;"])
def test_no_token_ends_the_data_and_every_token_reads_back(token: str) -> None:
    text = as_json([token])
    assert not re.search(r"[<>&\u2028\u2029]", text)
    assert json.loads(text) == [token]


def test_hostile_names_and_tokens_are_text(tmp_path: Path) -> None:
    made = hostile(tmp_path)
    plain = Parts((swept(tmp_path, "attention.scale=none,sqrt_dk") / "report.html").read_text())
    ours = Parts((made / "report.html").read_text(encoding="utf-8"))
    tags = {tag for tag, _ in plain.tags}
    assert {tag for tag, _ in ours.tags} == tags
    assert "img" not in tags
    assert sum(tag == "script" for tag, _ in ours.tags) == 3
    assert ours.data["sentences"] == [HOSTILE[1]]
    assert ours.data["pictures"][0]["queries"] == list(HOSTILE)
    assert "{{7*7}}" in json.dumps(ours.data)  # not 49: what a user wrote is not a template


def test_names_of_settings_are_text_too() -> None:
    runs = [run_of(i, {f"embeddings.table.{HOSTILE[0]}": i}, {"entropy": i}) for i in range(2)]
    text = page(runs, PageHeading(HOSTILE[1], HOSTILE[2], HOSTILE[0], HOSTILE[2]))
    assert HOSTILE[0] not in text
    assert sum(tag == "script" for tag, _ in Parts(text).tags) == 3


def test_our_scripts_hold_no_markup_of_theirs() -> None:
    """Elements are made with text in them; the table's cells alone are strings, and escaped."""
    for path in ASSETS.glob("*.js"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text)
        assert not re.search(r"setAttribute\(\s*.style", text)
    assert {path.stem for path in ASSETS.glob("*.js")} == set(SCRIPTS)


# --- numbers ------------------------------------------------------------------------------------


def test_the_scores_read_back_to_the_same_floats(parts: Parts, golden: Any) -> None:
    (live,) = parts.data["live"]
    assert live["queries"] == list(golden.tokens)
    assert live["scores"] == (golden.vectors @ golden.vectors.T).ravel().tolist()
    assert (live["width"], live["mask"], live["bias"], live["softcap"]) == (4, None, None, None)


def test_scores_are_shortest_and_undefined_numbers_null() -> None:
    values = np.random.default_rng(0).standard_normal(200).tolist()
    text = as_json({"scores": values, "none": float("nan")})
    assert json.loads(text)["scores"] == values
    assert all(repr(value) in text for value in values)
    assert json.loads(text)["none"] is None


def test_every_run_is_in_the_table_with_its_numbers(folder: Path, parts: Parts) -> None:
    runs = read_back(folder)
    columns = {column["name"]: column for column in parts.data["columns"]}
    assert parts.data["names"] == [run.folder.name for run in runs]
    assert columns["attention.temperature"]["values"] == [0.5, 1.0, 2.0] * 2
    assert columns["attention.scale"]["values"] == ["none"] * 3 + ["sqrt_dk"] * 3
    for name in metric_names(runs):
        assert columns[name]["values"] == [run.scalars[name] for run in runs]


def test_the_same_runs_give_the_same_bytes(folder: Path) -> None:
    runs = read_back(folder)
    assert page(runs, PageHeading("a", "b")) == page(read_back(folder), PageHeading("a", "b"))
    # And no word of when or where they were made.
    assert str(folder.parent) not in page(runs, PageHeading("a", "b"))


# --- words --------------------------------------------------------------------------------------


def test_what_varied_and_what_was_held(folder: Path, parts: Parts) -> None:
    runs = read_back(folder)
    columns = columns_of(runs)
    assert [c.label for c in columns if c.kind == "setting"] == ["scale", "temperature"]
    told = dict(fixed_settings(runs, columns))
    assert told["sentences"] == "pinguins"
    assert told["attention.mask"] == "none"
    assert "attention.scale" not in told
    assert not [name for name in told if name.startswith(("figures", "plots", "metrics"))]
    for word in ("pinguins", "sqrt_dk", "attention.mask"):
        assert word in parts.text


def test_settings_that_move_together_have_one_leader() -> None:
    rows = [("a", 1, "x"), ("b", 2, "x"), ("a", 1, "y"), ("b", 2, "y")]
    runs = [run_of(i, dict(zip("pqr", row, strict=True)), {}) for i, row in enumerate(rows)]
    assert [(c.name, c.follows) for c in columns_of(runs)] == [("p", ""), ("q", "p"), ("r", "")]


VERDICTS = [
    Verdict("it rises", True, 4, 4, 0.25),
    Verdict("it falls", False, 4, 1, -1.0),
    Verdict("it stays", False, 0, 0, float("nan")),
]
TOLD = """
holds: it rises: 4 of 4 pairs of neighboring runs, smallest margin 0.25.
fails: it falls: 1 of 4 pairs of neighboring runs, smallest margin −1.
untested: it stays: no two of these runs put it to the test.
effect: entropy goes from 1 (t 1, s on) to 3 (t 2, s on). 50% of its variance lies between \
the values of t, its mean going from 1.5 (1) to 2.5 (2).
twins: 2 runs share all their numbers with another, to twelve digits, and are no findings of \
their own: t 1 and t 2 (both with s off), for example.
notice: In 3 of 4 runs: sample: too cold.
"""


def test_the_findings_are_worked_out_by_hand() -> None:
    grid = [(t, s) for t in (1, 2) for s in ("on", "off")]
    cold = ["sample: too cold (0.1)"]
    runs = [
        run_of(i, {"a.t": t, "a.s": s}, {"entropy": entropy}, notices=cold if i else [])
        for i, ((t, s), entropy) in enumerate(zip(grid, [1.0, 2.0, 3.0, 2.0], strict=True))
    ]
    found = findings(runs, columns_of(runs), VERDICTS)
    assert [f"{one.kind}: {one.text}" for one in found] == TOLD.strip().splitlines()


def test_a_metric_that_is_nowhere_defined_or_never_moves_is_no_finding() -> None:
    runs = [run_of(i, {"t": i}, {"still": 1.0, "never": None, "m": float(i)}) for i in range(3)]
    assert [f.text.split()[0] for f in findings(runs, columns_of(runs), [])] == ["m"]


def test_a_metric_that_goes_with_one_already_told_adds_nothing() -> None:
    entropy, keys, other = [0.1, 0.5, 0.9, 1.5], [1.0, 1.6, 2.5, 4.5], [1.0, -1.0, 1.0, -1.0]
    runs = [
        run_of(i, {"t": i}, {"entropy": entropy[i], "keys": keys[i], "other": other[i]})
        for i in range(4)
    ]
    told = [f.text.split()[0] for f in findings(runs, columns_of(runs), [])]
    assert told == ["entropy", "other"]


def test_shares_of_a_factorial_grid_sum_to_one_where_nothing_interacts() -> None:
    runs = [
        run_of(i, {"a": i // 3, "b": i % 3}, {"m": 2.0 * (i // 3) + (i % 3) ** 2})
        for i in range(9)
    ]  # fmt: skip
    *settings, metric = columns_of(runs)
    values = np.array(metric.values)
    assert sum(variance_share(one, values) for one in settings) == pytest.approx(1.0, abs=1e-12)


def test_the_first_pair_is_the_plainest_contrast() -> None:
    columns = columns_of(many(6))
    assert partner(0, range(6), columns) == 1  # the same temperature, the scale off
    assert partner(0, (0,), columns) == 0


def commands(folder: Path) -> list[str]:
    """The commands with which findings of a page end."""
    return re.findall(r"<code>(.*)</code></p>", (folder / "report.html").read_text("utf-8"))


def test_the_command_that_tells_causes_is_on_the_page_of_two_runs_and_does_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.compare.__main__.ROOT", tmp_path)
    grid = ("attention.scale=none,sqrt_dk", "attention.temperature=1,4")
    made = swept(tmp_path, *grid, "metrics=[entropy]")
    runs = [run.folder for run in read_back(made)]
    said = compare(runs[0], runs[3], "--sort", "entropy")
    text = Parts((said.folder / "report.html").read_text("utf-8")).text
    assert "The two runs differ in 2 settings (scale, temperature); how much of each" in text
    (command,) = commands(said.folder)
    program, *words = shlex.split(html.unescape(command))
    assert (program, words[:2]) == (".venv/bin/python", ["-m", "pipeline.compare"])
    told = compare(*words[2:])
    assert told.code == 0, told.err
    rows = read_csv(told.folder / "causes.csv")
    assert [row["setting"] for row in rows if row["metric"] == "entropy"] == [
        "attention.scale",
        "attention.temperature",
        "all",
    ]
    # Not where it was given already, nor where one setting did it all, nor for more than two runs.
    assert commands(told.folder) == []
    assert commands(compare(runs[0], runs[1]).folder) == []
    assert commands(made) == commands(compare(runs[0], runs[3], runs[1]).folder) == []


def test_a_sweep_of_two_runs_names_the_command_without_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.compare.__main__.ROOT", tmp_path)
    together = "attention.scale,attention.temperature=[none,1],[sqrt_dk,4]"
    made = swept(tmp_path, together, "metrics=[entropy]")
    assert commands(made) == [compare_command(THIS, "--causes", "all")]
    kept = swept(tmp_path, together, "sweep.store=metrics", "metrics=[entropy]")
    assert commands(kept) == [compare_command(THIS, "--causes", "all")]
    assert compare(kept, "--causes", "all").code == 0
    # Unscaled at T = 2 is scaled at T = 1, for d_k = 4: one run, and no change to explain.
    one = swept(tmp_path, "attention.scale,attention.temperature=[none,2],[sqrt_dk,1]")
    assert len(read_back(one)) == 2
    assert commands(one) == []


# --- what is left out ---------------------------------------------------------------------------


def files_of(folder: Path, size: int) -> Path:
    folder.mkdir()
    with (folder / "weights.csv").open("wb") as file:
        file.truncate(size)  # a size without content
    return folder


@pytest.mark.parametrize(
    ("count", "size", "kept"),
    [
        (10, 1000, 10),
        (200, 1000, 200),
        (MOST_RUNS, 100, MOST_RUNS),
        (MOST_RUNS + 1, 100, SAMPLE),
        (10, MOST_BYTES // 4, 4),
        (10, MOST_BYTES + 1, 0),
    ],
)
def test_as_many_pictures_as_the_rule_says(
    tmp_path: Path, count: int, size: int, kept: int
) -> None:
    folder = files_of(tmp_path / "run", size)
    runs = [replace(run_of(i, {}, {}), folder=folder) for i in range(count)]
    chosen = choose_runs(runs)
    assert len(chosen) == kept
    assert len(set(chosen)) == kept
    if kept > 1:
        assert (chosen[0], chosen[-1]) == (0, count - 1)
        steps = np.diff(chosen)
        assert steps.max() - steps.min() <= 1


def test_the_rule_is_told_and_so_are_runs_without_weights(parts: Parts) -> None:
    assert "The weights of all runs are in this page" in parts.text
    bare = Parts(page(many(4), PageHeading("a", "b")))
    assert "No weights are in this page" in bare.text
    assert bare.data["pictures"] == bare.data["live"] == []
    assert "live-title" not in {attributes.get("id") for _, attributes in bare.tags}


def test_the_live_panel_says_what_it_cannot_compute(tmp_path: Path) -> None:
    made = swept(tmp_path, "attention.normalizer=softmax,sparsemax")
    parts = Parts((made / "report.html").read_text(encoding="utf-8"))
    assert len(parts.data["live"]) == 1
    assert "Left out: runs with a normalizer other than softmax." in parts.text


def test_runs_that_kept_no_weights_are_told_of_and_nothing_fails(tmp_path: Path) -> None:
    made = swept(tmp_path, "attention.retain=full,top_k,none")
    parts = Parts((made / "report.html").read_text(encoding="utf-8"))
    assert [one["run"] for one in parts.data["pictures"]] == [0]
    assert "The weights of 1 of the 3 runs" in parts.text


def test_inputs_that_are_gone_or_unknown_are_left_out_and_told(tmp_path: Path) -> None:
    text = tmp_path / "mine.txt"
    text.write_text("one two\n", encoding="utf-8")
    words = ("sentences=file", f"sentences.path={text}", "embeddings=one_hot", "seed=0,1")
    made = swept(tmp_path, *words)
    text.unlink()
    parts = Parts(page(read_back(made), PageHeading("a", "b")))
    assert "No live panel; left out: runs whose input is not here any more." in parts.text
    for run in (made / "runs").iterdir():
        (run / ".hydra" / "config.yaml").write_text("unheard_of: 1\n", encoding="utf-8")
    parts = Parts(page(read_back(made), PageHeading("a", "b")))
    assert "left out: runs whose settings this version does not know." in parts.text


def test_every_layer_has_its_pictures(tmp_path: Path) -> None:
    made = swept(tmp_path, "layers.count=2", "seed=0,1")
    parts = Parts((made / "report.html").read_text(encoding="utf-8"))
    assert parts.data["sentences"] == ["pinguins", "pinguins, layer 1"]
    assert len(parts.data["pictures"]) == 4


def test_in_cross_attention_the_hollow_points_are_the_keys(tmp_path: Path) -> None:
    words = ("sentences.text=[[a,b,c]]", "sentences.keys=[[x,y]]", "embeddings=gaussian")
    parts = Parts((swept(tmp_path, *words, "seed=0,1") / "report.html").read_text("utf-8"))
    one = parts.data["pictures"][0]
    assert (one["queries"], one["keys"]) == (["a", "b", "c"], ["x", "y"])
    assert len(one["weights"]) == 6
    assert (len(one["moved"]["static"]), len(one["moved"]["contextual"])) == (2, 3)
    assert one["moved"]["cross"]
    assert parts.data["live"][0]["keys"] == ["x", "y"]


def test_each_input_is_there_once_in_the_order_of_the_runs(tmp_path: Path) -> None:
    grid = ("sentences=penguins,agreement", "embeddings=gaussian", "attention.temperature=1,2")
    parts = Parts((swept(tmp_path, *grid) / "report.html").read_text(encoding="utf-8"))
    assert [live["sentence"] for live in parts.data["live"]] == ["penguins", "agreement"]


def test_one_plane_for_all_runs_of_a_sentence_and_it_keeps_distances() -> None:
    """In two dimensions nothing is lost: distances in the plane are those of the vectors."""
    rng = np.random.default_rng(1)
    static = rng.standard_normal((5, 2))
    vectors: dict[int, Vectors] = {
        run: {("s", 0): StoredEmbeddings(static, rng.standard_normal((5, 2)), False)}
        for run in (3, 8)
    }
    planes, moves = displaced(vectors, {("s", 0)})
    assert len(planes) == 1
    assert sum(planes[0]["explained"]) == pytest.approx(1.0, abs=1e-5)
    for run, found in vectors.items():
        moved = np.subtract(moves[run, ("s", 0)]["contextual"], moves[run, ("s", 0)]["static"])
        there = found["s", 0].contextual - found["s", 0].static
        lengths = [np.linalg.norm(move, axis=1) for move in (moved, there)]
        assert lengths[0] == pytest.approx(lengths[1], rel=1e-4)


def test_make_compare_writes_one_too(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pipeline.compare.__main__.ROOT", tmp_path)
    runs = sorted((folder / "runs").iterdir())[:2]
    said = compare(*runs, "--sort", "entropy", "--relative")
    assert said.code == 0, said.err
    parts = Parts((said.folder / "report.html").read_text(encoding="utf-8"))
    assert "What tells these 2 runs apart?" in parts.text
    assert len(parts.data["names"]) == 2
    command = f"-m pipeline.compare {runs[0]} {runs[1]} --sort entropy --relative"
    assert command in parts.text
    assert any(line.startswith("page: ") for line in said.out.splitlines())
