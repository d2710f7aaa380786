# SPDX-License-Identifier: Apache-2.0
"""What the kernels of convolutions and matrix products are given for each output channel."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.fixed_point import reduce_multiplier
from mcunet_tf.tinyengine.kernel_tables.packing import dsp, dsp_s16, scalar
from mcunet_tf.tinyengine.kernel_tables.table import Blob, int64_blob
from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.spec import View


def folded_bias(view: View, weight_axes: tuple[int, ...]) -> npt.NDArray[np.int64]:
    """The bias - in_zero_point * sum of the weights, per channel, wrapped to int32 as in C."""
    sums = np.asarray(view.constant(1), np.int64).sum(axis=weight_axes)
    bias = common.bias_values(view, len(sums)) - view.input(0).zero_point * sums
    wrapped: npt.NDArray[np.int64] = bias.astype(np.int32).astype(np.int64)
    return wrapped


def channel_blob(view: View, bias: npt.NDArray[np.int64]) -> Blob:
    """`struct channel_s8 [channels]`: bias, multiplier, shift."""
    multiplier, shift = common.channel_multipliers(view, len(bias))
    table = np.stack([bias, multiplier, shift], axis=1).astype(np.int32)
    return Blob("struct channel_s8", table)


def output_fields(view: View) -> dict[str, int]:
    """Zero point and clamp of the output."""
    low, high = common.activation_range(view.attributes.activation, view.output)
    return {"out_zero_point": view.output.zero_point, "out_min": low, "out_max": high}


def channel_constants(
    view: View,
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """Weights [out_channels, taps], folded bias, multiplier and shift of a dense convolution."""
    weights = np.asarray(view.constant(1))
    axes = tuple(range(1, weights.ndim))
    multiplier, shift = common.channel_multipliers(view, weights.shape[0])
    return weights.reshape(weights.shape[0], -1), folded_bias(view, axes), multiplier, shift


def rejects_dsp_sums(view: View) -> str | None:
    """Why a kernel that rounds in one multiplication cannot take these sums, or None."""
    return dsp.fast_requant_reason(*channel_constants(view))


def rejects_any_sums(view: View) -> str | None:
    """Why a kernel for scales of any size cannot take these sums, or None."""
    return dsp.any_shift_reason(*channel_constants(view))


def rejects_scalar_sums(view: View) -> str | None:
    """Why a kernel with the shorter requantisation of scalar cores cannot take sums, or None."""
    return scalar.sum_reason(*channel_constants(view))


def s16_fields(view: View) -> dict[str, Any]:
    """Bias and scale of each channel of int16, and which arithmetic they are for."""
    channels = view.output.shape[-1]
    multiplier, shift = common.channel_multipliers(view, channels)
    wide = common.sums_are_wide(view)
    if wide:
        multiplier, shift = reduce_multiplier(multiplier), 15 - shift
    scales = np.stack([multiplier, shift], axis=1).astype(np.int32)
    return {
        "bias": int64_blob(common.bias_values(view, channels)),
        "scales": Blob("struct scale_s16", scales),
        "wide": int(wide),
    }


def s16_constants(
    view: View, weight_axis: int = 0
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """Weights [channels, taps], bias, multiplier and shift of each channel of int16."""
    weights = np.moveaxis(np.asarray(view.constant(1)), weight_axis, 0)
    multiplier, shift = common.channel_multipliers(view, len(weights))
    bias = common.bias_values(view, len(weights))
    return weights.reshape(len(weights), -1), bias, multiplier, shift


def rejects_narrow_s16(view: View, weight_axis: int = 0) -> str | None:
    """Why a kernel with sums of 32 bits cannot take int16 products, or None."""
    if not common.sums_are_wide(view):
        return "a bias of int32, which rounds twice"
    return dsp_s16.narrow_reason(*s16_constants(view, weight_axis))


def s16_factors(
    view: View, weight_axis: int = 0
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any]]:
    """Weights [channels, taps], and bias and factor of each channel; see `packing.dsp_s16`."""
    constants = s16_constants(view, weight_axis)
    clamp = common.activation_range(view.attributes.activation, view.output)
    return constants[0], *dsp_s16.factors(*constants, clamp)


def s16_edges(view: View) -> dict[str, int]:
    """Clamp of an int16 output."""
    low, high = common.activation_range(view.attributes.activation, view.output)
    return {"out_min": low, "out_max": high}


Pack = Callable[..., npt.NDArray[np.uint8]]
