# SPDX-License-Identifier: Apache-2.0
"""BATCH_MATMUL: products of matrices that are both computed, as attention has them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.fixed_point import (
    MAX_WIDE_SHIFT,
    quantize_multiplier,
    requantize,
    requantize_wide,
)
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.broadcast import constraint_two_operands
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, saturated


@dataclasses.dataclass(frozen=True)
class BatchMatmulAttributes:
    """Whether the operands come transposed: first [..., k, m], second [..., n, k]."""

    first_transposed: bool
    second_transposed: bool


def _read(options: Mapping[str, Any], _: View) -> BatchMatmulAttributes:
    return BatchMatmulAttributes(bool(options["AdjX"]), bool(options["AdjY"]))


def matmul_parameters(view: View) -> tuple[int, int]:
    """`(multiplier, shift)` of the sums: first_scale * second_scale (in float32) / out_scale."""
    with np.errstate(over="ignore"):
        product = np.float32(view.input(0).scale) * np.float32(view.input(1).scale)
    return quantize_multiplier(float(product) / view.output.scale)


def matmul_shape(view: View) -> tuple[int, int, int, int]:
    """(batches, m, n, k) of the product [batches, m, n] over k."""
    *leading, rows, columns = view.output.shape
    depth = view.input(0).shape[-2 if view.attributes.first_transposed else -1]
    return math.prod(leading), rows, columns, depth


def _evaluate(view: View, values: Sequence[Array]) -> Array:
    first, second = (
        values[position].astype(np.int64) - view.input(position).zero_point for position in (0, 1)
    )
    first = np.swapaxes(first, -1, -2) if view.attributes.first_transposed else first
    second = np.swapaxes(second, -1, -2) if view.attributes.second_transposed else second
    scale = requantize_wide if view.output.dtype == "int16" else requantize
    scaled = scale(first @ second, *matmul_parameters(view)) + view.output.zero_point
    return saturated(scaled, view.output.dtype).reshape(view.output.shape)


def _macs(view: View) -> int:
    return math.prod(matmul_shape(view))


def constraint_matrices(view: View) -> str | None:
    """Operands are matrices that fit; leading dimensions are the output's, or 1."""
    shapes = [list(tensor.shape) for tensor in (view.input(0), view.input(1), view.output)]
    if min(map(len, shapes)) < 2:
        return f"shapes {shapes[0]} and {shapes[1]}"
    first, second, output = shapes
    m, k = first[-2:][::-1] if view.attributes.first_transposed else first[-2:]
    n, shared = second[-2:] if view.attributes.second_transposed else second[-2:][::-1]
    batches = math.prod(output[:-2])
    fits = k == shared and output[-2:] == [m, n] and max(m, n, k) <= common.MAX_SIZE
    if not fits or any(math.prod(shape[:-2]) not in (1, batches) for shape in (first, second)):
        return f"shapes {first} and {second} for an output of {output}"
    return None


def constraint_factor(view: View) -> str | None:
    """Of int16 operands, the product of their scales is at most 128 times the output's."""
    if view.output.dtype != "int16":
        return None
    shift = matmul_parameters(view)[1]
    return f"a factor of 2^{shift}" if shift > MAX_WIDE_SHIFT else None


BATCH_MATMUL = OpSpec(
    "BATCH_MATMUL",
    _read,
    _evaluate,
    (
        constraint_two_operands,
        common.constraint_all_activations,
        constraint_matrices,
        constraint_factor,
    ),
    _macs,
)
