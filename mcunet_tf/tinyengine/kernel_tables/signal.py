# SPDX-License-Identifier: Apache-2.0
"""Kernel tables of Signal operators."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.ir import ITEM_BYTES
from mcunet_tf.tinyengine.kernel_tables.table import (
    Blob,
    Kernel,
    Struct,
    Style,
    float_blob,
    int16_blob,
    int32_blob,
    uint16_blob,
)
from mcunet_tf.tinyengine.ops.signal import gain_table
from mcunet_tf.tinyengine.ops.spec import View
from mcunet_tf.tinyengine.ops.transforms import FORMS
from mcunet_tf.tinyengine.signal import tables
from mcunet_tf.tinyengine.signal.arithmetic import ARITHMETICS


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


_SUFFIXES = {dtype: form.lower() for form, dtype in FORMS.items()}


def _transform(view: View) -> Struct:
    """Constants of a transform: backwards, bins are turned the other way."""
    dtype, points = view.output.dtype, view.attributes.length // 2
    arithmetic = ARITHMETICS[dtype]
    forwards = view.op.kind.startswith("SIGNAL_RFFT")
    samples = view.input(0).shape[-1] if forwards else 2 * points
    split = tables.split_twiddles(points, arithmetic)
    if not forwards:
        split = split * np.array([1, -1], split.dtype)
    fields = {
        "places": uint16_blob(tables.input_places(points)),
        "twiddles": _factors(tables.stage_factors(points, arithmetic)),
        "split": _factors(split),
        "samples": samples,
        "points": points,
        "frames": view.input(0).elements // view.input(0).shape[-1],
    }
    return Struct(f"struct signal_transform{_SUFFIXES[dtype]}", fields)


def _factors(pairs: npt.NDArray[Any]) -> Blob:
    if pairs.dtype == np.int16:
        return Blob("uint32_t", tables.complex_words(pairs))
    return int32_blob(pairs) if pairs.dtype == np.int32 else float_blob(pairs)


def _transform_scratch(view: View, _: int) -> int:
    """A complex value for each point."""
    return int(view.attributes.length) * ITEM_BYTES[view.output.dtype]


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


def _rejects_short(view: View) -> str | None:
    """Vectors hold four values of four inputs."""
    length = view.attributes.length
    return f"{length} points instead of 32 and more" if length < 32 else None


def _transforms(kind: str) -> dict[str, tuple[Kernel, ...]]:
    """Rows of a transform for each type."""
    rows: dict[str, tuple[Kernel, ...]] = {}
    for form, dtype in FORMS.items():
        name = f"{kind.lower()}{form.lower()}"
        row = _kernel(name, _transform, dtype, scratch_bytes=_transform_scratch)
        rows[f"SIGNAL_{kind}{form}"] = (row,)
        if dtype == "int16":
            dsp, mve = (
                dataclasses.replace(row, name=f"signal_{name}_{isa}", isa=isa)
                for isa in ("dsp", "mve")
            )
            mve = dataclasses.replace(mve, rejects=_rejects_short)
            rows[f"SIGNAL_{kind}{form}"] = (mve, dsp, row)
    return rows


_SAME = {"replaces_first": True}

KERNELS = {
    "SIGNAL_WINDOW": (_kernel("window", _window, "int16", **_SAME),),
    "SIGNAL_SCALE_BITS": (_kernel("scale_bits", _values, "int16"),),
    "SIGNAL_SHIFT": (_kernel("shift", _values, "int16", 2, **_SAME),),
    **_transforms("RFFT"),
    **_transforms("IRFFT"),
    "SIGNAL_ENERGY": (_kernel("energy", _energy, "int16"),),
    "SIGNAL_FILTER_BANK": (_kernel("filter_bank", _filter_bank, "uint32"),),
    "SIGNAL_FILTER_BANK_SQUARE_ROOT": (_kernel("root", _values, "uint64", 2),),
    "SIGNAL_NOISE": (_kernel("noise", _noise, "uint32", 2, **_SAME),),
    "SIGNAL_WITHOUT_NOISE": (_kernel("without_noise", _without_noise, "uint32", 2, **_SAME),),
    "SIGNAL_PCAN": (_kernel("pcan", _pcan, "uint32", 2, **_SAME),),
    "SIGNAL_FILTER_BANK_LOG": (_kernel("log", _log, "uint32"),),
}
