# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import functools
from dataclasses import dataclass, replace

import numpy as np
import pytest

from mcunet_tf.tinyengine.fixed_point import requantize
from mcunet_tf.tinyengine.kernel_tables.packing import dsp, dsp_columns, mve
from tests.kernels.dsp_program import FILLER, GUARD_BYTES, Case, run_cases

pytestmark = [pytest.mark.qemu, pytest.mark.sampled(16)]

HEADERS = ["conv2d/conv2d.h", "conv2d/conv2d_layout.h"]
PACK = {
    "conv2d_s8_dsp": dsp.pack_conv2d,
    "conv2d_s8_wide_dsp": dsp.pack_conv2d_wide,
    "conv2d_s8_twos_dsp": dsp.pack_conv2d,
    "conv2d_s8_wide_twos_dsp": dsp.pack_conv2d_wide,
    "conv2d_s8_any_dsp": dsp.pack_conv2d_any,
    "conv2d_s8_columns_dsp": dsp_columns.pack_conv2d_columns,
    "conv2d_s8_mve": mve.pack_conv2d,
    "conv2d_s8_any_mve": functools.partial(mve.pack_conv2d, any_scale=True),
}
BOARD = {"dsp": "qemu-m4", "mve": "qemu-m55"}
ANY_WINDOW = [kernel for kernel in PACK if "columns" not in kernel]
every = pytest.mark.parametrize("kernel", ANY_WINDOW)
any_scale = pytest.mark.parametrize("kernel", [k for k in PACK if "any" in k])


@dataclass(frozen=True)
class Layer:
    """A convolution over one image."""

    image: np.ndarray  # [h, w, in]
    weights: np.ndarray  # [out, kh, kw, in]
    bias: np.ndarray  # folded
    multiplier: np.ndarray
    shift: np.ndarray
    zero_point: int
    out_zero_point: int
    strides: tuple[int, int] = (1, 1)
    dilations: tuple[int, int] = (1, 1)
    pads: tuple[int, int, int, int] = (0, 0, 0, 0)  # top, bottom, left, right
    rows: int = 2  # output rows per call
    clamp: tuple[int, int] = (-128, 127)


def random_layer(rng, image, kernel, channels_out, zero_point=-128, **rest) -> Layer:
    # like trained weights: the bound on sums grows with the mean magnitude
    weights = rng.laplace(0, 32, (channels_out, *kernel, image[2])).round().clip(-127, 127)
    weights = weights.astype(np.int64)
    bias = rng.integers(-4000, 4000, channels_out) - zero_point * weights.sum((1, 2, 3))
    return Layer(
        rng.integers(-128, 128, image),
        weights,
        bias,
        rng.integers(1 << 30, 1 << 31, channels_out),
        -rng.integers(4, 12, channels_out),
        zero_point,
        int(rng.integers(-128, 128)),
        **rest,
    )


def reference(layer: Layer) -> np.ndarray:
    top, bottom, left, right = layer.pads
    whole = np.pad(
        layer.image,
        ((top, bottom), (left, right), (0, 0)),
        constant_values=layer.zero_point,
    )
    _, kernel_height, kernel_width, _ = layer.weights.shape
    (step_y, step_x), (gap_y, gap_x) = layer.strides, layer.dilations
    height = (whole.shape[0] - (kernel_height - 1) * gap_y - 1) // step_y + 1
    width = (whole.shape[1] - (kernel_width - 1) * gap_x - 1) // step_x + 1
    sums = np.zeros((height, width, len(layer.weights)), np.int64) + layer.bias
    for i in range(kernel_height):
        for j in range(kernel_width):
            taps = whole[i * gap_y :: step_y, j * gap_x :: step_x][:height, :width]
            sums += taps @ layer.weights[:, i, j].T
    scaled = requantize(sums, layer.multiplier, layer.shift) + layer.out_zero_point
    return np.clip(scaled, *layer.clamp).astype(np.int8)


def admits(kernel, layer: Layer) -> str | None:
    taps = layer.weights.reshape(len(layer.weights), -1)
    constants = (taps, layer.bias, layer.multiplier, layer.shift)
    if "mve" in kernel:
        return None if "any" in kernel else mve.shift_reason(layer.shift)
    if "any" in kernel:
        return dsp.any_shift_reason(*constants)
    narrow = None if "wide" in kernel else dsp.narrow_sum_reason(taps, layer.bias)
    return narrow or dsp.fast_requant_reason(*constants)


def pack(kernel, layer: Layer) -> np.ndarray:
    constants = (layer.weights, layer.bias, layer.multiplier, layer.shift)
    stride = (layer.strides[1],) if "columns" in kernel else ()
    return PACK[kernel](*constants, *stride)


def make_case(kernel, layer: Layer) -> tuple[Case, np.ndarray]:
    """Memory: a row of zero points, the image, a guard, the output, a guard; calls of some rows."""
    assert admits(kernel, layer) is None
    height, width, channels = layer.image.shape
    channels_out, kernel_height, kernel_width, _ = layer.weights.shape
    expected = reference(layer)
    out_height, out_width, _ = expected.shape
    row_bytes, out_row_bytes = width * channels, out_width * channels_out
    out = (height + 1) * row_bytes + GUARD_BYTES
    end = out + out_height * out_row_bytes
    memory = np.full(end + GUARD_BYTES, FILLER, np.uint8)
    memory[:row_bytes] = layer.zero_point & 0xFF
    memory[row_bytes : out - GUARD_BYTES] = layer.image.astype(np.int8).reshape(-1).view(np.uint8)
    reach = (kernel_height - 1) * layer.dilations[0] + 1
    step = layer.strides[0]
    setup = f"""
  for (int32_t y = 0; y < {out_height}; y += {layer.rows}) {{
    const int32_t rows = {out_height} - y < {layer.rows} ? {out_height} - y : {layer.rows};
    const int8_t *in_rows[{(layer.rows - 1) * step + reach}];
    int8_t *out_rows[{layer.rows}];
    for (int32_t i = 0; i < (rows - 1) * {step} + {reach}; i++) {{
      const int32_t row = y * {step} + i - {layer.pads[0]};
      in_rows[i] = arena + (row >= 0 && row < {height} ? (row + 1) * {row_bytes} : 0);
    }}
    for (int32_t i = 0; i < rows; i++) {{
      out_rows[i] = arena + {out} + (y + i) * {out_row_bytes};
    }}"""
    case = Case(
        kernel=kernel,
        struct="conv2d_s8",
        fields={
            "in_width": width,
            "in_channels": channels,
            "out_width": out_width,
            "out_channels": channels_out,
            "kernel_height": kernel_height,
            "kernel_width": kernel_width,
            "stride_height": layer.strides[0],
            "stride_width": layer.strides[1],
            "dilation_height": layer.dilations[0],
            "dilation_width": layer.dilations[1],
            "pad_left": layer.pads[2],
            "in_zero_point": layer.zero_point,
            "out_zero_point": layer.out_zero_point,
            "out_min": layer.clamp[0],
            "out_max": layer.clamp[1],
        },
        weights=pack(kernel, layer),
        memory=memory,
        setup=setup,
        arguments="in_rows, out_rows, rows, scratch",
        teardown="  }",
        scratch_bytes=scratch_bytes(kernel, layer, expected.shape[1]),
        name=f"{kernel} {layer}",
    )
    want = memory.copy()
    want[out:end] = expected.reshape(-1).view(np.uint8)
    return case, want


def scratch_bytes(kernel, layer, out_width):
    _, kernel_height, kernel_width, channels = layer.weights.shape
    if "columns" in kernel:
        return dsp_columns.scratch_bytes_conv2d_columns(
            (kernel_height, kernel_width), channels, layer.strides[1], out_width
        )
    if "mve" in kernel:
        return mve.scratch_bytes_conv2d(kernel_height, kernel_width, channels)
    pixels = 2 if "twos" in kernel else dsp.conv2d_tile_pixels(out_width)
    return dsp.scratch_bytes_conv2d(kernel_height, kernel_width, channels, pixels)


def check(kernel, layers, board=None) -> list:
    made = [make_case(kernel, layer) for layer in layers]
    source = f"conv2d/{kernel}.{'c' if 'mve' in kernel else 'S'}"
    results = run_cases([case for case, _ in made], [source], HEADERS, board or BOARD[kernel[-3:]])
    for (case, want), result in zip(made, results, strict=True):
        np.testing.assert_array_equal(result.memory, want, err_msg=case.name)
    return results


@every
def test_runs_of_every_length(kernel):
    """Kernel rows of 1 to 60 bytes: copied as bytes, words, long runs, or widened in place."""
    rng = np.random.default_rng(1)
    layers = []
    for width, channels in (
        *((1, c) for c in (1, 2, 3, 4, 5, 8)),
        *((2, c) for c in (1, 2, 3)),
        *((3, c) for c in (1, 2, 3, 4, 5, 7, 12, 13, 16, 20)),
        *((5, c) for c in (1, 3, 7, 9)),
    ):
        image = (5, int(rng.integers(width, width + 9)), channels)
        pads = tuple(int(n) for n in rng.integers(0, 3, 4))
        channels_out = int(rng.integers(2, 6))
        layers.append(random_layer(rng, image, (3, width), channels_out, pads=pads))
    check(kernel, layers)


@every
@pytest.mark.parametrize("strides", [(1, 1), (2, 2), (1, 3), (3, 1)])
@pytest.mark.parametrize("dilations", [(1, 1), (2, 2), (1, 3)])
def test_strides_and_dilations(kernel, strides, dilations):
    rng = np.random.default_rng(2)
    layers = []
    for channels in (1, 3, 4, 8):
        for pads in ((0, 0, 0, 0), (1, 1, 1, 1), (0, 1, 0, 1), (3, 2, 4, 5)):
            image = (9, int(rng.integers(9, 15)), channels)
            rest = {"strides": strides, "dilations": dilations, "pads": pads}
            layers.append(random_layer(rng, image, (3, 3), 3, **rest))
    check(kernel, layers)


@every
def test_every_output_width(kernel):
    rng = np.random.default_rng(3)
    layers = []
    for width in range(1, 9):
        for rows in (1, 3):
            for channels in (2, 4):
                image, zero_point = (4, width, channels), int(rng.integers(-128, 128))
                rest = {"pads": (1, 1, 1, 1), "rows": rows}
                layers.append(random_layer(rng, image, (3, 3), 4, zero_point, **rest))
    check(kernel, layers)


@pytest.mark.parametrize(
    ("kernel", "board"),
    [("conv2d_s8_dsp", "qemu-m7"), *((kernel, BOARD[kernel[-3:]]) for kernel in ANY_WINDOW)],
)
def test_layers_of_known_networks(kernel, board):
    rng = np.random.default_rng(4)
    layers = [
        random_layer(rng, (12, 12, 3), (3, 3), 16, strides=(2, 2), pads=(1, 0, 1, 0)),
        random_layer(rng, (12, 10, 1), (10, 4), 9, strides=(2, 2), pads=(4, 5, 1, 1)),
        random_layer(rng, (6, 6, 16), (1, 1), 8, strides=(2, 2)),
        random_layer(rng, (6, 6, 32), (3, 3), 7, pads=(1, 1, 1, 1)),
    ]
    check(kernel, layers, board)


@every
@pytest.mark.parametrize("clamp", [(-128, 0), (-20, 127), (3, 90), (-100, -7)])
def test_clamps(kernel, clamp):
    rng = np.random.default_rng(6)
    layers = []
    for width in (1, 3, 6):
        for rows in (1, 3):
            rest = {"pads": (1, 1, 1, 1), "rows": rows, "clamp": clamp}
            layers.append(random_layer(rng, (3, width, 4), (3, 3), 5, **rest))
    check(kernel, layers)


@every
def test_extreme_values(kernel):
    rng = np.random.default_rng(5)
    layers = []
    for zero_point in (-128, 127):
        for out_zero_point in (-128, 127):
            for value in (-128, 127):
                layer = random_layer(rng, (4, 5, 3), (3, 3), 24, zero_point, pads=(1, 1, 1, 1))
                layer.weights[::2], layer.weights[1::2] = 127, -127
                layer.shift[:] = -1 - np.arange(24)
                layer.multiplier[::3] *= -1
                layer.image[:, :, 1] = value
                layers.append(replace(layer, out_zero_point=out_zero_point))
    check(kernel, layers)


@any_scale
def test_any_scale(kernel):
    """Scales from 2^-20 to 2^7, weights to the ends of int8."""
    rng = np.random.default_rng(22)
    layers = []
    for image, window, channels in (((6, 7, 4), (3, 3), 28), ((5, 9, 3), (2, 4), 28)):
        layer = random_layer(rng, image, window, channels, pads=(1, 1, 1, 1))
        weights = rng.integers(-128, 128, layer.weights.shape)
        shift = np.arange(channels) % 28 - 20
        layers.append(replace(layer, weights=weights, shift=shift, bias=layer.bias % 100))
    check(kernel, layers)


def check_columns(layers):
    check("conv2d_s8_columns_dsp", layers)


@pytest.mark.parametrize("height", [1, 2, 3, 5])
@pytest.mark.parametrize(("width", "stride"), [(3, 1), (3, 2), (1, 1), (1, 2), (1, 3)])
def test_columns_of_every_width_and_depth(height, width, stride):
    """Tiles of three and of two pixels; even and odd numbers of four inputs."""
    rng = np.random.default_rng(31)
    layers = []
    for out_width in (2, 3, 4, 5, 6, 7, 8, 13):
        for channels in (1, 2, 3, 4, 8, 12, 20):
            channels_out, zero_point = (int(rng.integers(*ends)) for ends in ((2, 7), (-128, 128)))
            edge = width // 2  # none beside rows for windows of one column
            rest = {"pads": (1, 1, edge, edge), "rows": out_width % 3 + 1, "strides": (1, stride)}
            image = (height + 2, (out_width - 1) * stride + width - 2 * edge, channels)
            window = (height, width)
            layers.append(random_layer(rng, image, window, channels_out, zero_point, **rest))
    check_columns(layers)


def test_columns_of_strides_dilations_and_paddings_of_rows():
    rng = np.random.default_rng(32)
    layers = []
    for strides, dilation in (((1, 1), 1), ((2, 2), 1), ((1, 2), 2), ((3, 1), 2)):
        for pads in ((0, 0, 0, 0), (0, 1, 0, 1), (3, 2, 4, 5), (2, 2, 0, 3)):
            for rows in (1, 4):
                rest = {"strides": strides, "dilations": (dilation, 1), "pads": pads}
                layers.append(random_layer(rng, (9, 9, 8), (3, 3), 4, rows=rows, **rest))
    check_columns(layers)


def test_columns_of_clamps_and_extreme_values():
    rng = np.random.default_rng(33)
    layers = []
    for clamp in ((-128, 0), (-20, 127), (-100, -7)):
        rest = {"pads": (1, 1, 1, 1), "rows": 3, "clamp": clamp}
        layers.append(random_layer(rng, (5, 7, 4), (3, 3), 5, **rest))
    for value in (-128, 127):
        layer = random_layer(rng, (4, 5, 4), (3, 3), 24, value, pads=(1, 1, 1, 1))
        layer.weights[::2], layer.weights[1::2] = 127, -127
        layer.shift[:] = -1 - np.arange(24)
        layer.multiplier[::3] *= -1
        layer.image[:, :, 1] = value
        layers.append(layer)
    check_columns(layers)
