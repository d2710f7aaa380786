# SPDX-License-Identifier: Apache-2.0
"""Kernel table of FULLY_CONNECTED."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcunet_tf.tinyengine.kernel_tables.channels import (
    channel_blob,
    channel_constants,
    folded_bias,
    output_fields,
    rejects_any_sums,
    rejects_dsp_sums,
    rejects_narrow_s16,
    rejects_scalar_sums,
    s16_edges,
    s16_factors,
    s16_fields,
)
from mcunet_tf.tinyengine.kernel_tables.packing import dsp, dsp_passes, dsp_s16, mve, rvv
from mcunet_tf.tinyengine.kernel_tables.table import (
    Blob,
    Kernel,
    Struct,
    Style,
    int8_blob,
    word_blob,
)
from mcunet_tf.tinyengine.ops.spec import View


def _rejects_fully_connected(view: View) -> str | None:
    if view.input(1).shape[0] < 2:
        return "one output"
    weights, bias, _, _ = channel_constants(view)
    return rejects_dsp_sums(view) or dsp.narrow_sum_reason(weights, bias)


def _rejects_fully_connected_any(view: View) -> str | None:
    if view.input(1).shape[0] < 2:
        return "one output"
    weights = channel_constants(view)[0]
    return rejects_any_sums(view) or dsp_passes.shared_halves_reason(weights)


def _struct(view: View, weights: Blob, channels: Blob | None) -> Struct:
    out_features, in_features = view.input(1).shape
    fields = {
        "weights": weights,
        "channels": channels,
        "in_features": in_features,
        "rows": view.output.elements // out_features,
        "out_features": out_features,
    }
    return Struct("struct fully_connected_s8", {**fields, **output_fields(view)})


def _fully_connected_plain(view: View) -> Struct:
    weights = int8_blob(view.constant(1))
    return _struct(view, weights, channel_blob(view, folded_bias(view, (1,))))


def _fully_connected_dsp(view: View) -> Struct:
    return _struct(view, word_blob(dsp.pack_fully_connected(*channel_constants(view))), None)


def _fully_connected_any_dsp(view: View) -> Struct:
    packed = dsp_passes.pack_fully_connected_any(*channel_constants(view))
    return _struct(view, *map(word_blob, packed))


def _fully_connected_mve(view: View) -> Struct:
    weights, channels = mve.pack_fully_connected(*channel_constants(view))
    return _struct(view, int8_blob(weights.view(np.int8)), word_blob(channels))


def _fully_connected_rvv(view: View) -> Struct:
    return _struct(view, word_blob(rvv.pack_taps(*channel_constants(view))), None)


def _s16_struct(view: View, constants: dict[str, Any]) -> Struct:
    out_features, in_features = view.input(1).shape
    fields = {
        **constants,
        "in_features": in_features,
        "rows": view.output.elements // out_features,
        "out_features": out_features,
    }
    return Struct("struct fully_connected_s16", {**fields, **s16_edges(view)})


def _s16(view: View) -> Struct:
    return _s16_struct(view, {"weights": int8_blob(view.constant(1)), **s16_fields(view)})


def _s16_stream(view: View) -> Struct:
    stream = word_blob(dsp_s16.pack_fully_connected(*s16_factors(view)))
    return _s16_struct(view, {"weights": stream, "bias": None, "scales": None, "wide": 1})


def _s16_any(view: View) -> Struct:
    words = dsp_s16.pack_groups(view.constant(1), dsp_s16.OUTPUTS)
    return _s16_struct(view, {"weights": word_blob(words), **s16_fields(view)})


def _s16_scratch(view: View, _: int) -> int:
    return dsp_s16.scratch_bytes_fully_connected(view.input(1).shape[1])


FULLY_CONNECTED = (
    Kernel(
        "fully_connected_s8_mve",
        "fully_connected",
        "mve",
        Style.WHOLE,
        _fully_connected_mve,
    ),
    Kernel(
        "fully_connected_s8_dsp",
        "fully_connected",
        "dsp",
        Style.WHOLE,
        _fully_connected_dsp,
        rejects=_rejects_fully_connected,
        scratch_bytes=lambda view, _: dsp.scratch_bytes_fully_connected(view.input(1).shape[1]),
    ),
    Kernel(
        "fully_connected_s8_any_dsp",
        "fully_connected",
        "dsp",
        Style.WHOLE,
        _fully_connected_any_dsp,
        rejects=_rejects_fully_connected_any,
    ),
    Kernel(
        "fully_connected_s8_plain_dsp",
        "fully_connected",
        "dsp",
        Style.WHOLE,
        _fully_connected_plain,
    ),
    Kernel(
        "fully_connected_s8_rvv",
        "fully_connected",
        "rvv",
        Style.WHOLE,
        _fully_connected_rvv,
    ),
    *(
        Kernel(
            f"fully_connected_s8_{isa}",
            "fully_connected",
            isa,
            Style.WHOLE,
            _fully_connected_plain,
            rejects=rejects_scalar_sums,
        )
        for isa in ("thumb", "scalar")
    ),
    Kernel(
        "fully_connected_s8_portable",
        "fully_connected",
        "portable",
        Style.WHOLE,
        _fully_connected_plain,
    ),
    Kernel(
        "fully_connected_s16_dsp",
        "fully_connected",
        "dsp",
        Style.WHOLE,
        _s16_stream,
        rejects=rejects_narrow_s16,
        scratch_bytes=_s16_scratch,
        takes=("int16",),
    ),
    Kernel(
        "fully_connected_s16_any_dsp",
        "fully_connected",
        "dsp",
        Style.WHOLE,
        _s16_any,
        scratch_bytes=_s16_scratch,
        takes=("int16",),
    ),
    Kernel(
        "fully_connected_s16_portable",
        "fully_connected",
        "portable",
        Style.WHOLE,
        _s16,
        takes=("int16",),
    ),
)

KERNELS = {"FULLY_CONNECTED": FULLY_CONNECTED}
