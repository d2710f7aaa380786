# SPDX-License-Identifier: Apache-2.0
"""The operators that the cost model is fitted on: shapes that move every loop count on its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from mcunet_tf.benchmark import signal_kernel_cases, typed_kernel_cases
from mcunet_tf.benchmark.kernel_case import OpCase

_MAX_VALUES = 20_000  # of a tensor: keeps programs small
_MAX_MACS = 3_000_000
_SHAPES_PER_KIND = 60
_TYPED_SHAPES = 10

_SIDES = (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 19, 20, 24, 28)
_INPUTS = (1, 2, 3, 4, 5, 6, 8, 11, 12, 16, 17, 24, 32, 40, 48, 64, 66, 96, 130, 160, 256)
_OUTPUTS = (2, 3, 4, 5, 8, 10, 16, 24, 25, 40, 64, 80, 128)
_DEPTHWISE_CHANNELS = (4, 5, 6, 7, 8, 11, 12, 16, 17, 24, 32, 33, 48, 64)
_KERNELS = ((3, 3), (3, 3), (3, 3), (1, 3), (3, 1), (2, 2), (5, 5), (7, 7), (10, 4), (2, 5))


_INT16_KINDS = frozenset(
    "CONV_2D DEPTHWISE_CONV_2D FULLY_CONNECTED BATCH_MATMUL ADD SUB MUL SQUARED_DIFFERENCE MAXIMUM "
    "MINIMUM PRELU AVERAGE_POOL_2D MAX_POOL_2D MEAN SOFTMAX RELU LOGISTIC QUANTIZE DEQUANTIZE "
    "TRANSPOSE SLICE PAD CONCATENATION RESIZE_NEAREST_NEIGHBOR "
    "UNIDIRECTIONAL_SEQUENCE_LSTM".split()
)


class _Picker:
    """Draws shapes, the same ones every time."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def pick(self, values: tuple[int, ...]) -> int:
        return int(values[self.rng.integers(len(values))])

    def image(self, channels: tuple[int, ...], least: int = 1) -> tuple[int, int, int]:
        """[height, width, channels], not smaller than a window of `least`."""
        while True:
            shape = (self.pick(_SIDES), self.pick(_SIDES), self.pick(channels))
            if min(shape[:2]) >= least and np.prod(shape) <= _MAX_VALUES:
                return shape

    def chance(self, share: float) -> bool:
        return bool(self.rng.random() < share)


def fit_cases() -> list[OpCase]:
    """All cases, each once."""
    int8 = int8_cases()
    typed = (*_int16(int8), *_slides(), *_typed_layers(), *_typed_values(), *_signals())
    return list(dict.fromkeys((*int8, *typed)))


def int8_cases() -> list[OpCase]:
    """Those on int8, which the code around kernels is measured with too."""
    every = (*_pointwise(), *_windows(), *_depthwise(), *_pools(), *_vectors(), *_values())
    return list(dict.fromkeys(every))


def _int16(cases: list[OpCase]) -> Iterator[OpCase]:
    """The same on int16, where it has the operator; a third of the larger ones."""
    made: dict[str, int] = {}
    for case in cases:
        if case.kind in _INT16_KINDS and not (case.wide and case.kind != "QUANTIZE"):
            number = made[case.kind] = made.get(case.kind, -1) + 1
            if number % 3 == 0 or case.kind not in ("CONV_2D", "DEPTHWISE_CONV_2D"):
                yield dataclasses.replace(case, dtype="int16")
    for values in (2, 5, 12, 35, 100):
        yield OpCase("SOFTMAX", (values,), wide=True)
    for shape in ((5, 4, 6), (8, 8, 7), (3, 5, 16), (11, 2, 4), (1, 1, 9)):
        yield OpCase("TANH", shape, dtype="int16")


def _pointwise() -> Iterator[OpCase]:
    """1 x 1 convolutions."""
    picker = _Picker(1)
    for pixels in range(1, 8):
        yield OpCase("CONV_2D", (1, pixels, 20), 6)
    for inputs in (1, 2, 3, 4, 5, 7, 8, 9):
        yield OpCase("CONV_2D", (5, 6, inputs), 12)
    made = 0
    while made < _SHAPES_PER_KIND:
        case = OpCase("CONV_2D", picker.image(_INPUTS), picker.pick(_OUTPUTS))
        if int(np.prod(case.shape)) * case.channels <= _MAX_MACS:
            made += 1
            yield case


def _windows() -> Iterator[OpCase]:
    """Dense convolutions of any window."""
    picker = _Picker(2)
    made = 0
    while made < 2 * _SHAPES_PER_KIND:
        kernel = _KERNELS[int(picker.rng.integers(len(_KERNELS)))]
        case = OpCase(
            "CONV_2D",
            picker.image(_INPUTS[:16], max(kernel)),
            picker.pick(_OUTPUTS[:10]),
            kernel,
            stride=1 + picker.chance(0.4),
            same=picker.chance(0.7),
        )
        macs = int(np.prod(case.shape)) * case.channels * kernel[0] * kernel[1]
        if macs <= _MAX_MACS * case.stride**2:
            made += 1
            yield case
    for shape, channels, dilation in (((9, 9, 4), 8, 2), ((8, 12, 5), 6, 2), ((12, 7, 3), 4, 3)):
        yield OpCase("CONV_2D", shape, channels, (3, 3), dilation=dilation)
    for shape in ((8, 8, 16), (6, 12, 3), (9, 10, 24), (7, 6, 5)):
        yield OpCase("CONV_2D", shape, 1, (3, 3))
        yield OpCase("CONV_2D", shape, 1, (5, 2), stride=2)
        yield OpCase("CONV_2D", shape, 1)
    for shape in ((9, 9, 8), (6, 7, 16), (8, 8, 3)):
        yield OpCase("CONV_2D", shape, 12, (1, 1), stride=2)


def _depthwise() -> Iterator[OpCase]:
    """Depthwise convolutions: every size and stride that has a row of its own, and others."""
    picker = _Picker(3)
    for size in (3, 5, 7):
        for stride in (1, 2):
            for width in range(1, 17):
                shape = (picker.pick((3, 4, 5, 8)), width * stride, picker.pick((4, 5, 8, 10)))
                yield OpCase("DEPTHWISE_CONV_2D", shape, 0, (size, size), stride)
            for _ in range(_SHAPES_PER_KIND // 2):
                shape = picker.image(_DEPTHWISE_CHANNELS, 2)
                same = min(shape[:2]) < size or picker.chance(0.7)
                yield OpCase("DEPTHWISE_CONV_2D", shape, 0, (size, size), stride, same=same)
    windows = ((4, 4), (2, 3), (9, 9), (3, 1), (1, 3), (1, 11), (2, 2), (6, 1), (1, 1), (3, 4))
    for window in windows:
        for some in ((8, 12), (4, 5, 6, 7), (16, 24, 33)):
            shape = picker.image(some, max(window))
            yield OpCase("DEPTHWISE_CONV_2D", shape, 0, window)
            shape = picker.image(some, max(window))
            dilation = 2 if max(window) <= min(shape[:2]) // 2 else 1
            stride = 1 if dilation > 1 else picker.pick((1, 2))
            same = picker.chance(0.5)
            yield OpCase("DEPTHWISE_CONV_2D", shape, 0, window, stride, dilation, same)
    for shape, channels in (((6, 7, 4), 8), ((9, 9, 1), 8), ((12, 5, 8), 24)):
        yield OpCase("DEPTHWISE_CONV_2D", shape, channels, (3, 3))
    for shape in ((6, 7, 4), (9, 9, 12)):
        yield OpCase("DEPTHWISE_CONV_2D", shape, 0, (3, 3), dilation=2)


def _pools() -> Iterator[OpCase]:
    picker = _Picker(4)
    for kind in ("AVERAGE_POOL_2D", "MAX_POOL_2D"):
        for number in range(_SHAPES_PER_KIND // 2):
            size = picker.pick((2, 3, 4))
            shape = picker.image(_DEPTHWISE_CHANNELS, size)
            if number % 3 == 0:
                yield OpCase(kind, shape, 0, (shape[0], shape[1]), same=False)
            else:
                stride = picker.pick((1, 2))
                yield OpCase(kind, shape, 0, (size, size), stride, same=number % 3 == 1)
    for number in range(_SHAPES_PER_KIND // 2):
        yield OpCase("MEAN", picker.image(_DEPTHWISE_CHANNELS), same=number % 3 > 0)
    for number in range(_SHAPES_PER_KIND // 4):
        yield OpCase("ARG_MAX", picker.image(_DEPTHWISE_CHANNELS), same=number % 3 > 0)


def _vectors() -> Iterator[OpCase]:
    """Fully connected layers and softmax."""
    picker = _Picker(5)
    for _ in range(_SHAPES_PER_KIND // 2):
        features = picker.pick((*_INPUTS, 640, 1000))
        yield OpCase("FULLY_CONNECTED", (features,), picker.pick((1, *_OUTPUTS)))
    for features in (3, 7, 16, 29, 50, 64, 130, 333):
        yield OpCase("FULLY_CONNECTED", (features,), 1)
    for outputs in (2, 3, 4, 5, 6, 7):
        yield OpCase("FULLY_CONNECTED", (64,), outputs)
    for _ in range(_SHAPES_PER_KIND // 2):
        batches, rows, depth, columns = (picker.pick((1, 2, 3, 5, 8, 16, 21)) for _ in range(4))
        yield OpCase("BATCH_MATMUL", (min(batches, 5), rows, 2 * depth + 1), columns)
        yield OpCase("BATCH_MATMUL", (1, rows, 4 * depth), columns)
    for number in range(_SHAPES_PER_KIND // 2):
        steps, inputs, units = (picker.pick((1, 3, 5, 8, 14, 20, 32)) for _ in range(3))
        same = number % 3 > 0
        yield OpCase("UNIDIRECTIONAL_SEQUENCE_LSTM", (steps, inputs), units, same=same)
    for values in (2, 3, 5, 10, 12, 35, 100, 257):
        yield OpCase("SOFTMAX", (values,))
        yield OpCase("L2_NORMALIZATION", (values,))


def _values() -> Iterator[OpCase]:
    """Operators that go through values one by one, and those that move them."""
    picker = _Picker(6)
    for kind in ("ADD", "SUB", "MUL", "SQUARED_DIFFERENCE", "MAXIMUM", "MINIMUM", "PRELU"):
        for number in range(_SHAPES_PER_KIND // 2):
            shape = picker.image(_DEPTHWISE_CHANNELS)
            yield OpCase(kind, shape, broadcast=number % 3 == 0)
    for kind in ("RELU", "LOGISTIC", "QUANTIZE", "DEQUANTIZE", "PAD", "CONCATENATION"):
        for number in range(_SHAPES_PER_KIND // 5):
            wide = kind in ("QUANTIZE", "DEQUANTIZE") and number % 2 == 1
            yield OpCase(kind, picker.image(_DEPTHWISE_CHANNELS), wide=wide)
    for kind in ("TRANSPOSE", "SLICE", "RESIZE_NEAREST_NEIGHBOR", "RESIZE_BILINEAR"):
        for _ in range(_SHAPES_PER_KIND // 4):
            yield OpCase(kind, picker.image(_DEPTHWISE_CHANNELS[:9]))
    for _ in range(_SHAPES_PER_KIND // 4):
        shape = picker.image(_DEPTHWISE_CHANNELS[:9], 2)
        yield OpCase("RESIZE_NEAREST_NEIGHBOR", shape, same=False)


def _slides() -> Iterator[OpCase]:
    """Rings of rows that move on by one row or more."""
    picker = _Picker(9)
    for number in range(_SHAPES_PER_KIND // 2):
        shape = picker.image(_DEPTHWISE_CHANNELS[: 9 + 3 * (number % 2)], 2)
        stride = 1 + number % (shape[0] - 1) % 3
        yield OpCase("SLIDE", shape, stride=stride)
        yield OpCase("ROW_SUMS", shape)
        dtype = "int16" if number % 3 == 0 else "int8"
        yield OpCase("MOVING_SUMS", shape, stride=stride, dtype=dtype)
        yield OpCase("MOVING_MEAN", shape[1:], same=number % 2 > 0, dtype=dtype)


def _typed_layers() -> Iterator[OpCase]:
    """Layers on float32; on cores without an FPU each operation takes some fifty instructions."""
    picker = _Picker(7)
    for number in range(_TYPED_SHAPES):
        inputs = picker.image(_INPUTS[:12], 3)
        kernel = _KERNELS[number % 6]
        stride = 1 + picker.chance(0.4)
        yield OpCase("CONV_2D_F32", picker.image(_INPUTS[:14]), picker.pick(_OUTPUTS[:11]))
        yield OpCase("CONV_2D_F32", inputs, picker.pick(_OUTPUTS[:8]), kernel, stride)
        yield OpCase("DEPTHWISE_CONV_2D_F32", inputs, 0, kernel, stride)
        features = picker.pick(_INPUTS)
        yield OpCase("FULLY_CONNECTED_F32", (features,), picker.pick(_OUTPUTS))
        batches, rows, depth, columns = (picker.pick((1, 2, 3, 5, 8, 16)) for _ in range(4))
        for kind in ("ARG_MAX", "PAD"):
            yield OpCase(kind, picker.image(_INPUTS[:14]), same=number % 2 > 0, dtype="float32")
        yield OpCase("BATCH_MATMUL_F32", (min(batches, 3), rows, 2 * depth), columns)
        same = number % 3 > 0
        yield OpCase("UNIDIRECTIONAL_SEQUENCE_LSTM_F32", (rows, 2 * depth), columns, same=same)
        size = picker.pick((2, 3, 4))
        shape = picker.image(_DEPTHWISE_CHANNELS[:10], size)
        for kind in ("AVERAGE_POOL_2D_F32", "MAX_POOL_2D_F32", "L2_POOL_2D_F32"):
            yield OpCase(kind, shape, 0, (size, size), stride, same=number % 2 == 0)


def _typed_values() -> Iterator[OpCase]:
    """Operators on float32, int32 and masks that go through values, and those at indices."""
    picker = _Picker(8)
    kinds = typed_kernel_cases.MAKERS.keys() - {"CONV_2D_F32", "DEPTHWISE_CONV_2D_F32"}
    layers = ("FULLY_CONNECTED_F32", "BATCH_MATMUL_F32", "UNIDIRECTIONAL_SEQUENCE_LSTM_F32")
    values = sorted(kind for kind in kinds if "POOL" not in kind and kind not in layers)
    compared = len(typed_kernel_cases.COMPARED)
    for kind in values:
        for number in range(_TYPED_SHAPES):
            shape = picker.image(_DEPTHWISE_CHANNELS[:12])
            yield OpCase(
                kind,
                shape,
                stride=1 + number % 3,
                same=number % 2 == 0,
                wide=number % 3 == 1,
                broadcast=number % 3 == 0,
            )
            if kind == "LESS":
                for dtype in range(compared):
                    yield OpCase(kind, shape, stride=1 + dtype, broadcast=number % 3 == 0)


def _signals() -> Iterator[OpCase]:
    """Signal operators on 1 to 514 values, and transforms of 64 to 1024 points."""
    for kind in signal_kernel_cases.MAKERS:
        for values in (1, 2, 5, 12, 20, 40, 41, 64, 100, 160, 257, 320, 400, 514):
            points = 1 << max(6, (values - 1).bit_length())
            transform = kind.startswith(signal_kernel_cases.TRANSFORMS)
            yield OpCase(kind, (values,), points if transform else 0)
            if transform:
                yield OpCase(kind, (values,), 2 * points)


def feed_chains() -> list[tuple[OpCase, ...]]:
    """Runs of operators whose rows are streamed, for the code around the kernels."""
    chains: list[tuple[OpCase, ...]] = []
    for height, width, channels, size, stride in (
        (6, 5, 4, 3, 1), (8, 8, 8, 5, 1), (12, 6, 5, 7, 1), (9, 9, 4, 3, 2), (14, 7, 6, 5, 2),
        (24, 4, 4, 3, 1), (20, 6, 4, 7, 2), (16, 4, 8, 3, 1),
    ):  # fmt: skip
        wide = 2 * channels
        expand = OpCase("CONV_2D", (height, width, channels), wide)
        depthwise = OpCase("DEPTHWISE_CONV_2D", (height, width, wide), 0, (size, size), stride)
        out = (-(-height // stride), -(-width // stride), wide)
        project = OpCase("CONV_2D", out, channels)
        chains += [(expand, depthwise, project), (depthwise, project)]
        chains.append((OpCase("CONV_2D", (height, width, channels), wide, (3, 3)), depthwise))
        pool = OpCase("MAX_POOL_2D", (height, width, channels), 0, (2, 2), 2)
        after = (-(-height // 2), -(-width // 2), channels)
        chains.append((pool, OpCase("RELU", after), OpCase("MEAN", after)))
    return chains
