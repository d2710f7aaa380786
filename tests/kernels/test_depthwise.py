# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest

from mcunet_tf.tinyengine.fixed_point import requantize
from mcunet_tf.tinyengine.kernel_tables.packing import dsp, mve
from tests.kernels.dsp_program import FILLER, GUARD_BYTES, Case, run_cases

pytestmark = [pytest.mark.qemu, pytest.mark.sampled(24)]

KERNELS = {
    (3, 1): "depthwise_conv2d_s8_3x3_dsp",
    (3, 2): "depthwise_conv2d_s8_3x3s2_dsp",
    (5, 1): "depthwise_conv2d_s8_5x5_dsp",
    (5, 2): "depthwise_conv2d_s8_5x5s2_dsp",
    (7, 1): "depthwise_conv2d_s8_7x7_dsp",
    (7, 2): "depthwise_conv2d_s8_7x7s2_dsp",
}
ANY_KERNEL = "depthwise_conv2d_s8_dsp"
MVE_KERNELS = {
    "mve": "depthwise_conv2d_s8_mve",
    "mve_any": "depthwise_conv2d_s8_any_mve",
    "mve_3x3": "depthwise_conv2d_s8_3x3_mve",
}
ANY_SCALE = ("any", "dsp_any", "mve_any")
FOLDER = "depthwise_conv2d"
SOURCES = {
    "dsp": [f"{FOLDER}/{kernel}.S" for kernel in KERNELS.values()],
    "dsp_any": [f"{FOLDER}/{kernel[:-4]}_any_dsp.S" for kernel in KERNELS.values()],
    "any": [f"{FOLDER}/{ANY_KERNEL}.c"],
    **{isa: [f"{FOLDER}/{kernel}.c"] for isa, kernel in MVE_KERNELS.items()},
}
HEADERS = [f"{FOLDER}/depthwise_conv2d.h", f"{FOLDER}/depthwise_layout.h"]
BOARD = {isa: "qemu-m55" if isa in MVE_KERNELS else "qemu-m4" for isa in SOURCES}
SIZES = {
    "dsp": [*KERNELS],
    "dsp_any": [*KERNELS],
    "any": [(1, 1), (2, 1), (3, 2), (4, 3)],
    "mve": [(1, 1), (4, 3), *KERNELS],
    "mve_any": [(1, 1), (4, 3), *KERNELS],
    "mve_3x3": [(3, 1), (3, 2)],
}


def rows_of(*isas):
    keys = [(isa, *key) for isa in isas for key in SIZES[isa]]
    return pytest.mark.parametrize(("isa", "size", "stride"), keys)


every_row = rows_of(*SOURCES)


@dataclass(frozen=True)
class Layer:
    weights: np.ndarray  # [height, width, channels]
    bias: np.ndarray  # folded
    multiplier: np.ndarray
    shift: np.ndarray
    zero_point: int
    out_zero_point: int
    stride: int = 1
    dilation: int = 1
    clamp: tuple[int, int] = (-128, 127)

    @property
    def reach(self) -> tuple[int, int]:
        """Height and width of the window in the image."""
        height, width = ((size - 1) * self.dilation + 1 for size in self.weights.shape[:2])
        return height, width


@dataclass(frozen=True)
class Plane:
    """An image, its padding, and how it is cut into calls."""

    image: np.ndarray  # [h, w, channels]
    pad_top: int
    pad_bottom: int
    pad_left: int
    pad_right: int
    rows: int  # output rows per call
    in_place: bool = False
    chunk_rows: int = 16  # that scratch is for


def random_layer(rng, channels, size, stride, zero_point=-128, out_zero_point=-128) -> Layer:
    window = size if isinstance(size, tuple) else (size, size)
    weights = rng.integers(-127, 128, (*window, channels))
    bias = rng.integers(-4000, 4000, channels) - zero_point * weights.sum((0, 1))
    multiplier = rng.integers(1 << 30, 1 << 31, channels)
    shift = -rng.integers(4, 12, channels)
    return Layer(weights, bias, multiplier, shift, zero_point, out_zero_point, stride)


def random_plane(rng, height, width, channels, rows, pads, in_place=False) -> Plane:
    image = rng.integers(-128, 128, (height, width, channels))
    return Plane(image, *pads, rows=rows, in_place=in_place)


def centred(size) -> tuple[int, int, int, int]:
    return (size // 2,) * 4


def padded(layer: Layer, plane: Plane) -> np.ndarray:
    pads = ((plane.pad_top, plane.pad_bottom), (plane.pad_left, plane.pad_right), (0, 0))
    return np.pad(plane.image, pads, constant_values=layer.zero_point)


def reference(layer: Layer, plane: Plane) -> np.ndarray:
    whole = padded(layer, plane).astype(np.int64)
    step, apart = layer.stride, layer.dilation
    height, width = (
        (size - reach) // step + 1 for size, reach in zip(whole.shape[:2], layer.reach, strict=True)
    )
    sums = np.zeros((height, width, whole.shape[2]), np.int64) + layer.bias
    for i, j in np.ndindex(layer.weights.shape[:2]):
        taps = whole[i * apart :: step, j * apart :: step][:height, :width]
        sums += taps * layer.weights[i, j]
    scaled = requantize(sums, layer.multiplier, layer.shift) + layer.out_zero_point
    return np.clip(scaled, *layer.clamp).astype(np.int8)


def admits(layer: Layer, isa="dsp") -> str | None:
    if isa == "mve_3x3":
        return mve.half_scale_reason(layer.multiplier, layer.shift)
    if isa in MVE_KERNELS:
        shifts = None if isa in ANY_SCALE else mve.shift_reason(layer.shift)
        return shifts or mve.depthwise_reason(layer.weights)
    taps = layer.weights.reshape(-1, layer.weights.shape[2]).T
    reason = dsp.any_shift_reason if isa in ANY_SCALE else dsp.depthwise_reason
    return reason(taps, layer.bias, layer.multiplier, layer.shift)


def fits(layer: Layer, plane: Plane, isa) -> bool:
    """Whether a kernel takes the shape."""
    pads = max(plane.pad_left, plane.pad_right)
    return isa != "mve_3x3" or (plane.image.shape[2] % 2 == 0 and pads <= 1)


def packed(layer: Layer, plane: Plane, isa, out_width) -> tuple[np.ndarray, int]:
    """The weight stream, and bytes of scratch for a call."""
    kernel, step = len(layer.weights), layer.stride
    constants = (layer.weights, layer.bias, layer.multiplier, layer.shift)
    if isa in ("dsp", "dsp_any"):
        pack = dsp.pack_depthwise
        stream = (pack if isa == "dsp" else dsp.pack_depthwise_sized_any)(*constants, step)
        chunked = (kernel, step) == (3, 1)
        held = min(plane.rows, plane.chunk_rows) if chunked else plane.rows
        scratch = dsp.scratch_bytes_depthwise(kernel, step, out_width, held)
    elif isa == "any":
        stream = dsp.pack_depthwise_any(*constants)
        scratch = dsp.scratch_bytes_depthwise_any(layer.weights[..., 0].size, len(layer.bias))
    elif isa == "mve_3x3":
        stream = mve.pack_3x3(*constants, strides=(step, step))
        width = plane.image.shape[1]
        layout = mve.groups_3x3(step, plane.pad_left, width, out_width)
        scratch = mve.scratch_bytes_3x3(layout, plane.pad_left, plane.rows)
    else:
        stream = mve.pack_depthwise(*constants, any_scale=isa in ANY_SCALE)
        scratch = mve.scratch_bytes_depthwise(
            (kernel, kernel), (step, step), (1, 1), out_width, plane.rows
        )
    return stream, scratch


def kernel_name(layer: Layer, isa) -> str:
    if isa in ("dsp", "dsp_any"):
        kernel = KERNELS[len(layer.weights), layer.stride]
        return kernel if isa == "dsp" else f"{kernel[:-4]}_any_dsp"
    return ANY_KERNEL if isa == "any" else MVE_KERNELS[isa]


def make_case(layer: Layer, plane: Plane, isa) -> tuple[Case, np.ndarray]:
    """Memory: a row of zero points, the image, a guard, the output, a guard; calls of some rows."""
    assert admits(layer, isa) is None
    height, width, channels = plane.image.shape
    expected = reference(layer, plane)
    out_height, out_width, _ = expected.shape
    row_bytes, out_row_bytes = width * channels, out_width * channels
    image = row_bytes
    image_end = image + height * row_bytes
    out = image if plane.in_place else image_end + GUARD_BYTES
    end = out + out_height * out_row_bytes
    memory = np.full(max(end, image_end) + GUARD_BYTES, FILLER, np.uint8)
    memory[:image] = layer.zero_point & 0xFF
    memory[image:image_end] = plane.image.astype(np.int8).reshape(-1).view(np.uint8)
    (reach, _), step = layer.reach, layer.stride
    in_rows = (plane.rows - 1) * step + reach
    setup = f"""
  for (int32_t y = 0; y < {out_height}; y += {plane.rows}) {{
    const int32_t rows = {out_height} - y < {plane.rows} ? {out_height} - y : {plane.rows};
    const int8_t *in_rows[{in_rows}];
    int8_t *out_rows[{plane.rows}];
    for (int32_t i = 0; i < (rows - 1) * {step} + {reach}; i++) {{
      const int32_t row = y * {step} + i - {plane.pad_top};
      const int inside = row >= 0 && row < {height};
      in_rows[i] = inside ? arena + {image} + row * {row_bytes} : arena;
    }}
    for (int32_t i = 0; i < rows; i++) {{
      out_rows[i] = arena + {out} + (y + i) * {out_row_bytes};
    }}"""
    weights, scratch = packed(layer, plane, isa, out_width)
    case = Case(
        kernel=kernel_name(layer, isa),
        struct="depthwise_conv2d_s8",
        fields={
            "in_width": width,
            "out_width": out_width,
            "in_channels": channels,
            "out_channels": channels,
            "pad_left": plane.pad_left,
            "kernel_height": layer.weights.shape[0],
            "kernel_width": layer.weights.shape[1],
            "stride_height": step,
            "stride_width": step,
            "dilation_height": layer.dilation,
            "dilation_width": layer.dilation,
            "out_min": layer.clamp[0],
            "out_max": layer.clamp[1],
            "in_zero_point": layer.zero_point,
            "out_zero_point": layer.out_zero_point,
            "chunk_rows": plane.chunk_rows,
        },
        weights=weights,
        memory=memory,
        setup=setup,
        arguments="in_rows, out_rows, rows, scratch",
        teardown="  }",
        scratch_bytes=scratch,
        name=f"{isa} {layer.weights.shape} s{step} {height} x {width} x {channels}, {plane}",
    )
    want = memory.copy()
    want[out:end] = expected.reshape(-1).view(np.uint8)
    return case, want


def check(work, isa="dsp", board=None) -> list:
    made = [make_case(layer, plane, isa) for layer, plane in work if fits(layer, plane, isa)]
    assert made, "no kernel takes any of these"
    cases = [case for case, _ in made]
    results = run_cases(cases, SOURCES[isa], HEADERS, board or BOARD[isa])
    for (case, want), result in zip(made, results, strict=True):
        np.testing.assert_array_equal(result.memory, want, err_msg=case.name)
    return results


@every_row
@pytest.mark.parametrize("rows", [1, 2, 3, 8])
def test_every_width(isa, size, stride, rows):
    rng = np.random.default_rng(rows)
    work = []
    for width in range(1, 8 * stride + 2):
        layer = random_layer(rng, 4, size, stride)
        work.append((layer, random_plane(rng, 4 * stride, width, 4, rows, centred(size))))
    check(work, isa)


@every_row
@pytest.mark.parametrize("left", [0, 1, 2, 3])
def test_padding_on_either_side(isa, size, stride, left):
    rng = np.random.default_rng(left)
    left = left % 2 if isa == "mve_3x3" else left
    work = []
    for right in (0, 1, 2, 3):
        for width in range(max(1, size - left - right), size + 5):
            top, bottom = int(rng.integers(0, size)), int(rng.integers(0, size))
            plane = random_plane(rng, size, width, 4, 2, (top, bottom, left, right))
            work.append((random_layer(rng, 4, size, stride), plane))
    check(work, isa)


@every_row
def test_every_channel_count(isa, size, stride):
    rng = np.random.default_rng(9)
    work = []
    few = (1, 2, 3) if isa in MVE_KERNELS else ()
    for channels in (*few, 4, 5, 6, 7, 8, 11, 16, 17, 80, 257):
        for rows in (1, 2, 3):
            layer = random_layer(rng, channels, size, stride)
            work.append((layer, random_plane(rng, 5, 5, channels, rows, centred(size))))
    check(work, isa)


@rows_of("dsp", "dsp_any", *MVE_KERNELS)
@pytest.mark.parametrize("channels", [4, 7])
def test_in_place_over_its_own_input(isa, size, stride, channels):
    """One call for the whole plane: every output row lies where an input row of the call lay."""
    rng = np.random.default_rng(10)
    channels = 2 * channels if isa == "mve_3x3" else channels
    work = []
    for height, width in ((3, 3), (5, 5), (6, 9), (1, 4), (2, 2)):
        layer = random_layer(rng, channels, size, stride)
        work.append((layer, random_plane(rng, height, width, channels, 9, centred(size), True)))
    check(work, isa)


@every_row
def test_zero_points_and_shifts_at_their_ends(isa, size, stride):
    rng = np.random.default_rng(11)
    work = []
    for zero_point in (-128, 127):
        for out_zero_point in (-128, 0, 127):
            layer = random_layer(rng, 32, size, stride, zero_point, out_zero_point)
            layer.shift[:] = -np.arange(32)
            layer.shift[0] = -1
            layer.multiplier[1::4] *= 1 if isa == "mve_3x3" else -1
            layer.multiplier[2] = 0
            layer.multiplier[5] = (1 << 31) - 1
            work.append((layer, random_plane(rng, 4, 5, 32, 2, centred(size))))
    check(work, isa)


@every_row
def test_clamps(isa, size, stride):
    rng = np.random.default_rng(14)
    work = []
    for clamp in ((-128, 0), (-20, 127), (3, 90), (-100, -7)):
        for rows in (1, 2, 9):
            channels = 6 if isa == "mve_3x3" else 5
            layer = replace(random_layer(rng, channels, size, stride), clamp=clamp)
            in_place = rows == 9 and isa != "any"
            work.append((layer, random_plane(rng, 5, 5, channels, rows, centred(size), in_place)))
    check(work, isa)


@every_row
def test_sums_at_the_bound(isa, size, stride):
    rng = np.random.default_rng(12)
    limit = dsp.NARROW_SUM_LIMIT - 1
    layer = random_layer(rng, 4, size, stride)
    layer.weights[:] = np.array([127, -127, 127, -127])
    taps = layer.weights.reshape(-1, 4).T
    low, high = dsp.accumulator_bounds(taps, np.zeros(4))
    layer.bias[:] = [limit - high[0], -limit - low[1], -limit - low[2], limit - high[3]]
    layer.shift[:] = [-14, -14, -15, -16]
    planes = [Plane(np.full((3, 6, 4), value), *centred(size), 2) for value in (-128, 127)]
    check([(layer, plane) for plane in planes], isa)
    layer.bias[0] = dsp.NARROW_SUM_LIMIT
    assert admits(layer) is not None
    if isa != "dsp":
        check([(layer, plane) for plane in planes], isa)


@rows_of(*ANY_SCALE)
def test_any_scale(isa, size, stride):
    """Scales from 2^-20 to 2^6, weights to the ends of int8, biases beyond 24 bits."""
    rng = np.random.default_rng(15)
    work = []
    for out_zero_point in (-128, 0, 90):
        layer = random_layer(rng, 28, size, stride, out_zero_point=out_zero_point)
        weights = rng.integers(-128, 128, layer.weights.shape)
        if isa == "mve_any":
            weights[::2, ::2][weights[::2, ::2] == -128] = -127
            weights[1::2, 1::2][weights[1::2, 1::2] == -128] = -127
        bias = np.where(np.arange(28) % 3, layer.bias % 100, 1 << 23)
        shift = np.arange(28) - 20
        shift[shift > 6] = 6
        bias[shift > 0] %= 100
        layer = replace(layer, weights=weights, bias=bias, shift=shift)
        for rows in (1, 5):
            work.append((layer, random_plane(rng, 5, 7, 28, rows, centred(size))))
    check(work, isa)


@pytest.mark.parametrize(("height", "in_place"), [(3, True), (4, False)])
def test_rows_further_apart_than_places_count(height, in_place):
    """One call for rows of more than 64 kB: each is computed by itself."""
    rng = np.random.default_rng(17)
    layer = random_layer(rng, 1024, 3, 1)
    plane = random_plane(rng, height, 33, 1024, height, centred(3), in_place)
    check([(layer, plane)], "mve_3x3")


def test_what_two_products_cannot_hold_is_refused():
    """A planted fault: two weights of -128 beside each other wrap around in 16 bits."""
    layer = random_layer(np.random.default_rng(16), 8, 3, 1)
    layer.weights[:], layer.bias[:], layer.shift[:] = 0, 0, -9
    layer.weights[0, 1:, 0] = -128
    assert admits(layer, "mve") is None
    layer.weights[0, 0, 0] = -128
    assert admits(layer, "mve") is not None
    plane = Plane(np.full((3, 3, 8), -128), 0, 0, 0, 0, 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mve, "depthwise_reason", lambda _: None)
        with pytest.raises(AssertionError, match="Arrays are not equal"):
            check([(layer, plane)], "mve")


@pytest.mark.parametrize("window", [(1, 3), (3, 1), (10, 4), (2, 5), (1, 13), (3, 3)])
@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2), (1, 4), (3, 2)])
def test_windows_of_any_shape(window, stride, dilation):
    rng = np.random.default_rng(stride + 8 * dilation)
    work = []
    for channels in (4, 9, 16):
        layer = replace(random_layer(rng, channels, window, stride), dilation=dilation)
        for pads in (
            (0, 0, 0, 0),
            tuple(rng.integers(0, 5, 4)),
            tuple(n // 2 for n in layer.reach for _ in "12"),
        ):
            height, width = (n + int(rng.integers(0, 5)) for n in layer.reach)
            work.append((layer, random_plane(rng, height, width, channels, 2, pads)))
    check(work, "any")


@pytest.mark.parametrize("board", ["qemu-m7"])
def test_another_core(board):
    rng = np.random.default_rng(13)
    work = []
    for size, stride in KERNELS:
        layer = random_layer(rng, 9, size, stride)
        work.append((layer, random_plane(rng, 7, 9, 9, 2, centred(size))))
    check(work, "dsp", board)
    check(work, "any", board)


@pytest.mark.parametrize("chunk_rows", [2, 4, 6])
def test_whole_planes_pass_through_a_few_rows_of_scratch(chunk_rows):
    """Channels of a whole plane, chunk by chunk, over their own input or beside it."""
    rng = np.random.default_rng(chunk_rows)
    work = []
    for in_place in (False, True):
        for height, width, channels in ((9, 5, 7), (8, 4, 4), (13, 2, 64), (25, 5, 12), (5, 1, 5)):
            pads = centred(3) if in_place else (*rng.integers(0, 3, 2), 1, 1)
            layer = random_layer(rng, channels, 3, 1)
            plane = random_plane(rng, height, width, channels, height + 4, pads, in_place)
            rows = height + plane.pad_top + plane.pad_bottom - 2
            work.append((layer, replace(plane, rows=rows, chunk_rows=chunk_rows)))
    check(work)
