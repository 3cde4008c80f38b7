"""plan.json: what a sweep was asked, and every run it is made of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pipeline.identity import FORMAT, provenance
from pipeline.store import write
from pipeline.sweep.plan import Plan
from pipeline.sweep.points import Point


def write_plan(plan: Plan, folder: Path) -> None:
    """The plan as JSON, a run a line."""
    runs = ",\n".join("    " + one_line(line(point)) for point in plan.points)
    above = json.dumps(about(plan), indent=2, ensure_ascii=False).removesuffix("\n}")
    write(folder / "plan.json", f'{above},\n  "runs": [\n{runs}\n  ]\n}}\n')


def about(plan: Plan) -> dict[str, Any]:
    """What is asked, what varies, and what is to make it."""
    return {
        "format": FORMAT,
        "name": plan.name,
        "overrides": list(plan.overrides),
        "study": plan.study.model_dump(mode="json") if plan.study else None,
        "axes": [{"settings": axis.keys, "values": axis.values} for axis in plan.axes],
        **provenance(),
    }


def line(point: Point) -> dict[str, Any]:
    """A run: its folder, its hash, and what of it differs from the others."""
    return {"run": point.folder, "key": point.key, "overrides": point.overrides}


def one_line(content: object) -> str:
    """JSON without line breaks."""
    return json.dumps(content, ensure_ascii=False)
