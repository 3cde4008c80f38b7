"""Study: an experiment's question, source, grid and laws."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from pipeline.base.registry import list_choices
from pipeline.config.schema.section import Section
from pipeline.config.validators import grid_axes, non_empty, one_of
from pipeline.laws import RELATIONS
from pipeline.metrics import METRICS, scalar_names


class Law(Section):
    """Something that must hold of the runs of an experiment: one metric along one setting."""

    claim: Annotated[str, non_empty("the law in words")] = Field(description="the law in words")
    law: Annotated[str, one_of(RELATIONS)] = Field(description="what the metric does")
    metric: Annotated[str, one_of(scalar_names(METRICS))] = Field(description="which metric")
    setting: Annotated[str, non_empty("a setting of the grid")] = Field(description="along what")
    along: list[Any] | None = Field(
        default=None, description="the order of the setting's values; null for ascending"
    )
    within: float = Field(default=0.0, description="how far a flat metric may move")
    where: dict[str, Any] = Field(default={}, description="the runs it speaks of")


class Study(Section):
    """What an experiment asks, where it comes from, what it varies and what must hold."""

    question: Annotated[str, non_empty("the question the experiment answers")] = Field(
        description="what the experiment asks"
    )
    source: Annotated[str, non_empty("where the claim is published")] = Field(
        description="who claimed or measured it"
    )
    grid: Annotated[dict[str, Any], grid_axes()] = Field(
        description="settings and their values; keys joined by commas move together"
    )
    holds: list[Law] = Field(default=[], description="laws that must hold of the finished runs")

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
