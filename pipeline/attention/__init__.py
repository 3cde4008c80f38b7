"""Query, key, value → Attended: one file a stage of the mechanism, in the order they are applied.

project → norm and rotation → score → scale and temperature → cap → bias → mask → normalize → mix
"""

from pipeline.attention.assemble import as_normalizer
from pipeline.attention.attend import attend
from pipeline.attention.attend_gradients import attend_gradients
from pipeline.attention.biases import BIASES, add_up
from pipeline.attention.chain import STAGES, keeping
from pipeline.attention.masks import MASKS, combine
from pipeline.attention.normalizers import NORMALIZERS
from pipeline.attention.order import NEEDS_BOTH, ORDERS
from pipeline.attention.output import check_residual, moves
from pipeline.attention.project import OUTPUTS, PROJECTIONS, project
from pipeline.attention.qk_norm import QK_NORMS
from pipeline.attention.rotary import ROTATIONS, check_rotation, turn
from pipeline.attention.scale import SCALES

__all__ = [
    "BIASES",
    "MASKS",
    "NEEDS_BOTH",
    "NORMALIZERS",
    "ORDERS",
    "OUTPUTS",
    "PROJECTIONS",
    "QK_NORMS",
    "ROTATIONS",
    "SCALES",
    "STAGES",
    "add_up",
    "as_normalizer",
    "attend",
    "attend_gradients",
    "check_residual",
    "check_rotation",
    "combine",
    "keeping",
    "moves",
    "project",
    "turn",
]
