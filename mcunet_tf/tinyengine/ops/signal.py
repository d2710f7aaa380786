# SPDX-License-Identifier: Apache-2.0
"""Signal operators of TF-Lite Micro: from int16 samples to features of bands, step by step.

Transforms have a module of their own, `transforms.py`. A file names operators as custom ones, with
options by name. What gives two results is two operators behind `lower_signals`:
SIGNAL_FFT_AUTO_SCALE a SIGNAL_SCALE_BITS and a SIGNAL_SHIFT, and
SIGNAL_FILTER_BANK_SPECTRAL_SUBTRACTION, whose averages outlast an inference, a SIGNAL_NOISE and a
SIGNAL_WITHOUT_NOISE.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.ops import common
from mcunet_tf.tinyengine.ops.named_options import option
from mcunet_tf.tinyengine.ops.spec import (
    Array,
    OpSpec,
    View,
    no_attributes,
    saturated,
)
from mcunet_tf.tinyengine.ops.transforms import MAX_FFT
from mcunet_tf.tinyengine.signal.features import (
    control_gain,
    logarithms,
    noise_after,
    rounded_roots,
    without_noise,
)

GAINS = 125
"""Entries of a PCAN's table: 0, 1, and three in four from 2 bits of an average to 32."""
_BANKS = ("weights", "unweights", "first bins", "first weights", "widths")


@dataclasses.dataclass(frozen=True)
class WindowAttributes:
    """`shift`: fraction bits of the weights."""

    shift: int


@dataclasses.dataclass(frozen=True)
class EnergyAttributes:
    """Bins from `start` to before `end`; the others are 0."""

    start: int
    end: int


@dataclasses.dataclass(frozen=True)
class ChannelAttributes:
    """`channels`: sums that come out."""

    channels: int


@dataclasses.dataclass(frozen=True)
class NoiseAttributes:
    """Shares have `bits` fraction bits, averages `smoothing_bits`; pairs are even, odd channels."""

    smoothing: tuple[int, int]
    rest: tuple[int, int]
    bits: int
    smoothing_bits: int
    least: int
    clamping: bool


@dataclasses.dataclass(frozen=True)
class PcanAttributes:
    """`snr_shift`: behind the multiplication by a gain."""

    snr_shift: int


@dataclasses.dataclass(frozen=True)
class LogAttributes:
    """`correction_bits` to the left before the logarithm, which is in steps of 1 / `scale`."""

    correction_bits: int
    scale: int


def _read_window(options: Mapping[str, Any], _: View) -> WindowAttributes:
    return WindowAttributes(option(options, "shift", 0, 31))


def _read_energy(options: Mapping[str, Any], _: View) -> EnergyAttributes:
    end = option(options, "end_index", 0, MAX_FFT)
    return EnergyAttributes(option(options, "start_index", 0, end), end)


def _read_channels(options: Mapping[str, Any], _: View) -> ChannelAttributes:
    return ChannelAttributes(option(options, "num_channels", 1, common.MAX_SIZE))


def _read_noise(options: Mapping[str, Any], _: View) -> NoiseAttributes:
    bits = option(options, "spectral_subtraction_bits", 0, 31)
    most = (1 << 31) - 1

    def pair(name: str) -> tuple[int, int]:
        return option(options, name, 0, most), option(options, f"alternate_{name}", 0, most)

    return NoiseAttributes(
        pair("smoothing"),
        pair("one_minus_smoothing"),
        bits,
        option(options, "smoothing_bits", 0, 31),
        option(options, "min_signal_remaining", 0, most),
        bool(options.get("clamping")),
    )


def _read_pcan(options: Mapping[str, Any], _: View) -> PcanAttributes:
    return PcanAttributes(option(options, "snr_shift", 0, 63))


def _read_log(options: Mapping[str, Any], _: View) -> LogAttributes:
    bits = option(options, "input_correction_bits", 0, 31)
    return LogAttributes(bits, option(options, "output_scale", 0, (1 << 31) - 1))


def constraint_window(view: View) -> str | None:
    """Samples and constant weights are int16, the last axis of one window's length."""
    problem = common.types_problem(view, "int16", "int16", "int16")
    if problem:
        return problem
    weights = view.input(1)
    if weights.data is None or len(weights.shape) != 1:
        return common.describe(weights)
    fits = weights.elements and view.input(0).elements % weights.elements == 0
    return None if fits and view.input(0).shape == view.output.shape else common.describe(weights)


def _window(view: View, values: Sequence[Array]) -> Array:
    weights = view.constant(1).astype(np.int64)
    frames = values[0].astype(np.int64).reshape(-1, weights.size)
    made = saturated((frames * weights) >> view.attributes.shift, "int16")
    return made.reshape(view.output.shape)


def constraint_auto_scale(view: View) -> str | None:
    """Samples are an int16 vector, and so is the first result; the second is an int32."""
    problem = common.types_problem(view, "int16", "int16", "int32")
    if problem:
        return problem
    fits = view.input(0).shape == view.outputs[0].shape and view.outputs[1].elements == 1
    return None if fits and len(view.input(0).shape) == 1 else common.describe(view.input(0))


def constraint_scale_bits(view: View) -> str | None:
    """Samples are int16, the result one int32."""
    return common.types_problem(view, "int16", "int32")


def _largest(samples: Array) -> int:
    """The largest magnitude; that of -32768 is -32768, so what follows decides."""
    lowest = np.flatnonzero(samples == -32768)
    if not lowest.size:
        return int(np.abs(samples.astype(np.int64)).max(initial=0))
    most = 0
    for value in map(int, samples):
        if value > most:
            most = value
        elif -value > most:
            most = -value if value > -32768 else -32768
    return most


def _scale_bits(view: View, values: Sequence[Array]) -> Array:
    most = _largest(values[0].reshape(-1))
    bits = 15 - most.bit_length() if most > 0 else 0
    return np.full(view.output.shape, max(bits, 0), np.int32)


def constraint_shift(view: View) -> str | None:
    """Samples are int16, bits one int32."""
    return common.types_problem(view, "int16", "int32", "int16")


def _shift(view: View, values: Sequence[Array]) -> Array:
    made: Array = (values[0].astype(np.int64) << (int(values[1].reshape(-1)[0]) & 31)).astype("i2")
    return made.reshape(view.output.shape)


def constraint_energy(view: View) -> str | None:
    """Bins are int16, real and imaginary, energies uint32; the range lies among them."""
    problem = common.types_problem(view, "int16", "uint32")
    if problem:
        return problem
    bins = view.output.elements
    fits = view.input(0).elements == 2 * bins and view.attributes.end <= bins
    return None if fits else f"{bins} energies of {common.describe(view.input(0))}"


def _energy(view: View, values: Sequence[Array]) -> Array:
    bins = values[0].astype(np.int64).reshape(-1, 2)
    squared: Array = (bins**2).sum(axis=1)
    squared[: view.attributes.start] = squared[view.attributes.end :] = 0
    made: Array = squared.astype(np.uint32)
    return made.reshape(view.output.shape)


def constraint_filter_bank(view: View) -> str | None:
    """Energies are uint32, sums uint64; weights and places are constant int16, and in range."""
    problem = common.types_problem(view, "uint32", *("int16",) * 5, "uint64")
    if problem:
        return problem
    for position, name in enumerate(_BANKS, 1):
        if view.input(position).data is None:
            return f"{name} that are not constant"
    channels = view.attributes.channels
    weights, unweights, bins, starts, widths = (view.constant(k) for k in range(1, 6))
    if view.output.elements != channels or {channels + 1} != {bins.size, starts.size, widths.size}:
        return f"{channels} channels of {bins.size}, {starts.size} and {widths.size} places"
    ends = ((bins, view.input(0).elements), (starts, min(weights.size, unweights.size)))
    for begin, size in ends:
        last = begin.astype(np.int64) + widths
        if begin.min() < 0 or widths.min() < 0 or last.max() > size:
            return f"a channel that ends at {int(last.max())} of {size}"
    return None


def _filter_bank(view: View, values: Sequence[Array]) -> Array:
    weights, unweights, bins, starts, widths = (view.constant(k) for k in range(1, 6))
    energies = values[0].reshape(-1).astype(np.uint64)
    made, rising = [], np.uint64(0)
    with np.errstate(over="ignore"):
        for first, start, width in zip(bins, starts, widths, strict=True):
            used = energies[first : first + width]
            both = [
                (used * part[start : start + width].astype(np.int64).astype(np.uint64)).sum()
                for part in (weights, unweights)
            ]
            made.append(rising + np.uint64(both[0]))
            rising = np.uint64(both[1])
    return np.array(made[1:], np.uint64).reshape(view.output.shape)


def _filter_bank_macs(view: View) -> int:
    return 2 * int(view.constant(5).astype(np.int64).sum())


def constraint_root(view: View) -> str | None:
    """Sums are uint64, bits one int32, roots uint32 of the same shape."""
    problem = common.types_problem(view, "uint64", "int32", "uint32")
    return problem or common.constraint_same_shape(view)


def _root(view: View, values: Sequence[Array]) -> Array:
    made = rounded_roots(values[0]) >> (int(values[1].reshape(-1)[0]) & 31)
    return made.astype(np.uint32).reshape(view.output.shape)


def constraint_subtraction(view: View) -> str | None:
    """Values, results and averages are uint32 and of one shape."""
    problem = common.types_problem(view, *("uint32",) * (len(view.inputs) + len(view.outputs)))
    if problem or len(view.outputs) != 2:
        return problem or f"{len(view.outputs)} results"
    shapes = {tensor.shape for tensor in (view.input(0), *view.outputs)}
    return None if len(shapes) == 1 else f"shapes {sorted(map(list, shapes))}"


def constraint_words(view: View) -> str | None:
    """Operands and the result are uint32 and of one shape."""
    problem = common.types_problem(view, "uint32", "uint32", "uint32")
    if problem:
        return problem
    alike = view.input(0).shape == view.input(1).shape == view.output.shape
    return None if alike else f"{list(view.input(0).shape)} and {list(view.input(1).shape)}"


def by_channel(pair: tuple[int, int], channels: int) -> Array:
    """A value of each channel: the first of the pair is the even ones'."""
    return np.where(np.arange(channels) % 2 == 0, *pair)


def _noise(view: View, values: Sequence[Array]) -> Array:
    held, own = (array.reshape(-1).astype(np.int64) for array in values)
    attributes = view.attributes
    scaled = (own << attributes.smoothing_bits) & 0xFFFFFFFF
    smoothing, rest = (
        by_channel(pair, own.size) for pair in (attributes.smoothing, attributes.rest)
    )
    made = noise_after(scaled, held, smoothing, rest, attributes.bits)
    if attributes.clamping:
        made = np.minimum(made, scaled)
    return made.astype(np.uint32).reshape(view.output.shape)


def _without_noise(view: View, values: Sequence[Array]) -> Array:
    own, noise = (array.astype(np.int64) for array in values)
    held = view.attributes
    made = without_noise(own, noise, held.least, held.smoothing_bits, held.bits)
    return made.astype(np.uint32).reshape(view.output.shape)


def constraint_pcan(view: View) -> str | None:
    """Values, averages and results are uint32 of one shape; gains are 125 constant int16."""
    problem = common.types_problem(view, "uint32", "uint32", "int16", "uint32")
    if problem:
        return problem
    gains = view.input(2)
    if gains.data is None or gains.elements < GAINS:
        return common.describe(gains)
    alike = view.input(0).shape == view.input(1).shape == view.output.shape
    return None if alike else f"{list(view.input(0).shape)} and {list(view.input(1).shape)}"


def gain_table(view: View) -> Array:
    """The gains as front ends have them: four values by the bits of an average; int16 [132]."""
    given = view.constant(2).reshape(-1)
    table = np.zeros((33, 4), np.int16)
    table[0, 0], table[1, 0] = given[:2]
    for bits in range(2, 33):
        table[bits, :3] = given[4 * bits - 6 : 4 * bits - 3]
    return table.reshape(-1)


def _pcan(view: View, values: Sequence[Array]) -> Array:
    own, noise = (array.astype(np.int64) for array in values[:2])
    made = control_gain(own, noise, gain_table(view), view.attributes.snr_shift)
    return made.astype(np.uint32).reshape(view.output.shape)


def constraint_log(view: View) -> str | None:
    """Values are uint32, logarithms int16 of the same shape."""
    return common.types_problem(view, "uint32", "int16") or common.constraint_same_shape(view)


def _log(view: View, values: Sequence[Array]) -> Array:
    corrected = (values[0].astype(np.int64) << view.attributes.correction_bits) & 0xFFFFFFFF
    made = np.minimum(logarithms(corrected, view.attributes.scale), (1 << 15) - 1)
    return made.astype(np.int16).reshape(view.output.shape)


CUSTOM_NAMES = {
    "SignalWindow": "SIGNAL_WINDOW",
    "SignalFftAutoScale": "SIGNAL_FFT_AUTO_SCALE",
    "SignalRfft": "SIGNAL_RFFT",
    "SignalIrfft": "SIGNAL_IRFFT",
    "SignalEnergy": "SIGNAL_ENERGY",
    "SignalFilterBank": "SIGNAL_FILTER_BANK",
    "SignalFilterBankSquareRoot": "SIGNAL_FILTER_BANK_SQUARE_ROOT",
    "SignalFilterBankSpectralSubtraction": "SIGNAL_FILTER_BANK_SPECTRAL_SUBTRACTION",
    "SignalPCAN": "SIGNAL_PCAN",
    "SignalFilterBankLog": "SIGNAL_FILTER_BANK_LOG",
}
"""What files call the operators, and what they are called here."""

SIGNALS = (
    OpSpec("SIGNAL_WINDOW", _read_window, _window, (constraint_window,), required=(0, 1)),
    OpSpec(
        "SIGNAL_FFT_AUTO_SCALE",
        no_attributes,
        None,
        (constraint_auto_scale,),
        becomes=("SIGNAL_SCALE_BITS", "SIGNAL_SHIFT"),
    ),
    OpSpec("SIGNAL_SCALE_BITS", no_attributes, _scale_bits, (constraint_scale_bits,)),
    OpSpec("SIGNAL_SHIFT", no_attributes, _shift, (constraint_shift,), required=(0, 1)),
    OpSpec("SIGNAL_ENERGY", _read_energy, _energy, (constraint_energy,)),
    OpSpec(
        "SIGNAL_FILTER_BANK",
        _read_channels,
        _filter_bank,
        (constraint_filter_bank,),
        _filter_bank_macs,
        required=(0, 1, 2, 3, 4, 5),
    ),
    OpSpec(
        "SIGNAL_FILTER_BANK_SQUARE_ROOT",
        no_attributes,
        _root,
        (constraint_root,),
        required=(0, 1),
    ),
    OpSpec(
        "SIGNAL_FILTER_BANK_SPECTRAL_SUBTRACTION",
        _read_noise,
        None,
        (constraint_subtraction,),
        becomes=("SIGNAL_NOISE", "SIGNAL_WITHOUT_NOISE"),
    ),
    OpSpec("SIGNAL_NOISE", no_attributes, _noise, (constraint_words,), required=(0, 1)),
    OpSpec(
        "SIGNAL_WITHOUT_NOISE", no_attributes, _without_noise, (constraint_words,), required=(0, 1)
    ),
    OpSpec("SIGNAL_PCAN", _read_pcan, _pcan, (constraint_pcan,), required=(0, 1, 2)),
    OpSpec("SIGNAL_FILTER_BANK_LOG", _read_log, _log, (constraint_log,)),
)
"""In the order of a front end."""
