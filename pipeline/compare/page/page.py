"""The page itself: template, data, styles and scripts into one file."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pipeline.base.threads import single_threaded_blas
from pipeline.base.values import format_value, sorted_values
from pipeline.compare.page.columns import Column, as_data, columns_of
from pipeline.compare.page.findings import findings
from pipeline.compare.page.heading import PageHeading
from pipeline.compare.page.hints import causes_hint
from pipeline.compare.page.live import inputs
from pipeline.compare.page.payload import Payload, build_payload
from pipeline.compare.page.provenance import versions
from pipeline.compare.page.safe import as_json, policy
from pipeline.config.affects import changes_numbers
from pipeline.store.read.run import Run

ASSETS = Path(__file__).parent / "assets"
# The panels of "Explore", from top to bottom: each is <name>.html and <name>.js of the assets.
PANELS = ("parallel", "table", "curves", "pair", "moves")
SHARED = ("base", "colors", "scales", "state", "selection", "heatmap", "align", "difference")
SCRIPTS = (*SHARED, *PANELS, "live", "main")  # in this order


@single_threaded_blas
def page(runs: Sequence[Run], heading: PageHeading) -> str:
    """A whole HTML file. The same runs and heading give the same bytes."""
    columns = columns_of(runs)
    shown = build_payload(runs)
    live, left_out = inputs(runs, shown.chosen, columns)
    scripts = (datatables(), our_scripts())
    style = asset("page.css")
    return template().render(
        heading=heading,
        panels=PANELS,
        count=len(runs),
        policy=policy(scripts, [style]),
        style=style,
        scripts=scripts,
        data=as_json(data(runs, columns, shown, live)),
        varied=[c for c in columns if c.kind == "setting"],
        values=list_values,
        held=fixed_settings(runs, columns),
        findings=[
            *findings(runs, columns, heading.verdicts),
            *causes_hint(runs, heading.causes_command),
        ],
        rule=shown.rule,
        live=live,
        left_out=left_out,
        made=versions(runs),
        vectors=sorted({str(run.record.get("vectors", "")) for run in runs} - {""}),
    )


def data(
    runs: Sequence[Run], columns: Sequence[Column], shown: Payload, live: Sequence[Any]
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


def list_values(column: Column, most: int = 12) -> list[str]:
    """The values of a setting in order, and how many more there are."""
    distinct = list(map(format_value, sorted_values(column.values)))
    more = len(distinct) - most
    return distinct[:most] + ([f"and {more} more"] if more > 0 else [])


def fixed_settings(runs: Sequence[Run], columns: Sequence[Column]) -> list[tuple[str, str]]:
    """The settings that are the same in all runs, by name."""
    varied = {column.name for column in columns}
    common: Mapping[str, Any] = runs[0].settings
    chosen = {g: o for g, o in runs[0].choices.items() if all(r.choices.get(g) == o for r in runs)}
    same = {
        name: value
        for name, value in common.items()
        if name not in varied
        and changes_numbers(name)
        and all(name in run.settings and run.settings[name] == value for run in runs)
    }
    return [(name, format_value(value)) for name, value in {**chosen, **same}.items()]


@cache
def template() -> Any:
    """The template; whatever fills it is escaped."""
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
    """The text of a file in assets/."""
    return (ASSETS / name).read_text(encoding="utf-8")


@cache
def our_scripts() -> str:
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
