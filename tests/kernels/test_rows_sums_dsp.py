# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

import numpy as np
import pytest

from mcunet_tf.tinyengine.fixed_point import divide_rounded, requantize
from tests.kernels.dsp_program import FILLER, Case, run_cases

pytestmark = pytest.mark.qemu

MULTIPLIER, SHIFT, OUT_ZERO_POINT = 1518500250, -3, 17


def expected_of(kernel, image, offset) -> np.ndarray:
    sums = image.sum((0, 1)).astype(np.int64)
    if kernel == "mean":
        values = requantize(sums + offset, MULTIPLIER, SHIFT - 5) + OUT_ZERO_POINT
    else:
        values = divide_rounded(sums, image.shape[0] * image.shape[1])
    return np.clip(values, -128, 127)


@pytest.mark.parametrize("kernel", ["mean", "average_pool"])
def test_bands_of_rows(kernel):
    """Channels around a word, planes beyond 255 pixels, extreme values, several bands."""
    rng = np.random.default_rng(1)
    cases, wants = [], []
    for height, width, channels, band in (
        *((3, 5, c, 2) for c in (1, 2, 3, 4, 5, 7, 8, 64)),
        (25, 5, 64, 1),
        (16, 17, 5, 16),
        (1, 600, 4, 1),
    ):
        for low, high in ((-128, 127), (-128, -128), (127, 127)):
            image = rng.integers(low, high + 1, (height, width, channels))
            offset = int(rng.integers(-4000, 4000))
            fields = {"height": height, "width": width, "channels": channels}
            if kernel == "mean":
                fields |= {"shift": SHIFT - 5, "offset": offset, "multiplier": MULTIPLIER}
                fields |= {"out_zero_point": OUT_ZERO_POINT}
            else:
                fields |= {"out_min": -128, "out_max": 127}
            memory = np.full(image.size + channels + 8, FILLER, np.uint8)
            memory[: image.size] = image.reshape(-1) & 0xFF
            row = width * channels
            cases.append(
                Case(
                    kernel=f"{kernel}_rows_s8_dsp",
                    struct=f"{kernel}_rows_s8",
                    fields=fields,
                    weights=None,
                    memory=memory,
                    setup=f"""
  for (int32_t y = 0; y < {height}; y += {band}) {{
    const int32_t rows = {height} - y < {band} ? {height} - y : {band};""",
                    arguments=f"arena + y * {row}, arena + {image.size}, y, rows, scratch",
                    teardown="  }",
                    scratch_bytes=4 * channels,
                )
            )
            want = memory.copy()
            want[image.size : -8] = expected_of(kernel, image, offset) & 0xFF
            wants.append(want)
    folder = {"mean": "mean", "average_pool": "pool2d"}[kernel]
    sources = [f"{folder}/{kernel}_rows_s8_dsp.c"]
    results = run_cases(cases, sources, [f"{folder}/{folder}.h"])
    for want, result in zip(wants, results, strict=True):
        np.testing.assert_array_equal(result.memory, want)
