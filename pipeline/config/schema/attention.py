"""Attention: the mechanism's own settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from pipeline.attention import (
    NEEDS_BOTH,
    ORDERS,
    QK_NORMS,
    RETAIN,
    SCALES,
    as_normalizer,
    build_bias,
    build_mask,
    check_rotation,
)
from pipeline.config.schema.section import Section, Spec
from pipeline.config.validators import integer, one_of, optional, positive, scale_of, variant_spec


class Attention(Section):
    """The mechanism's own settings."""

    scale: Annotated[str | float, scale_of(SCALES)] = Field(
        description="what multiplies QKᵀ: a name, on, off or a number"
    )
    temperature: Annotated[float, positive()] = Field(description="divides the scores, T > 0")
    log_n_factor: Annotated[float, positive()] = Field(description="the s of the scale log_n")
    qk_norm: Annotated[str, one_of(QK_NORMS)] = Field(description="queries and keys to one length")
    qk_norm_gain: Annotated[float, positive()] = Field(description="the length's factor g")
    rotation: Annotated[Spec, variant_spec(check_rotation)] = Field(
        description="queries and keys turned by their position"
    )
    softcap: Annotated[float | None, optional(positive())] = Field(
        description="c of c·tanh(z/c) on the scores; null for none"
    )
    bias: Annotated[Spec, variant_spec(lambda spec: build_bias(spec, heads=1))] = Field(
        description="what is added to the scores"
    )
    mask: Annotated[Spec, variant_spec(build_mask)] = Field(
        description="which keys a query may attend to"
    )
    normalizer: Annotated[Spec, variant_spec(as_normalizer)] = Field(
        description="logits to weights"
    )
    order: Annotated[str, one_of(ORDERS)] = Field(description="which comes first, cap or mask")
    retain: Annotated[str, one_of(RETAIN)] = Field(description="which weights are kept and written")
    retain_k: Annotated[int, integer(1, 65536)] = Field(description="how many of a row top_k keeps")

    @model_validator(mode="after")
    def an_order_that_shows(self) -> Attention:
        nothing = self.softcap is None or build_mask(self.mask).is_everything
        if self.order == "mask_then_cap" and nothing:
            raise ValueError(NEEDS_BOTH)
        return self
