# SPDX-License-Identifier: Apache-2.0
"""SignalRfft and SignalIrfft of TF-Lite Micro: frames of samples to their spectra, and back.

Samples are int16, int32 or float32. Bins are complex, real parts first; a frame of n samples has
n / 2 + 1 of them. Transforms of integers divide by their length, both of them; of float32, the one
that goes back does.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.named_options import option
from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View
from mcunet_tf.tinyengine.signal.arithmetic import ARITHMETICS
from mcunet_tf.tinyengine.signal.spectrum import samples_of, spectrum

MIN_FFT, MAX_FFT = 8, 16384
FORMS = {"": "int16", "_S32": "int32", "_F32": "float32"}
"""Types of samples by the end of the operator's name."""


@dataclasses.dataclass(frozen=True)
class TransformAttributes:
    """`length`: points of the transform."""

    length: int


def _read(options: Mapping[str, Any], _: View) -> TransformAttributes:
    return TransformAttributes(option(options, "fft_length", 1, 1 << 24))


def constraint_transform(view: View) -> str | None:
    """Samples and bins are int16, int32 or float32; the transform has 2^n points, 8 to 16384."""
    dtype = view.input(0).dtype
    problem = common.types_problem(view, dtype, dtype)
    if problem or dtype not in ARITHMETICS:
        return problem or common.describe(view.input(0))
    length = view.attributes.length
    if not MIN_FFT <= length <= MAX_FFT or length & (length - 1):
        return f"a transform of {length} points"
    return None


def constraint_spectra(view: View) -> str | None:
    """Frames have no more samples than the transform has points, and spectra two values more."""
    length, samples = view.attributes.length, view.input(0).shape[-1:]
    frames = view.input(0).elements // samples[0] if samples else 0
    if not frames or samples[0] > length or view.output.elements != frames * (length + 2):
        return f"{common.describe(view.input(0))}, {common.describe(view.output)}"
    return None


def constraint_samples(view: View) -> str | None:
    """Spectra have two values more than the transform has points, and frames as many as these."""
    length, values = view.attributes.length, view.input(0).shape[-1:]
    frames = view.input(0).elements // (length + 2)
    if values != (length + 2,) or not frames or view.output.elements != frames * length:
        return f"{common.describe(view.input(0))}, {common.describe(view.output)}"
    return None


def _spectra(view: View, values: Sequence[Array]) -> Array:
    arithmetic = ARITHMETICS[view.output.dtype]
    frames = values[0].reshape(-1, view.input(0).shape[-1]).astype(arithmetic.wide)
    with np.errstate(all="ignore"):
        parts = np.stack(spectrum(frames, view.attributes.length, arithmetic), axis=-1)
    return parts.astype(arithmetic.narrow).reshape(view.output.shape)


def _samples(view: View, values: Sequence[Array]) -> Array:
    arithmetic, length = ARITHMETICS[view.output.dtype], view.attributes.length
    bins = values[0].reshape(-1, length // 2 + 1, 2).astype(arithmetic.wide)
    with np.errstate(all="ignore"):
        made = samples_of((bins[..., 0], bins[..., 1]), length, arithmetic)
    return made.astype(arithmetic.narrow).reshape(view.output.shape)


TRANSFORMS = (
    *(
        OpSpec(f"SIGNAL_RFFT{form}", _read, _spectra, (constraint_transform, constraint_spectra))
        for form in FORMS
    ),
    *(
        OpSpec(f"SIGNAL_IRFFT{form}", _read, _samples, (constraint_transform, constraint_samples))
        for form in FORMS
    ),
)
"""Both, for each type of samples."""
