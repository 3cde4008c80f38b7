"""The page itself: template, data, styles and scripts into one file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pipeline.attention.threads import single_threaded_blas
from pipeline.compare.read import Run
from pipeline.compare.report.causes import causes
from pipeline.compare.report.columns import Column, as_data, columns_of, spoken
from pipeline.compare.report.findings import findings
from pipeline.compare.report.live import inputs
from pipeline.compare.report.pictures import Pictures, pictures
from pipeline.compare.report.safe import as_json, policy
from pipeline.compare.report.story import Story

ASSETS = Path(__file__).parent / "assets"
SCRIPTS = ("base", "colors", "scales", "state", "selection", "table", "parallel", "curves",
           "heatmap", "align", "difference", "moves", "pair", "live",
           "main")  # in this order  # fmt: skip
# Settings that say how results are shown, not what was computed.
SHOWING = ("name", "metrics", "plots", "figures.", "language", "outputs", "study")


@single_threaded_blas
def page(runs: Sequence[Run], story: Story) -> str:
    """A whole HTML file. The same runs and story give the same bytes."""
    columns = columns_of(runs)
    shown = pictures(runs)
    live, left_out = inputs(runs, shown.chosen, columns)
    scripts = (datatables(), ours())
    style = asset("page.css")
    return template().render(
        story=story,
        count=len(runs),
        policy=policy(scripts, [style]),
        style=style,
        scripts=scripts,
        data=as_json(data(runs, columns, shown, live)),
        varied=[c for c in columns if c.kind == "setting"],
        values=values_told,
        held=held(runs, columns),
        findings=[*findings(runs, columns, story.verdicts), *causes(runs, story.causes)],
        rule=shown.rule,
        live=live,
        left_out=left_out,
        made=made(runs),
        vectors=sorted({str(run.about.get("vectors", "")) for run in runs} - {""}),
    )


def data(
    runs: Sequence[Run], columns: Sequence[Column], shown: Pictures, live: Sequence[Any]
) -> dict[str, Any]:
    """What the scripts read."""
    first = shown.chosen[0] if shown.chosen else 0
    return {
        "names": [run.folder.name for run in runs],
        "columns": [as_data(column) for column in columns],
        "rule": shown.rule,
        "sentences": shown.sentences,
        "layers": shown.layers,
        "attended": shown.attended,
        "pictures": shown.pictures,
        "planes": shown.planes,
        "pair": [first, partner(first, shown.chosen, columns)],
        "live": live,
    }


def partner(first: int, chosen: Sequence[int], columns: Sequence[Column]) -> int:
    """The run that the first is shown beside: the one that differs in fewest settings.

    Of several the one that differs in a choice and not in a number, which is the plainer contrast.
    """
    leaders = [column for column in columns if column.leads]

    def distance(run: int) -> tuple[int, int, int]:
        apart = [c for c in leaders if c.values[run] != c.values[first]]
        return len(apart), sum(c.numeric for c in apart), run

    return min((run for run in chosen if run != first), key=distance, default=first)


def values_told(column: Column, most: int = 12) -> list[str]:
    """The values of a setting in the order they were met, and how many more there are."""
    distinct = list(dict.fromkeys(map(cell, column.values)))
    more = len(distinct) - most
    return distinct[:most] + ([f"and {more} more"] if more > 0 else [])


def cell(value: object) -> str:
    """A value of a setting for reading."""
    if value is None:
        return "–"
    return f"{value:g}" if isinstance(value, float) else spoken(value)


def held(runs: Sequence[Run], columns: Sequence[Column]) -> list[tuple[str, str]]:
    """The settings that are the same in all runs, by name."""
    varied = {column.name for column in columns}
    common: Mapping[str, Any] = runs[0].settings
    chosen = {g: o for g, o in runs[0].choices.items() if all(r.choices.get(g) == o for r in runs)}
    same = {
        name: value
        for name, value in common.items()
        if name not in varied
        and not name.startswith(SHOWING)
        and all(name in run.settings and run.settings[name] == value for run in runs)
    }
    return [(name, cell(value)) for name, value in {**chosen, **same}.items()]


def made(runs: Sequence[Run]) -> list[tuple[str, str]]:
    """Versions and commit, each value that the runs have."""
    versions = [run.about.get("versions", {}) for run in runs]
    names = dict.fromkeys(name for found in versions for name in found)
    told = [(name, joined(found.get(name) for found in versions)) for name in names]
    commits = joined(commit_of(run.about) for run in runs)
    return [("commit", commits or "unknown"), *told]


def commit_of(about: Mapping[str, Any]) -> str:
    """The commit a run was made from."""
    changed = " with changes not committed" if about.get("dirty") else ""
    return f"{about['commit']}{changed}" if about.get("commit") else ""


def joined(values: Any) -> str:
    """The distinct values, as one text."""
    return ", ".join(dict.fromkeys(str(value) for value in values if value))


@cache
def template() -> Any:
    """The page with its gaps; whatever fills them is escaped."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html")


@cache
def asset(name: str) -> str:
    """A file of ours."""
    return (ASSETS / name).read_text(encoding="utf-8")


@cache
def ours() -> str:
    """Our scripts as one module."""
    return "\n".join(asset(f"{name}.js") for name in SCRIPTS)


@cache
def datatables() -> str:
    """DataTables from itables' bundle, its export made a global: a page has nothing to import."""
    spec = find_spec("itables")  # not imported, as it imports pandas
    assert spec
    assert spec.origin
    text = (Path(spec.origin).parent / "html" / "dt_bundle.js").read_text(encoding="utf-8")
    found = re.search(r"export\s*\{[^}]*?([\w$]+) as default[^}]*\};?", text)
    assert found, "itables' bundle no longer exports DataTables as its default"
    return text[: found.start()] + f"globalThis.DataTable={found[1]};" + text[found.end() :]
