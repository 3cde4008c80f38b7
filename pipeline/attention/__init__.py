"""Query, key, value → Attended: one file a stage of the mechanism, in the order they are applied.

project → score → scale → temperature → mask → normalize → mix
"""

from pipeline.attention.attend import attend
from pipeline.attention.mask import MASKS
from pipeline.attention.normalize import NORMALIZERS
from pipeline.attention.project import PROJECTIONS, project
from pipeline.attention.scale import SCALES, factor

__all__ = [
    "MASKS",
    "NORMALIZERS",
    "PROJECTIONS",
    "SCALES",
    "attend",
    "factor",
    "project",
]
