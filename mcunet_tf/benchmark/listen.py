# SPDX-License-Identifier: Apache-2.0
"""Runs a spotter's C on recordings: on this computer, or on an emulated board."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.audio import Spotter
from mcunet_tf.benchmark.plugin import RegionCount
from mcunet_tf.benchmark.qemu import run_elf
from mcunet_tf.check.toolchain import find_tool, run_tool, write_sources
from mcunet_tf.errors import BoardError, ToolError

Integers = npt.NDArray[Any]

MAX_BOARD_SECONDS = 60
"""A board has the recording among its constants."""
_PIECE = 1600  # samples that this computer is given at once

_HOST_MAIN = """
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "NAME_hear.h"

static struct NAME_ear ear;
static union NAME_ear_scratch scratch;
static int16_t heard[PIECE];

int main(void) {
  size_t known = 0;
  NAME_ear_reset(&ear);
  for (;;) {
    const ssize_t got = read(0, (char *)heard + known, sizeof heard - known);
    if (got <= 0) {
      return got < 0;
    }
    known += (size_t)got;
    const int16_t *samples = heard;
    int32_t count = (int32_t)(known / sizeof *heard);
    while (NAME_hear(&ear, &scratch, &samples, &count)) {
      const int16_t word = (int16_t)ear.word;
      fwrite(ear.scores, sizeof ear.scores, 1, stdout);
      fwrite(&word, sizeof word, 1, stdout);
    }
    fflush(stdout);
    const size_t odd = known % sizeof *heard; /* half a sample */
    memmove(heard, (char *)heard + known - odd, odd);
    known = odd;
  }
}
"""
_BOARD_MAIN = """
#include "NAME_hear.h"
#include "region.h"

static const int16_t heard[] = {THE_RECORDING};
static struct NAME_ear ear;
static union NAME_ear_scratch scratch;

__attribute__((noinline, aligned(64))) static int32_t counted(const int16_t **samples,
                                                              int32_t *count) {
  REGION_BEGIN();
  const int32_t more = NAME_hear(&ear, &scratch, samples, count);
  REGION_END();
  return more;
}

int main(void) {
  const int16_t *samples = heard;
  int32_t left = sizeof heard / sizeof *heard;
  NAME_ear_reset(&ear);
  while (left > 0) {
    int32_t count = left < NAME_HOP ? left : NAME_HOP;
    left -= count;
    while (counted(&samples, &count)) {
      const int16_t word = (int16_t)ear.word;
      region_write(ear.scores, sizeof ear.scores);
      region_write(&word, sizeof word);
    }
  }
  return 0;
}
"""


@dataclass(frozen=True, eq=False)
class Heard:
    """What a spotter made of a recording.

    Attributes:
        raw: scores and word of each result, as the C wrote them.
        scores: the network's outputs, [results, labels].
        words: numbers of labels, -1 where nothing was detected.
        instructions: of each call of `<name>_hear`, on a board that counts them.
        cycles: of each call by the board's cycle model, an estimate.
    """

    raw: bytes
    scores: Integers
    words: Integers
    instructions: Integers
    cycles: Integers


def _heard(spotter: Spotter, raw: bytes, regions: Sequence[RegionCount] = ()) -> Heard:
    dtype = np.dtype(
        [
            ("scores", spotter.network.outputs[0].dtype, (len(spotter.detector.labels),)),
            ("word", "<i2"),
        ]
    )
    results = np.frombuffer(raw[: len(raw) // dtype.itemsize * dtype.itemsize], dtype)
    words = results["word"].astype(np.int64)
    counts = [[r.instructions for r in regions], [r.modelled_cycles for r in regions]]
    return Heard(raw, results["scores"].copy(), words, *np.array(counts, np.int64))


@contextmanager
def host_ear(spotter: Spotter) -> Iterator[subprocess.Popen[bytes]]:
    """A process on this computer that reads samples and writes results.

    Raises:
        ToolError: the C compiler is missing, or fails.
    """
    main = _HOST_MAIN.replace("NAME", spotter.network.name).replace("PIECE", str(_PIECE))
    with tempfile.TemporaryDirectory(prefix="mcunet_tf_") as folder:
        files = {**spotter.source_files(), "main.c": main}
        sources = [str(path) for path in write_sources(Path(folder), files)]
        program = Path(folder) / "hear"
        run_tool(
            [find_tool("cc"), "-O2", "-std=c11", f"-I{folder}", *sources, "-o", str(program), "-lm"]
        )
        with subprocess.Popen(
            [str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as process:
            yield process
            if process.poll() is None:
                process.kill()


def hear_on_host(spotter: Spotter, samples: Integers) -> Heard:
    """What the C makes of a recording on this computer.

    Raises:
        ToolError: the C compiler is missing, or the program ends early.
    """
    with host_ear(spotter) as process:
        raw, _ = process.communicate(np.asarray(samples, "<i2").tobytes())
        if process.returncode:
            raise ToolError(f"{spotter.network.name}: the program ended with {process.returncode}")
    return _heard(spotter, raw)


def read_results(spotter: Spotter, stream: IO[bytes], count: int) -> Heard:
    """So many results from a process of `host_ear`."""
    item = np.dtype(spotter.network.outputs[0].dtype).itemsize * len(spotter.detector.labels) + 2
    return _heard(spotter, stream.read(item * count))


def hear_on_board(spotter: Spotter, samples: Integers, timeout_s: float = 300.0) -> Heard:
    """What the C makes of a recording on the spotter's own board, emulated.

    Raises:
        BoardError: the recording is longer than `MAX_BOARD_SECONDS`, or the board is no board.
        BudgetError: it does not fit the board.
    """
    seconds = len(samples) / spotter.front_end.sample_rate
    if seconds > MAX_BOARD_SECONDS:
        raise BoardError(
            f"a recording of {seconds:.0f} s is among the constants of an emulated board: give "
            f"{MAX_BOARD_SECONDS} s or less, or listen on this computer"
        )
    main = _BOARD_MAIN.replace("NAME_HOP", f"{spotter.network.name.upper()}_FRONT_HOP_SAMPLES")
    main = main.replace("NAME", spotter.network.name)
    main = main.replace("THE_RECORDING", ",".join(map(str, samples)))
    files = {**spotter.source_files(), "main.c": main}
    run = run_elf(files, spotter.board, timeout_s=timeout_s)
    return _heard(spotter, run.stdout, run.regions)
