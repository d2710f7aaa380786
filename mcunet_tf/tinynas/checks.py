# SPDX-License-Identifier: Apache-2.0
"""Checks of the numbers that a user sets: each failure names the number and what is allowed."""

from __future__ import annotations

import math
import numbers
from typing import Any

from mcunet_tf.errors import SearchError


def check_whole(name: str, value: Any, least: int) -> None:
    """Makes sure that a setting is a whole number.

    Args:
        name: name of the setting, for the message.
        value: what was given.
        least: the smallest allowed value.

    Raises:
        SearchError: it is another type (truth values too), or below the least.
    """
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or value < least:
        raise SearchError(f"{name} = {shown(value)}: it must be a whole number from {least} on")


def check_size(name: str, value: Any) -> None:
    """Makes sure that a setting is a whole number from 1 on, or a pair of them.

    Raises:
        SearchError: it is something else.
    """
    if not isinstance(value, tuple):
        check_whole(name, value, 1)
        return
    if len(value) != 2:
        raise SearchError(f"{name} = {shown(value)}: give one number, or (height, width)")
    for number in value:
        check_whole(name, number, 1)


def check_real(name: str, value: Any, low: float, high: float = math.inf) -> None:
    """Makes sure that a setting is a finite number.

    Args:
        name: name of the setting, for the message.
        value: what was given.
        low: the smallest allowed value.
        high: the largest allowed value.

    Raises:
        SearchError: it is another type, not finite, or outside the range.
    """
    if not is_real(value) or not low <= value <= high:
        limits = f"from {low:g} on" if high == math.inf else f"from {low:g} to {high:g}"
        raise SearchError(f"{name} = {shown(value)}: it must be a number {limits}")


def is_real(value: Any) -> bool:
    """Whether something is a finite number; truth values are none."""
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)


def shown(value: Any) -> str:
    """A value as a message shows it: on one line, and cut where it is long."""
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
