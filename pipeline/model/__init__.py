"""Embeddings → query, key, value, and the output of attention → contextual embeddings."""

from pipeline.model.output import check_residual, embeddings_after
from pipeline.model.projection import OUTPUTS, PROJECTIONS, project

__all__ = [
    "OUTPUTS",
    "PROJECTIONS",
    "check_residual",
    "embeddings_after",
    "project",
]
