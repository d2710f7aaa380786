# SPDX-License-Identifier: Apache-2.0
"""Cases of Signal operators: tables as front ends make them, and drawn ones at their limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mcunet_tf.audio import FrontEnd
from tests.ops.build_tflite import Net
from tests.ops.case import Case, collect

TYPE_CODES = {"int16": 7, "int32": 2, "float32": 0}
"""The schema's."""
NOISE = {
    "alternate_one_minus_smoothing": 15401,
    "alternate_smoothing": 983,
    "clamping": False,
    "min_signal_remaining": 819,
    "num_channels": 40,
    "one_minus_smoothing": 15975,
    "smoothing": 409,
    "smoothing_bits": 10,
    "spectral_subtraction_bits": 14,
}


class Signal(Net):
    """A network whose tensors have no scales."""

    def values(self, shape: Sequence[int], dtype: str) -> int:
        return self.tensor(shape, scale=None, dtype=dtype)

    def made(self, op: str, inputs: Sequence[int], shape: Any, dtype: str, **options: Any) -> int:
        """The result of a Signal operator of one."""
        result = self.values(shape, dtype)
        self.op(f"CUSTOM Signal{op}", inputs, [result], **options)
        return result

    def words(self, count: int) -> tuple[int, int]:
        """An input of int32, and the same as uint32: a model's inputs cannot be uint32."""
        x = self.values((count,), "int32")
        y = self.values((count,), "uint32")
        self.op("CAST", [x], [y])
        return x, y

    def integers(self, words: int, count: int) -> int:
        """uint32 as int32."""
        result = self.values((count,), "int32")
        self.op("CAST", [words], [result])
        return result

    def bank(self, energies: int, banks: Sequence[np.ndarray]) -> int:
        channels = len(banks[2]) - 1
        operands = [energies, *(self.constant(np.asarray(bank, np.int16)) for bank in banks)]
        return self.made("FilterBank", operands, (channels,), "uint64", num_channels=channels)


def window_model(shape: Sequence[int], weights: np.ndarray, shift: int) -> bytes:
    net = Signal()
    x = net.values(shape, "int16")
    held = net.constant(weights.astype(np.int16))
    return net.build([x], [net.made("Window", [x, held], shape, "int16", shift=shift)])


def scale_model(count: int) -> bytes:
    net = Signal()
    x, y, bits = (
        net.values(*of) for of in (((count,), "int16"), ((count,), "int16"), ((), "int32"))
    )
    net.op("CUSTOM SignalFftAutoScale", [x], [y, bits])
    return net.build([x], [y, bits])


def rfft_model(shape: Sequence[int], length: int, dtype: str = "int16") -> bytes:
    net = Signal()
    x = net.values(shape, dtype)
    made = (*shape[:-1], length + 2)
    y = net.made("Rfft", [x], made, dtype, T=TYPE_CODES[dtype], fft_length=length)
    return net.build([x], [y])


def irfft_model(frames: Sequence[int], length: int, dtype: str = "int16") -> bytes:
    net = Signal()
    x, made = net.values((*frames, length + 2), dtype), (*frames, length)
    y = net.made("Irfft", [x], made, dtype, T=TYPE_CODES[dtype], fft_length=length)
    return net.build([x], [y])


def transform_cases() -> dict[str, tuple[Case, ...]]:
    """Of each type: all numbers of stages, frames that are short or odd, and several of them."""
    forwards, backwards = [], []
    for dtype in TYPE_CODES:
        for n in (8, 16, 64, 256, 512, 1024):
            forwards.append((f"{dtype}_points_{n}", rfft_model((n,), n, dtype)))
            backwards.append((f"{dtype}_points_{n}", irfft_model((), n, dtype)))
        forwards += [
            (f"{dtype}_short", rfft_model((480,), 512, dtype)),
            (f"{dtype}_odd", rfft_model((101,), 128, dtype)),
            (f"{dtype}_frames", rfft_model((1, 3, 100), 128, dtype)),
        ]
        backwards.append((f"{dtype}_frames", irfft_model((2, 3), 32, dtype)))
    return {
        "SIGNAL_RFFT": collect("SIGNAL_RFFT", forwards),
        "SIGNAL_IRFFT": collect("SIGNAL_IRFFT", backwards),
    }


def energy_model(bins: int, start: int = 0, end: int | None = None) -> bytes:
    """Energies outside the range are nobody's: a slice takes those within."""
    end = bins if end is None else end
    net = Signal()
    x = net.values((2 * bins,), "int16")
    y = net.made("Energy", [x], (bins,), "uint32", end_index=end, start_index=start)
    whole, part = net.integers(y, bins), net.values((end - start,), "int32")
    begin, size = (net.constant(np.array([n], np.int32)) for n in (start, end - start))
    net.op("SLICE", [whole, begin, size], [part])
    return net.build([x], [part])


def bank_model(bins: int, banks: Sequence[np.ndarray]) -> bytes:
    """Sums come out as roots: a model's outputs cannot be uint64."""
    net = Signal()
    channels = len(banks[2]) - 1
    x, energies = net.words(bins)
    bits = net.values((), "int32")
    samples, scaled = (net.values((16,), "int16") for _ in range(2))
    net.op("CUSTOM SignalFftAutoScale", [samples], [scaled, bits])
    sums = net.bank(energies, banks)
    roots = net.made("FilterBankSquareRoot", [sums, bits], (channels,), "uint32")
    return net.build([x, samples], [net.integers(roots, channels)])


def mel_banks() -> tuple[int, list[np.ndarray]]:
    """The default front end's filters."""
    bands = FrontEnd().band_filters
    counts = np.bincount(bands.edge, minlength=bands.count + 1)
    starts = np.cumsum(counts) - counts
    # What falls towards a centre belongs to the filter before, which a channel has first.
    return 257, [bands.falling, bands.rising, starts + bands.first_bin, starts, counts]


def drawn_banks() -> tuple[int, list[np.ndarray]]:
    """Filters that overlap, some empty, weights of any sign."""
    rng = np.random.default_rng(3)
    widths = np.array([3, 0, 5, 1, 7])
    starts = np.array([2, 0, 4, 11, 5])
    weights = rng.integers(-32768, 32768, (2, 12))
    return 20, [*weights, np.array([0, 5, 3, 19, 13]), starts, widths]


def noise_model(**changed: Any) -> bytes:
    options = {**NOISE, **changed}
    channels = options["num_channels"]
    net = Signal()
    x, values = net.words(channels)
    y, noise = (net.values((channels,), "uint32") for _ in range(2))
    net.op("CUSTOM SignalFilterBankSpectralSubtraction", [values], [y, noise], **options)
    return net.build([x], [net.integers(y, channels), net.integers(noise, channels)])


def pcan_model(gains: np.ndarray, shift: int, count: int = 40) -> bytes:
    net = Signal()
    (x, values), (y, noise) = net.words(count), net.words(count)
    held = net.constant(gains.astype(np.int16))
    made = net.made("PCAN", [values, noise, held], (count,), "uint32", snr_shift=shift)
    return net.build([x, y], [net.integers(made, count)])


def gains() -> np.ndarray:
    """The default front end's gains, as the operator has them: 0, 1, and three for each width."""
    table = FrontEnd().gains.reshape(-1, 4)
    pieces = np.concatenate([table[2:], np.zeros((1, 4), np.int16)]).reshape(-1)
    return np.concatenate([table[:2, 0], pieces])[:125]


def log_model(bits: int, scale: int, count: int = 40) -> bytes:
    net = Signal()
    x, values = net.words(count)
    options = {"input_correction_bits": bits, "output_scale": scale}
    return net.build([x], [net.made("FilterBankLog", [values], (count,), "int16", **options)])


_HANN = FrontEnd().window
_DRAWN = np.random.default_rng(4).integers(-32768, 32768, 480)

SIGNALS: dict[str, tuple[Case, ...]] = {
    "SIGNAL_WINDOW": collect(
        "SIGNAL_WINDOW",
        (
            ("hann", window_model((1, 480), _HANN, 12)),
            ("frames", window_model((3, 480), _HANN, 12)),
            ("saturating", window_model((480,), _DRAWN, 10)),
        ),
    ),
    "SIGNAL_FFT_AUTO_SCALE": collect(
        "SIGNAL_FFT_AUTO_SCALE", ((str(count), scale_model(count)) for count in (1, 7, 480))
    ),
    **transform_cases(),
    "SIGNAL_ENERGY": collect(
        "SIGNAL_ENERGY", (("whole", energy_model(33)), ("range", energy_model(257, 5, 241)))
    ),
    "SIGNAL_FILTER_BANK": collect(
        "SIGNAL_FILTER_BANK",
        (("mel", bank_model(*mel_banks())), ("drawn", bank_model(*drawn_banks()))),
    ),
    "SIGNAL_FILTER_BANK_SQUARE_ROOT": collect(
        "SIGNAL_FILTER_BANK_SQUARE_ROOT",
        (
            (
                "wide",
                bank_model(
                    40, [*np.full((2, 40), -32768), np.arange(40), np.arange(40), np.full(40, 1)]
                ),
            ),
        ),
    ),
    "SIGNAL_FILTER_BANK_SPECTRAL_SUBTRACTION": collect(
        "SIGNAL_FILTER_BANK_SPECTRAL_SUBTRACTION",
        (
            ("default", noise_model()),
            ("clamping", noise_model(clamping=True)),
            ("odd", noise_model(num_channels=7, smoothing_bits=3, spectral_subtraction_bits=12)),
        ),
    ),
    "SIGNAL_PCAN": collect(
        "SIGNAL_PCAN",
        (("default", pcan_model(gains(), 6)), ("drawn", pcan_model(_DRAWN[:125], 9, 300))),
    ),
    "SIGNAL_FILTER_BANK_LOG": collect(
        "SIGNAL_FILTER_BANK_LOG",
        (
            ("default", log_model(3, 64)),
            ("wide", log_model(0, 1600, 300)),
            ("one", log_model(1, 1)),
        ),
    ),
}
