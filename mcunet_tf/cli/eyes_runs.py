# SPDX-License-Identifier: Apache-2.0
"""Runs a cascade's C on a sensor's frames: on this computer, and on an emulated board."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.benchmark.plugin import RegionCount
from mcunet_tf.benchmark.qemu import run_elf
from mcunet_tf.check.host import SANITIZER_FLAGS
from mcunet_tf.check.toolchain import find_tool, run_tool, write_sources
from mcunet_tf.errors import ToolError
from mcunet_tf.vision import BOX, Camera, Cascade, Decoder

Array = npt.NDArray[Any]

_TIMEOUT_S = 300.0

_MAIN = """\
#include <stdint.h>
#include <stdio.h>
@region@
#include "@name@.h"
#include "@name@_cascade.h"
@includes@
static const uint8_t frames[@frames@][@bytes@] = {@data@};
static _Alignas(16) int8_t arena[@NAME@_ARENA_BYTES];
@cameras@
static void see(void *context, int32_t stage, void *memory) {
  const uint8_t *frame = context;
  BEGIN;
  switch (stage) {
@cases@    default:
      break;
  }
  END;
}

int main(void) {
  static struct @name@_cascade cascade;
  @name@_cascade_reset(&cascade);
  for (int n = 0; n < @frames@; n++) {
    const struct @name@_senses senses = {.context = (void *)(uintptr_t)frames[n], .see = see};
    const int32_t level = @name@_look(&cascade, arena, &senses);
    WRITE(&level, sizeof level);
    WRITE(cascade.scores, sizeof cascade.scores);
@writes@  }
  return 0;
}
"""
_CASE = """\
    case @MACRO@:
      @stage@_camera_begin(&@stage@_camera, @place@);
      for (int y = 0; y < @STAGE@_CAMERA_HEIGHT; y++) {
        @stage@_camera_row(&@stage@_camera, @place@, frame + y * @STAGE@_CAMERA_ROW_BYTES);
      }
      @stage@_camera_finish(&@stage@_camera, @place@);
      break;
"""
_WRITE = """\
    WRITE(&cascade.@stage@_count, sizeof cascade.@stage@_count);
    WRITE(cascade.@stage@_boxes, sizeof *cascade.@stage@_boxes * (uint32_t)cascade.@stage@_count);
"""
_ON_BOARD = """\
#include "region.h"
#define BEGIN REGION_BEGIN()
#define END REGION_END()
#define WRITE(data, size) region_write(data, size)"""
_ON_HOST = """\
#define BEGIN
#define END
#define WRITE(data, size) fwrite(data, 1, size, stdout)"""


@dataclass(frozen=True, eq=False)
class Looked:
    """What the C made of frames.

    Attributes:
        raw: everything that it wrote.
        levels: stages awake behind each frame.
        boxes: of each frame and stage with a decoder, by name, what it found when it last ran.
        regions: counts of each run of a network, camera included, on a board that counts.
    """

    raw: bytes
    levels: list[int]
    boxes: list[dict[str, Array]]
    regions: tuple[RegionCount, ...] = ()


def look_on_host(cascade: Cascade, camera: Camera, frames: Sequence[Array]) -> Looked:
    """What the C makes of frames on this computer, under sanitizers.

    Raises:
        ToolError: the C compiler is missing, or the program ends early.
    """
    with tempfile.TemporaryDirectory(prefix="mcunet_tf_") as folder:
        files = {**_own(cascade), "main.c": _main(cascade, camera, frames, _ON_HOST)}
        sources = [str(path) for path in write_sources(Path(folder), files)]
        program = Path(folder) / "look"
        flags = ["-std=c11", *SANITIZER_FLAGS, f"-I{folder}"]
        run_tool([find_tool("cc"), *flags, *sources, "-lm", "-o", str(program)])
        try:
            done = subprocess.run([program], capture_output=True, check=False, timeout=_TIMEOUT_S)
        except subprocess.TimeoutExpired as error:
            raise ToolError(f"{cascade.name} did not end within {_TIMEOUT_S:.0f} s") from error
        if done.returncode:
            raise ToolError(f"{cascade.name}: the program ended with {done.returncode}")
    return _read(cascade, bytes(done.stdout), len(frames))


def look_on_board(
    cascade: Cascade,
    camera: Camera,
    frames: Sequence[Array],
    board: str,
    timeout_s: float = _TIMEOUT_S,
) -> Looked:
    """What the C makes of frames on an emulated board.

    Raises:
        BudgetError: frames and networks do not fit the board.
        ToolError: a tool is missing or fails.
    """
    files = {**_own(cascade), "main.c": _main(cascade, camera, frames, _ON_BOARD)}
    run = run_elf(files, board, timeout_s=timeout_s)
    return _read(cascade, run.stdout, len(frames), tuple(run.regions))


def _own(cascade: Cascade) -> dict[str, str]:
    sources = cascade.firmware.sources
    return {path: text for path, text in sources.items() if path != "main.c"}


def _main(cascade: Cascade, camera: Camera, frames: Sequence[Array], region: str) -> str:
    name = cascade.name
    data = ",\n".join("{" + ",".join(map(str, f.reshape(-1).tolist())) + "}" for f in frames)
    stages = [stage.name for stage in cascade.stages]
    text = _MAIN
    for word, value in {
        "region": region,
        "includes": "".join(f'#include "{stage}_camera.h"\n' for stage in stages),
        "cameras": "".join(f"static struct {s}_camera {s}_camera;\n" for s in stages),
        "cases": "".join(_filled(_CASE, name, stage) for stage in stages),
        "writes": "".join(
            _filled(_WRITE, name, stage.name)
            for stage in cascade.stages
            if isinstance(stage.score, Decoder)
        ),
        "frames": str(len(frames)),
        "bytes": str(camera.height * camera.row_bytes),
        "name": name,
        "NAME": name.upper(),
        "data": data,
    }.items():
        text = text.replace(f"@{word}@", value)
    return text


def _filled(template: str, name: str, stage: str) -> str:
    text = template.replace("@place@", f"{name}_{stage}_arena(memory)")
    text = text.replace("@MACRO@", f"{name}_{stage}".upper())
    return text.replace("@stage@", stage).replace("@STAGE@", stage.upper())


def _read(
    cascade: Cascade, raw: bytes, count: int, regions: tuple[RegionCount, ...] = ()
) -> Looked:
    levels, found, at = [], [], 0
    for _ in range(count):
        levels.append(int(np.frombuffer(raw, np.int32, 1, at)[0]))
        at += 4 * (1 + len(cascade.stages))
        boxes = {}
        for stage in cascade.stages:
            if isinstance(stage.score, Decoder):
                number = int(np.frombuffer(raw, np.int32, 1, at)[0])
                boxes[stage.name] = np.frombuffer(raw, BOX, number, at + 4)
                at += 4 + number * BOX.itemsize
        found.append(boxes)
    return Looked(raw, levels, found, regions)
