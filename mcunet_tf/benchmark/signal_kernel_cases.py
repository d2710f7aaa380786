# SPDX-License-Identifier: Apache-2.0
"""Graphs of one Signal operator, of any size: `MAKERS`, as in `kernel_cases`.

A case's shape is [values]; channels are the points of a transform.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mcunet_tf.benchmark.kernel_case import Draft
from mcunet_tf.tinyengine.ir import Graph, Tensor
from mcunet_tf.tinyengine.ops import signal, transforms

_NOISE = signal.NoiseAttributes((409, 983), (15975, 15401), 14, 10, 819, False)


def _vector(draft: Draft) -> tuple[int]:
    return (int(np.prod(draft.case.shape)),)


def _values(draft: Draft, shape: tuple[int, ...], dtype: str) -> int:
    """A tensor without a scale."""
    draft.tensors.append(Tensor(f"t{len(draft.tensors)}", shape, dtype))
    return len(draft.tensors) - 1


def _samples(draft: Draft, shape: tuple[int, ...]) -> int:
    return _values(draft, shape, "int16")


def _window(draft: Draft) -> Graph:
    x = _samples(draft, _vector(draft))
    weights = draft.constant(draft.rng.integers(0, 4096, _vector(draft)).astype(np.int16))
    _samples(draft, _vector(draft))
    return draft.graph((x,), (x, weights), signal.WindowAttributes(12))


def _scale_bits(draft: Draft) -> Graph:
    x = _samples(draft, _vector(draft))
    draft.add((), dtype="int32")
    return draft.graph((x,), (x,), None)


def _shift(draft: Draft) -> Graph:
    x, bits = _samples(draft, _vector(draft)), draft.add((), dtype="int32")
    _samples(draft, _vector(draft))
    return draft.graph((x, bits), (x, bits), None)


def _transform(dtype: str, backwards: bool) -> Callable[[Draft], Graph]:
    def make(draft: Draft) -> Graph:
        points = draft.case.channels
        shapes = [(min(points, _vector(draft)[0]),), (points + 2,)]
        if backwards:
            shapes = [(points + 2,), (points,)]
        x, _ = (_values(draft, shape, dtype) for shape in shapes)
        return draft.graph((x,), (x,), transforms.TransformAttributes(points))

    return make


def _energy(draft: Draft) -> Graph:
    (bins,) = _vector(draft)
    x = _samples(draft, (2 * bins,))
    draft.add((bins,), dtype="uint32")
    return draft.graph((x,), (x,), signal.EnergyAttributes(bins // 8, bins - bins // 8))


def _filter_bank(draft: Draft) -> Graph:
    (channels,) = _vector(draft)
    widths = draft.rng.integers(1, 9, channels + 1)
    starts = np.cumsum(widths) - widths
    x = draft.add((int(widths.sum()),), dtype="uint32")
    banks = (*draft.rng.integers(0, 4097, (2, int(widths.sum()))), starts, starts, widths)
    operands = [draft.constant(np.asarray(bank, np.int16)) for bank in banks]
    draft.add((channels,), dtype="uint64")
    return draft.graph((x,), (x, *operands), signal.ChannelAttributes(channels))


def _root(draft: Draft) -> Graph:
    x, bits = draft.add(_vector(draft), dtype="uint64"), draft.add((), dtype="int32")
    draft.add(_vector(draft), dtype="uint32")
    return draft.graph((x, bits), (x, bits), None)


def _words(attributes: Any, *, gains: bool = False) -> Callable[[Draft], Graph]:
    def make(draft: Draft) -> Graph:
        x, y = (draft.add(_vector(draft), dtype="uint32") for _ in range(2))
        operands: tuple[int, ...] = (x, y)
        if gains:
            drawn = draft.rng.integers(0, 32767, signal.GAINS).astype(np.int16)
            operands = (x, y, draft.constant(drawn))
        draft.add(_vector(draft), dtype="uint32")
        return draft.graph((x, y), operands, attributes)

    return make


def _log(draft: Draft) -> Graph:
    x = draft.add(_vector(draft), dtype="uint32")
    _samples(draft, _vector(draft))
    return draft.graph((x,), (x,), signal.LogAttributes(3, 64))


TRANSFORMS = ("SIGNAL_RFFT", "SIGNAL_IRFFT")
MAKERS: dict[str, Callable[[Draft], Graph]] = {
    "SIGNAL_WINDOW": _window,
    "SIGNAL_SCALE_BITS": _scale_bits,
    "SIGNAL_SHIFT": _shift,
    **{
        f"{kind}{form}": _transform(dtype, kind == "SIGNAL_IRFFT")
        for kind in TRANSFORMS
        for form, dtype in transforms.FORMS.items()
    },
    "SIGNAL_ENERGY": _energy,
    "SIGNAL_FILTER_BANK": _filter_bank,
    "SIGNAL_FILTER_BANK_SQUARE_ROOT": _root,
    "SIGNAL_NOISE": _words(_NOISE),
    "SIGNAL_WITHOUT_NOISE": _words(_NOISE),
    "SIGNAL_PCAN": _words(signal.PcanAttributes(6), gains=True),
    "SIGNAL_FILTER_BANK_LOG": _log,
}
