"""plan.json: the overrides of a sweep, its axes, and every run it is made of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from pipeline.runs.job import Job
from pipeline.store.atomic import write_file
from pipeline.store.provenance import provenance
from pipeline.store.schema import FORMAT
from pipeline.sweep.plan.grid import Point
from pipeline.sweep.plan.plan import Plan


def write_plan(plan: Plan, folder: Path) -> None:
    """The plan as JSON, one line per axis and one per run."""
    axes = [{"settings": axis.keys, "values": axis.values} for axis in plan.axes]
    runs = (plan_entry(point, plan) for point in plan.points)
    header = json.dumps(plan_header(plan), indent=2, ensure_ascii=False).removesuffix("\n}")
    write_file(
        folder / "plan.json",
        f"{header},\n{json_list('axes', axes)},\n{json_list('runs', runs)}\n}}\n",
    )


def plan_header(plan: Plan) -> dict[str, Any]:
    """The overrides and the study of the sweep, and the code that planned it."""
    return {
        "format": FORMAT,
        "name": plan.name,
        "overrides": list(plan.overrides),
        "study": plan.study.model_dump(mode="json") if plan.study else None,
        "where": plan.config.where,
        "seeds": list(plan.seeds),
        "store": plan.config.sweep.store,
        **provenance(),
    }


def plan_entry(point: Point, plan: Plan) -> dict[str, Any]:
    """A run: its folder, its hash, what varies; and the run that it is the same as, if any."""
    entry = {"run": point.folder, "key": point.key, "overrides": point.overrides}
    if point.same_as is None:
        return entry
    first = plan.points[point.same_as]
    return {**entry, "same_as": first.folder, "differs": job_differences(point.job, first.job)}


def job_differences(job: Job, first: Job) -> dict[str, dict[str, Any]]:
    """The settings and choices of a job that differ from those of another."""
    return {
        "settings": dict(changed_settings(job.config.settings(), first.config.settings())),
        "choices": {g: o for g, o in job.choices.items() if first.choices.get(g) != o},
    }


def changed_settings(
    settings: Mapping[str, Any], others: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """Each setting that differs, or its whole section where the settings have other names.

    >>> dict(
    ...     changed_settings(
    ...         {"a": {"x": 1, "y": 2}, "b": {"z": 3}}, {"a": {"x": 1, "y": 0}, "b": {}}
    ...     )
    ... )
    {'a.y': 2, 'b': {'z': 3}}
    """
    for name, value in settings.items():
        other = others.get(name)
        if value == other:
            continue
        if (
            isinstance(value, Mapping)
            and isinstance(other, Mapping)
            and value.keys() == other.keys()
        ):
            yield from ((f"{name}.{key}", v) for key, v in value.items() if v != other[key])
        else:
            yield name, value


def json_list(name: str, records: Iterable[object]) -> str:
    """A list of records as JSON, one line each.

    >>> print(json_list("axes", [{"settings": ["seed"]}, {}]))
      "axes": [
        {"settings": ["seed"]},
        {}
      ]
    """
    lines = ",\n".join(f"    {json.dumps(record, ensure_ascii=False)}" for record in records)
    return f'  "{name}": [\n{lines}\n  ]'
