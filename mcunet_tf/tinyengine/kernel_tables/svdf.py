# SPDX-License-Identifier: Apache-2.0
"""Kernel tables of the steps of SVDF."""

from __future__ import annotations

import dataclasses

import numpy as np

from mcunet_tf.tinyengine.fixed_point import quantize_multiplier, wrap_int32
from mcunet_tf.tinyengine.kernel_tables.table import (
    ANY_TYPE,
    Kernel,
    Struct,
    Style,
    float_blob,
    int8_blob,
    int16_blob,
    int32_blob,
)
from mcunet_tf.tinyengine.ops.float32_layers import bias_values
from mcunet_tf.tinyengine.ops.float32_values import activation_of, clamp
from mcunet_tf.tinyengine.ops.spec import View
from mcunet_tf.tinyengine.ops.svdf import features_factor, push_offset, time_bias, time_factor


def _features(view: View) -> Struct:
    weights = view.constant(1)
    batches, inputs = view.input(0).shape
    factor = features_factor(view.input(0), view.input(1), view.output)
    multiplier, shift = quantize_multiplier(factor)
    sums = weights.astype(np.int64).sum(axis=1)
    fields = {
        "weights": int8_blob(weights),
        "bias": int32_blob(wrap_int32(-sums * view.input(0).zero_point)),
        "multiplier": multiplier,
        "shift": shift,
        "batches": batches,
        "inputs": inputs,
        "windows": len(weights),
    }
    return Struct("struct svdf_features", fields)


def _push(view: View) -> Struct:
    windows = view.input(1).elements
    fields = {
        "windows": windows,
        "memory": view.output.elements // windows,
        "item_bytes": view.output.item_bytes,
        "offset": push_offset(view),
    }
    return Struct("struct svdf_push", fields)


def _time(view: View) -> Struct:
    batches, units = view.output.shape
    weights = view.constant(1)
    multiplier, shift = time_factor(view)
    fields = {
        "weights": (int8_blob if weights.dtype == np.int8 else int16_blob)(weights),
        "bias": int32_blob(time_bias(view)),
        "multiplier": multiplier,
        "shift": shift,
        "batches": batches,
        "units": units,
        "zero_point": view.output.zero_point,
        "length": weights.size // units,
    }
    return Struct("struct svdf_time", fields)


def _time_f32(view: View) -> Struct:
    batches, units = view.output.shape
    weights = view.constant(1)
    low, high = clamp(activation_of(view))
    fields = {
        "weights": float_blob(weights),
        "bias": float_blob(bias_values(view)),
        "out_min": low,
        "out_max": high,
        "batches": batches,
        "units": units,
        "length": weights.size // units,
    }
    return Struct("struct svdf_time_f32", fields)


def _dsp(portable: Kernel) -> tuple[Kernel, Kernel]:
    """A kernel for the DSP extension before the one for any target."""
    name = portable.name.replace("_portable", "_dsp")
    return dataclasses.replace(portable, name=name, isa="dsp"), portable


KERNELS = {
    "SVDF_FEATURES": _dsp(
        Kernel("svdf_features_s16_portable", "svdf", "portable", Style.WHOLE, _features)
    ),
    "SVDF_PUSH": (
        Kernel(
            "svdf_push_portable",
            "svdf",
            "portable",
            Style.PIXELS,
            _push,
            data_inputs=(0, 1),
            reads_ahead=True,
            takes=ANY_TYPE,
        ),
    ),
    "SVDF_TIME": (
        *_dsp(Kernel("svdf_time_s8_portable", "svdf", "portable", Style.WHOLE, _time)),
        *_dsp(
            Kernel(
                "svdf_time_s16_portable", "svdf", "portable", Style.WHOLE, _time, takes=("int16",)
            )
        ),
    ),
    "SVDF_TIME_F32": (
        Kernel("svdf_time_f32_portable", "svdf", "portable", Style.WHOLE, _time_f32),
    ),
}
