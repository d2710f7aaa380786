# SPDX-License-Identifier: Apache-2.0
"""Settings that are checked where they are made."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

from mcunet_tf.errors import VisionError


def require(holds: bool, what: str) -> None:
    """Raises VisionError unless a setting is one that can be computed."""
    if not holds:
        raise VisionError(what)


def is_whole(value: object) -> bool:
    """Whether a setting is a whole number and no truth value."""
    return isinstance(value, int) and not isinstance(value, bool)


def require_whole(name: str, value: Any, low: int, high: int, unit: str = "") -> None:
    """Raises VisionError unless a setting is a whole number from low to high."""
    fits = is_whole(value) and low <= value <= high
    require(fits, f"{name}={value!r}: give a whole number from {low} to {high}{unit}")


def require_real(name: str, value: Any, low: float, high: float) -> None:
    """Raises VisionError unless a setting is a number from low to high."""
    real = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    require(real and low <= value <= high, f"{name}={value!r}: give a number from {low} to {high}")


def require_choice(name: str, value: object, choices: tuple[str, ...]) -> None:
    """Raises VisionError unless a setting is one of some words."""
    require(value in choices, f"{name}={value!r}: give one of {', '.join(choices)}")


def require_pair(name: str, value: Any, low: int, high: int) -> None:
    """Raises VisionError unless a setting is two whole numbers."""
    fits = isinstance(value, tuple) and len(value) == 2
    fits = fits and all(is_whole(part) and low <= part <= high for part in value)
    require(fits, f"{name}={value!r}: give two whole numbers from {low} to {high}")


def settings_of(kind: type, given: Any, what: str) -> dict[str, Any]:
    """The settings of a mapping by their names, if a class has all of them; lists are tuples.

    Raises:
        VisionError: it is no mapping, or a name is unknown; the message lists those that are.
    """
    known = [field.name for field in dataclasses.fields(kind) if field.init]
    require(isinstance(given, Mapping), f"{what} is {given!r}: give settings by name")
    for name in given:
        require(name in known, f"{what}: '{name}' is no setting of it: use {', '.join(known)}")
    return {name: as_tuple(value) for name, value in given.items()}


def as_tuple(value: Any) -> Any:
    """A value whose lists are tuples, all the way down."""
    return tuple(map(as_tuple, value)) if isinstance(value, list | tuple) else value
