# SPDX-License-Identifier: Apache-2.0
"""PAD and PADV2."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.ir import constant_values
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.pool2d import constraint_same_quantisation
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View


@dataclasses.dataclass(frozen=True)
class PadAttributes:
    """`before` and `after` per axis; `value` is the int8 that fills."""

    before: tuple[int, ...]
    after: tuple[int, ...]
    value: int


def _read_pad(_: Mapping[str, Any], view: View) -> PadAttributes:
    pads = view.optional(1)
    if pads is None or pads.data is None or pads.elements % 2:
        return PadAttributes((), (), 0)
    pairs = np.asarray(pads.data).reshape(-1, 2)
    value = view.optional(2)
    if value is not None and value.data is not None:
        fill = constant_values(value)[0] if value.data.size else 0
    else:
        quantization = view.input(0).quantization
        fill = quantization.zero_point[0] if quantization and quantization.zero_point else 0
    return PadAttributes(
        tuple(int(p) for p in pairs[:, 0]), tuple(int(p) for p in pairs[:, 1]), fill
    )


def _evaluate_pad(view: View, values: Sequence[Array]) -> Array:
    attributes: PadAttributes = view.attributes
    edges = tuple(zip(attributes.before, attributes.after, strict=True))
    return np.pad(values[0], edges, constant_values=attributes.value)


def constraint_paddings(view: View) -> str | None:
    """Paddings are constant, not negative and of a rank of 1 to 4; the value is an int8."""
    attributes: PadAttributes = view.attributes
    shape = view.input(0).shape
    if len(attributes.before) != len(shape) or not 1 <= len(shape) <= 4:
        return f"paddings for {len(attributes.before)} axes of {list(shape)}"
    if min((*attributes.before, *attributes.after)) < 0:
        return f"paddings {list(attributes.before)}, {list(attributes.after)}"
    if not -128 <= attributes.value <= 127:
        return f"a value of {attributes.value}"
    padded = tuple(
        b + s + a for b, s, a in zip(attributes.before, shape, attributes.after, strict=True)
    )
    return None if padded == view.output.shape else f"an output of {list(view.output.shape)}"


PAD = OpSpec(
    "PAD",
    _read_pad,
    _evaluate_pad,
    (common.constraint_int8_activations, constraint_paddings, constraint_same_quantisation),
)

PADV2 = OpSpec(
    "PADV2",
    _read_pad,
    _evaluate_pad,
    (common.constraint_int8_activations, constraint_paddings, constraint_same_quantisation),
)
