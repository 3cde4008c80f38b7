"""Study: an experiment's question, source, grid and laws."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from pipeline.base.registry import list_choices
from pipeline.config.schema.section import Section
from pipeline.config.structures import grid_axes
from pipeline.config.validators import non_empty, one_of
from pipeline.laws import RELATIONS
from pipeline.metrics import METRICS, scalar_names


class Law(Section):
    """What must hold for the runs of an experiment: how one metric changes along one setting."""

    claim: Annotated[str, non_empty("the law in words")] = Field(
        description="the law in words, as the verdict shows it"
    )
    law: Annotated[str, one_of(RELATIONS)] = Field(
        description="how the metric changes from each value of the setting to the next"
    )
    metric: Annotated[str, one_of(scalar_names(METRICS))] = Field(description="the metric")
    setting: Annotated[str, non_empty("a setting of the grid")] = Field(
        description="the setting of the grid along which the metric is followed"
    )
    along: list[Any] | None = Field(
        default=None, description="the values of the setting in order; null for ascending"
    )
    within: float = Field(
        default=0.0, description="how much a flat metric may change, in its own unit"
    )
    where: dict[str, Any] = Field(
        default={},
        description="the values of other settings of the runs it is about; empty for all runs",
    )


class Study(Section):
    """An experiment: its question, its source, what it varies and what must hold."""

    question: Annotated[str, non_empty("the question the experiment answers")] = Field(
        description="the question that the experiment answers"
    )
    source: Annotated[str, non_empty("where the claim is published")] = Field(
        description="where the claim was published"
    )
    grid: Annotated[dict[str, Any], grid_axes()] = Field(
        description="the settings that vary, each with its list of values; settings whose names "
        "are joined by commas vary together"
    )
    holds: list[Law] = Field(
        default=[], description="the laws that must hold for the finished runs"
    )

    @property
    def varied(self) -> list[str]:
        """The settings of the grid."""
        return [name.strip() for key in self.grid for name in key.split(",")]

    @model_validator(mode="after")
    def laws_of_the_grid(self) -> Study:
        varied = self.varied
        for law in self.holds:
            for name in (law.setting, *law.where):
                if name not in varied:
                    known = f"a setting of the grid: {list_choices(name, varied)}"
                    raise ValueError(f"holds: got {name!r}, expected {known}")
        return self
