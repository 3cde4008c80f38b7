"""Attention: the mechanism's own settings."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from pipeline.attention import (
    ORDERS,
    QK_NORMS,
    RETAIN,
    SCALES,
    as_normalizer,
    build_bias,
    build_mask,
    check_rotation,
)
from pipeline.base.by_index import at_index, is_by_index
from pipeline.config.schema.section import ByIndex, Section, Spec
from pipeline.config.structures import variant_spec
from pipeline.config.validators import (
    ByLayer,
    by_head,
    by_layer,
    integer,
    one_of,
    optional,
    positive,
    scale_of,
)


class Attention(Section):
    """The attention mechanism; a value may differ by layer: {every: …, 0: …, 3-5: …}."""

    scale: Annotated[str | float | ByIndex, by_layer(scale_of(SCALES))] = Field(
        description="what QKᵀ is multiplied by: a name, on (sqrt_dk), off (none) or a number"
    )
    temperature: Annotated[float | ByIndex, by_layer(by_head(positive()))] = Field(
        description="T, which divides the scores: below 1 sharpens, above 1 flattens; "
        "{heads: {every: 1, 0: 0.5}} sets it by head"
    )
    log_n_factor: Annotated[float | ByIndex, by_layer(positive())] = Field(
        description="s of the scale log_n, s·ln(n)/√d_k, for a query with n keys"
    )
    qk_norm: Annotated[str | ByIndex, by_layer(one_of(QK_NORMS))] = Field(
        description="how queries and keys are brought to one length before they are multiplied"
    )
    qk_norm_gain: Annotated[float | ByIndex, by_layer(positive())] = Field(
        description="g, which queries and keys are multiplied by after qk_norm"
    )
    rotation: Annotated[Spec, by_layer(variant_spec(check_rotation))] = Field(
        description="how queries and keys are rotated by their position"
    )
    softcap: Annotated[float | ByIndex | None, by_layer(optional(positive()))] = Field(
        description="c of the soft-cap c·tanh(z/c) of the scores z; null for none"
    )
    bias: Annotated[Spec, by_layer(variant_spec(lambda spec: build_bias(spec, heads=1)))] = Field(
        description="what is added to the scores; a list adds up"
    )
    mask: Annotated[Spec, by_layer(variant_spec(build_mask))] = Field(
        description="which keys each query may attend to; of a list, those that all masks allow"
    )
    normalizer: Annotated[Spec, by_layer(variant_spec(as_normalizer))] = Field(
        description="the function that turns a row of logits into weights"
    )
    order: Annotated[str | ByIndex, by_layer(one_of(ORDERS))] = Field(
        description="whether the mask comes after the soft-cap, or before it (an ablation, in "
        "which masked keys get weight)"
    )
    retain: Annotated[str, one_of(RETAIN)] = Field(
        description="which weights are stored: full is all, top_k the largest of each query, "
        "none none"
    )
    retain_k: Annotated[int, integer(1, 65536)] = Field(
        description="the number of weights per query that retain=top_k stores"
    )

    def at(self, layer: int) -> Any:
        """The settings of one layer: the same section, each value the layer's own."""
        own = {name: at_index(getattr(self, name), layer) for name in self.layered}
        return Attention.model_validate({**self.model_dump(), **own}) if own else self

    @property
    def layered(self) -> tuple[str, ...]:
        """The settings that are written by layer."""
        return tuple(name for name in BY_LAYER if is_by_index(getattr(self, name)))

    @property
    def hides_keys(self) -> bool:
        """Whether there are both a soft-cap and a mask, whose order then counts."""
        return self.softcap is not None and not build_mask(self.mask).is_everything


BY_LAYER = tuple(
    name
    for name, field in Attention.model_fields.items()
    if any(isinstance(validator, ByLayer) for validator in field.metadata)
)
