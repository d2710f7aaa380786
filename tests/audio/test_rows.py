# SPDX-License-Identifier: Apache-2.0
"""Kernels of front ends for other instruction sets equal the portable ones, at their limits too."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest

from mcunet_tf.audio.wide import wide_split, wide_stage_factors
from mcunet_tf.benchmark.qemu import run_elf
from mcunet_tf.tinyengine.emit.sources import kernel_names
from mcunet_tf.tinyengine.signal.tables import (
    complex_words,
    input_places,
    split_twiddles,
    stage_factors,
)
from tests.kernels.dsp_program import KERNELS_DIR

BOARDS = {"dsp": "qemu-m4", "mve": "qemu-m55"}
ROUNDS = 6
# How each is called: on `values`, which hold what it takes and what it gives.
CALLS = {
    "audio_window": "found = KERNEL(&spectrum, samples[round], (uint32_t *)values);",
    "audio_transform": "KERNEL(&spectrum, (uint32_t *)values, shifts[round]);",
    "audio_energies": "KERNEL(&spectrum, (uint32_t *)values);",
    "audio_bands": "KERNEL(&bands, (uint32_t *)values, (int64_t *)sums);",
    "audio_wide_window": "KERNEL(&wide, samples[round], (union audio_bin *)values);",
    "audio_wide_transform": "KERNEL(&wide, (union audio_bin *)values);",
    "audio_wide_energies": "KERNEL(&wide, (union audio_bin *)values);",
    "audio_wide_magnitudes": "KERNEL(&wide, (union audio_bin *)values);",
}
PROGRAM = """
#include <string.h>
#include "audio/audio.h"
#include "audio/audio_wide.h"
#include "region.h"

@arrays@
static const struct audio_spectrum spectrum = {
    window, places, twiddles, split, @samples@, @points@};
static const struct audio_wide_spectrum wide = {
    window, places, wide_twiddles, wide_split, @samples@, @points@};
static const struct audio_bands bands = {bins, weights, 1, @bands@};

/* Beside what a kernel may write, nothing changes. */
static uint64_t memory[2][1 + @points@ + 1], results[2][1 + 2 * @bands@ + 1];

int main(void) {
  for (int round = 0; round < @rounds@; round++) {
@pairs@
  }
  return 0;
}
"""
PAIR = """
    {
      int32_t answers[2];
      memset(results, 0xA5, sizeof results);
      memset(memory, 0xA5, sizeof memory);
      for (int row = 0; row < 2; row++) {
        int32_t found = 0;
        uint64_t *const values = memory[row] + 1, *const sums = results[row] + 1;
        memcpy(values, @given@[round], sizeof @given@[round]);
        if (row == 0) {
          @portable@
        } else {
          @fast@
        }
        (void)sums;
        answers[row] = found;
      }
      const uint8_t same = answers[0] == answers[1] &&
                           memcmp(memory[0], memory[1], sizeof memory[0]) == 0 &&
                           memcmp(results[0], results[1], sizeof results[0]) == 0;
      region_write(&same, 1);
    }
"""


def fast_kernels(isa: str) -> list[str]:
    """Those of an instruction set, without it in their names."""
    names = (name for name in kernel_names("audio") if name.endswith(f"_{isa}"))
    return [name.removesuffix(f"_{isa}") for name in names]


def test_every_fast_kernel_is_held_against_the_portable_one():
    fast = {name for isa in BOARDS for name in fast_kernels(isa)}
    assert fast == set(CALLS)
    assert fast <= {name.removesuffix("_portable") for name in kernel_names("audio")}


def limits(rng: np.random.Generator, shape: Iterable[int], bits: int) -> np.ndarray:
    """Values all over a type in even rounds, its ends and zero in odd ones."""
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) - 1
    drawn = rng.integers(low, high, tuple(shape), endpoint=True)
    drawn[1::2] = rng.choice([low, high, 0], drawn[1::2].shape)
    return drawn


def array(ctype: str, name: str, values: np.ndarray) -> str:
    sizes = "".join(f"[{n}]" for n in values.shape)
    text = ", ".join(f"{int(v)}u" if ctype.startswith("u") else f"{int(v)}" for v in values.flat)
    if ctype == "int32_t":
        text = text.replace("-2147483648", "INT32_MIN")
    rows = re.sub(r"((?:[^,]+, ){15}[^,]+, )", r"\1\n", text)
    return f"static const {ctype} {name}{sizes} = {{{rows}}};\n"


def tables(points: int, samples: int) -> tuple[str, dict[str, Any]]:
    """Constants of all kernels, and what each of them is given in every round."""
    rng = np.random.default_rng(points)
    shifts = np.array([0, 0, 1, 4, 9, 14])
    pairs = limits(rng, (ROUNDS, points, 2), 16)
    small = np.clip(
        pairs >> shifts[:, None, None],
        -(32767 >> shifts)[:, None, None] - (shifts == 0)[:, None, None],
        None,
    )
    widths = np.array([3, 1, 0, 4, 8, 5])
    parts = {
        ("uint32_t", "pairs"): complex_words(pairs.reshape(-1, 2)).reshape(ROUNDS, points),
        ("uint32_t", "shifted"): complex_words(small.reshape(-1, 2)).reshape(ROUNDS, points),
        # Sums of a transform in 32 bits stay in them.
        ("int32_t", "bins_s32"): limits(rng, (ROUNDS, 2 * points), 31),
        ("int16_t", "samples"): limits(rng, (ROUNDS, samples), 16),
        ("int32_t", "shifts"): shifts,
        ("int16_t", "window"): rng.integers(0, 4097, samples),
        ("uint16_t", "places"): input_places(points),
        ("uint32_t", "twiddles"): complex_words(stage_factors(points)),
        ("uint32_t", "split"): complex_words(split_twiddles(points)),
        ("int32_t", "wide_twiddles"): wide_stage_factors(points).reshape(-1),
        ("int32_t", "wide_split"): wide_split(points).reshape(-1),
        ("uint16_t", "bins"): widths,
        ("int16_t", "weights"): limits(rng, (2, int(widths.sum())), 16).reshape(-1),
    }
    text = "".join(array(ctype, name, np.asarray(v)) for (ctype, name), v in parts.items())
    words = {"arrays": text, "samples": samples, "points": points, "bands": len(widths) - 1}
    return text, {**words, "rounds": ROUNDS}


def given(kernel: str) -> str:
    if kernel.startswith("audio_wide"):
        return "bins_s32"
    return "shifted" if kernel == "audio_transform" else "pairs"


@pytest.mark.qemu
@pytest.mark.parametrize(
    ("points", "samples"), [(32, 64), (32, 41), (64, 99), (256, 480), (512, 882)]
)
@pytest.mark.parametrize("isa", BOARDS)
def test_rows_equal_the_portable_ones(isa, points, samples):
    kernels = fast_kernels(isa)
    pairs = ""
    for kernel in kernels:
        pair = PAIR.replace("@given@", given(kernel))
        for row, name in (("portable", "portable"), ("fast", isa)):
            pair = pair.replace(f"@{row}@", CALLS[kernel].replace("KERNEL", f"{kernel}_{name}"))
        pairs += pair
    _, words = tables(points, samples)
    program = PROGRAM.replace("@pairs@", pairs)
    for word, value in words.items():
        program = program.replace(f"@{word}@", str(value))
    paths = [KERNELS_DIR / "audio" / f"{k}_{name}.c" for k in kernels for name in ("portable", isa)]
    run = run_elf({"main.c": program}, BOARDS[isa], include_dirs=[KERNELS_DIR], source_paths=paths)
    same = np.frombuffer(run.stdout, np.uint8).reshape(ROUNDS, len(kernels))
    wrong = {kernel: list(np.flatnonzero(same[:, k] == 0)) for k, kernel in enumerate(kernels)}
    assert not any(wrong.values()), f"rounds that differ: {wrong}"
