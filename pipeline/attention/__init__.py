"""Query, key, value → weights, output; one file per stage of the mechanism.

norm and rotation → score → scale and temperature → cap → bias → mask → normalize → mix
"""

from pipeline.attention.arguments import as_normalizer
from pipeline.attention.attend import attend
from pipeline.attention.backward.attend import attend_gradients
from pipeline.attention.biases.registry import BIASES, build_bias
from pipeline.attention.kernel.order import NEEDS_BOTH, ORDERS
from pipeline.attention.kernel.stages import STAGES, recorder
from pipeline.attention.masks.registry import MASKS, build_mask
from pipeline.attention.normalizers.registry import NORMALIZERS
from pipeline.attention.reference import reference_attention
from pipeline.attention.retain import RETAIN
from pipeline.attention.score.qk_norm import QK_NORMS
from pipeline.attention.score.rotary import ROTATIONS, check_rotation, rotate
from pipeline.attention.score.scale import SCALES

__all__ = [
    "BIASES",
    "MASKS",
    "NEEDS_BOTH",
    "NORMALIZERS",
    "ORDERS",
    "QK_NORMS",
    "RETAIN",
    "ROTATIONS",
    "SCALES",
    "STAGES",
    "as_normalizer",
    "attend",
    "attend_gradients",
    "build_bias",
    "build_mask",
    "check_rotation",
    "recorder",
    "reference_attention",
    "rotate",
]
