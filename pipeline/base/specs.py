"""Specs: a variant and its settings as YAML writes them, checked against its signature."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from functools import cache
from numbers import Integral, Real
from typing import Any, TypeGuard, TypeVar

import numpy as np

from pipeline.base.errors import UserError, shorten
from pipeline.base.registry import list_choices, lookup

T = TypeVar("T")
FAR = 2**62  # beyond any key; its sum with a position still fits an int64


def build(
    choices: Mapping[str, Callable[..., T]], spec: object, what: str, *arguments: object
) -> T:
    """The variant that `spec` names: a name, or {name: {setting: value}}.

    `arguments` come before the settings. Raises `UserError` on an unknown name and on an unknown or
    missing setting, with all that are allowed.

    >>> build(
    ...     {"power": lambda base, *, exponent: base**exponent}, {"power": {"exponent": 3}}, "", 2
    ... )
    8
    """
    name, settings = split_spec(spec, what)
    factory = lookup(choices, name, what)
    check_settings(factory, settings, f"{what}.{name}", len(arguments))
    return factory(*arguments, **settings)


def split_spec(spec: object, what: str) -> tuple[str, Mapping[str, Any]]:
    """The name in a spec, and its settings.

    >>> split_spec("causal", "mask"), split_spec({"window": {"left": 4}}, "mask")
    (('causal', {}), ('window', {'left': 4}))
    """
    if isinstance(spec, str):
        return spec, {}
    if isinstance(spec, Mapping) and len(spec) == 1:
        ((name, settings),) = spec.items()
        settings = {} if settings is None else settings
        if isinstance(name, str) and isinstance(settings, Mapping):
            return name, settings
    raise UserError(f"{what}: got {shorten(spec)}, expected a name or {{name: {{setting: value}}}}")


def check_settings(
    factory: Callable[..., object], settings: Mapping[str, Any], what: str, arguments: int = 0
) -> None:
    """Raise a `UserError` unless `factory` takes these settings after its first `arguments`."""
    parameters = dict(list(parameters_of(factory).items())[arguments:])
    expected = f"expected {describe_settings(parameters)}"
    for name in settings:
        if name not in parameters:
            close = list_choices(name, parameters).removeprefix(", ".join(parameters))
            raise UserError(f"{what}: got the setting {shorten(name)}, {expected}{close}")
    for name, parameter in parameters.items():
        if parameter.default is parameter.empty and name not in settings:
            raise UserError(f"{what}: the setting {name!r} is missing, {expected}")


@cache
def parameters_of(factory: Callable[..., object]) -> Mapping[str, inspect.Parameter]:
    """The parameters of a factory, cached, as every run asks for them."""
    return inspect.signature(factory).parameters


def describe_settings(names: Mapping[str, object]) -> str:
    """The settings a variant takes, in words.

    >>> describe_settings({"left": 1, "right": 2}), describe_settings({})
    ('settings among: left, right', 'no settings')
    """
    return f"settings among: {', '.join(names)}" if names else "no settings"


def whole(value: object, what: str, least: int = 0, most: int = FAR) -> int:
    """`value` as an integer from `least` to `most`; refuses true and false.

    >>> whole(np.int64(3), "window.left")
    3
    """
    is_whole = isinstance(value, Integral) and not isinstance(value, bool | np.bool_)
    if not is_whole or not least <= value <= most:  # type: ignore[operator]
        limits = f">= {least}" if most == FAR else f"from {least} to {most}"
        raise UserError(f"{what}: got {shorten(value)}, expected an integer {limits}")
    return int(value)  # type: ignore[call-overload]


def finite(value: object, what: str, expected: str = "a finite number") -> float:
    """`value` as a finite number; refuses true and false.

    >>> finite(2, "attention.scale")
    2.0
    """
    if type(value) is float and math.isfinite(value):
        return value
    real = isinstance(value, Real) and not isinstance(value, bool | np.bool_)
    try:
        number = float(value) if real else math.nan  # type: ignore[arg-type]
    except OverflowError:  # an integer beyond the floats
        number = math.inf
    if not math.isfinite(number):
        raise UserError(f"{what}: got {shorten(value)}, expected {expected}")
    return number


def positive(value: object, what: str) -> float:
    """`value` as a finite number above zero.

    >>> positive(2, "attention.temperature")
    2.0
    """
    number = finite(value, what, expected="a finite number > 0")
    if number <= 0.0:
        raise UserError(f"{what}: got {shorten(value)}, expected a finite number > 0")
    return number


def only_one(what: str, **settings: object) -> None:
    """Raise a `UserError` unless exactly one of these alternatives is not None."""
    names = [name for name, value in settings.items() if value is not None]
    if len(names) != 1:
        got = " and ".join(names) or "neither"
        raise UserError(f"{what}: got {got}, expected one of: {', '.join(settings)}")


FLOAT32_MAX = float(np.finfo(np.float32).max)


def is_integer(value: object) -> TypeGuard[int]:
    """Whether `value` is an integer and no boolean.

    >>> is_integer(2), is_integer(True), is_integer(2.0)
    (True, False, False)
    """
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def fits_float32(value: object) -> TypeGuard[float]:
    """Whether `value` is a real number, finite in float32, and no boolean.

    >>> fits_float32(2), fits_float32(True), fits_float32(float("nan")), fits_float32("2")
    (True, False, False, False)
    """
    if isinstance(value, float | np.floating) or is_integer(value):
        return bool(-FLOAT32_MAX <= value <= FLOAT32_MAX)
    return False
