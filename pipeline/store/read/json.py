"""The JSON records of run folders and sweeps, and what each must hold."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from pipeline.base.errors import UserError, shorten

Number = Annotated[float, Field(strict=True)]  # no text and no boolean
AnyObject = dict[str, Any]
Scalars = dict[str, Number | None]  # summary.json; null where undefined


class Provenance(BaseModel):
    """What made a run or a sweep, as far as it is read."""

    versions: dict[str, str] = {}


class RunRecord(Provenance):
    """run.json of a finished run."""

    choices: dict[str, str]
    vectors: str = ""
    notices: list[str] = []


class LedgerEntry(BaseModel):
    """run.json as far as the ledger and the summary of a sweep repeat it."""

    key: str
    seconds: Number
    vectors: str
    notices: list[str]


class FileList(BaseModel):
    """run.json as far as it lists the files of its folder."""

    files: list[str] = []


class PlanLine(BaseModel):
    """One run of plan.json."""

    run: str
    same_as: str = ""


class PlanRecord(Provenance):
    """plan.json as far as it is needed to find the runs."""

    runs: list[PlanLine]


class Changes(BaseModel):
    """In what a run differs from the one it is equivalent to."""

    settings: AnyObject
    choices: dict[str, str]


class EquivalentRun(BaseModel):
    """A line of plan.json with `same_as`."""

    differs: Changes


class PlannedRun(BaseModel):
    """A line of plan.json as a resumed sweep needs it."""

    run: str
    key: str
    overrides: list[str]


class ResumablePlan(BaseModel):
    """plan.json as a resumed sweep needs it."""

    overrides: list[str]
    store: str = ""
    runs: list[PlannedRun]


def read_json(path: Path, record: Any = AnyObject, command: str = "compare") -> dict[str, Any]:
    """A JSON file as it is written, or the command's `UserError` that names what is wrong in it."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{command}: cannot read {path} ({error})") from error
    check_record(content, record, path, command)
    checked: dict[str, Any] = content
    return checked


def check_record(content: Any, record: Any, path: Path, command: str = "compare") -> None:
    """A `UserError` if what was read from `path` is not such a record; it names the first error."""
    try:
        adapter(record).validate_python(content)
    except ValidationError as error:
        what = record_error(error)
        raise UserError(f"{command}: cannot read {path} ({what})") from error


@cache
def adapter(record: Any) -> TypeAdapter[Any]:
    """What validates a kind of record."""
    return TypeAdapter(record)


def record_error(error: ValidationError) -> str:
    """The first error: where it is, what came and what is expected.

    >>> try:
    ...     adapter(PlanRecord).validate_python({"runs": [{"run": "a"}, {"run": 1}]})
    ... except ValidationError as error:
    ...     record_error(error)
    'runs.1.run: got 1, expected a valid string'
    """
    first = error.errors(include_url=False)[0]
    path = ".".join(map(str, first["loc"]))
    if first["type"] == "missing":
        return f"{path}: is missing"
    expected = first["msg"].removeprefix("Input should be ").partition(" or instance")[0]
    return (f"{path}: " if path else "") + f"got {shorten(first['input'])}, expected {expected}"
