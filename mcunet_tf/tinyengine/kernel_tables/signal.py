# SPDX-License-Identifier: Apache-2.0
"""Kernel tables of Signal operators."""

from __future__ import annotations

import dataclasses
from typing import Any

from mcunet_tf.tinyengine.kernel_tables.table import (
    Blob,
    Kernel,
    Struct,
    Style,
    int16_blob,
    uint16_blob,
)
from mcunet_tf.tinyengine.ops.signal import gain_table
from mcunet_tf.tinyengine.ops.spec import View
from mcunet_tf.tinyengine.signal import tables


def _window(view: View) -> Struct:
    weights = view.constant(1)
    fields = {
        "weights": int16_blob(weights),
        "size": weights.size,
        "frames": view.input(0).elements // weights.size,
        "shift": view.attributes.shift,
    }
    return Struct("struct signal_window", fields)


def _values(view: View) -> Struct:
    return Struct("struct signal_values", {"count": view.input(0).elements})


def _rfft(view: View) -> Struct:
    points, samples = view.attributes.length // 2, view.input(0).shape[-1]
    fields = {
        "places": uint16_blob(tables.input_places(points)),
        "twiddles": Blob("uint32_t", tables.stage_factors(points)),
        "split": Blob("uint32_t", tables.complex_words(tables.split_twiddles(points))),
        "samples": samples,
        "points": points,
        "frames": view.input(0).elements // samples,
    }
    return Struct("struct signal_rfft", fields)


def _rfft_scratch(view: View, _: int) -> int:
    return int(view.attributes.length) * 2


def _energy(view: View) -> Struct:
    attributes = view.attributes
    fields = {"bins": view.output.elements, "start": attributes.start, "end": attributes.end}
    return Struct("struct signal_energy", fields)


def _filter_bank(view: View) -> Struct:
    weights, unweights, bins, starts, widths = (view.constant(k) for k in range(1, 6))
    fields = {
        "weights": int16_blob(weights),
        "unweights": int16_blob(unweights),
        "bins": uint16_blob(bins),
        "starts": uint16_blob(starts),
        "widths": uint16_blob(widths),
        "channels": view.attributes.channels,
    }
    return Struct("struct signal_filter_bank", fields)


def _noise(view: View) -> Struct:
    attributes = view.attributes
    fields = {
        "channels": view.output.elements,
        "bits": attributes.bits,
        "smoothing_bits": attributes.smoothing_bits,
        "smoothing": attributes.smoothing,
        "rest": attributes.rest,
        "clamping": int(attributes.clamping),
    }
    return Struct("struct signal_noise", fields)


def _without_noise(view: View) -> Struct:
    attributes = view.attributes
    fields = {
        "channels": view.output.elements,
        "bits": attributes.bits,
        "smoothing_bits": attributes.smoothing_bits,
        "least": attributes.least,
    }
    return Struct("struct signal_without_noise", fields)


def _pcan(view: View) -> Struct:
    fields = {
        "gains": int16_blob(gain_table(view)),
        "channels": view.output.elements,
        "snr_shift": view.attributes.snr_shift,
    }
    return Struct("struct signal_pcan", fields)


def _log(view: View) -> Struct:
    fields = {
        "points": uint16_blob(tables.log_table()),
        "channels": view.output.elements,
        "correction_bits": view.attributes.correction_bits,
        "scale": view.attributes.scale,
    }
    return Struct("struct signal_log", fields)


def _kernel(name: str, arguments: Any, dtype: str, operands: int = 1, **more: Any) -> Kernel:
    return Kernel(
        f"signal_{name}_portable",
        "signal",
        "portable",
        Style.WHOLE,
        arguments,
        data_inputs=tuple(range(operands)),
        takes=(dtype,),
        **more,
    )


_RFFT = _kernel("rfft", _rfft, "int16", scratch_bytes=_rfft_scratch)
_SAME = {"replaces_first": True}

KERNELS = {
    "SIGNAL_WINDOW": (_kernel("window", _window, "int16", **_SAME),),
    "SIGNAL_SCALE_BITS": (_kernel("scale_bits", _values, "int16"),),
    "SIGNAL_SHIFT": (_kernel("shift", _values, "int16", 2, **_SAME),),
    "SIGNAL_RFFT": (dataclasses.replace(_RFFT, name="signal_rfft_dsp", isa="dsp"), _RFFT),
    "SIGNAL_ENERGY": (_kernel("energy", _energy, "int16"),),
    "SIGNAL_FILTER_BANK": (_kernel("filter_bank", _filter_bank, "uint32"),),
    "SIGNAL_FILTER_BANK_SQUARE_ROOT": (_kernel("root", _values, "uint64", 2),),
    "SIGNAL_NOISE": (_kernel("noise", _noise, "uint32", 2, **_SAME),),
    "SIGNAL_WITHOUT_NOISE": (_kernel("without_noise", _without_noise, "uint32", 2, **_SAME),),
    "SIGNAL_PCAN": (_kernel("pcan", _pcan, "uint32", 2, **_SAME),),
    "SIGNAL_FILTER_BANK_LOG": (_kernel("log", _log, "uint32"),),
}
