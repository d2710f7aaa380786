# SPDX-License-Identifier: Apache-2.0
"""`mcunet_look MODEL.tflite PICTURE ...`: what a board would see in pictures, by the compiled C."""

from __future__ import annotations

import pathlib
import subprocess
import tempfile
from collections.abc import Sequence
from typing import Any

import numpy as np
from absl import flags

from mcunet_tf.check.toolchain import find_tool, run_tool, write_sources
from mcunet_tf.cli.command import run_command
from mcunet_tf.errors import McunetError, OutputError, ToolError
from mcunet_tf.tinyengine import CompiledModel, compile_tflite
from mcunet_tf.vision import (
    BOX,
    Decoder,
    box_part,
    camera_part,
    path_to,
    read_camera,
    read_decoder,
    see,
    with_parts,
)
from mcunet_tf.vision.pictures import brightness_of, draw_boxes, read_picture, sensor_frame

_CAMERA = flags.DEFINE_string("camera", "rgb565:320x240", "The sensor, as tflite_to_tinyengine.")
_DECODE = flags.DEFINE_string("decode", None, "JSON file that says what the outputs mean.")
_OUTPUT_DIR = flags.DEFINE_string("output_dir", ".", "Folder of the pictures with boxes.")
_USAGE = """\
mcunet_look MODEL.tflite PICTURE [PICTURE ...] [flags]

Runs pictures (PNG, JPEG, PGM, PPM) through the C that is emitted for a model, camera and decoder
included, on this computer. Writes <picture>_seen.png: the network's input with boxes drawn in.
Without --decode it prints the greatest value of each output.

    mcunet_look faces.tflite street.jpg --decode=faces.json --output_dir=out
"""
_MAIN = """\
#include <stdio.h>
#include "seen.h"
#include "seen_camera.h"
@include@
static _Alignas(16) int8_t arena[SEEN_ARENA_BYTES];
static struct seen_camera camera;
int main(void) {
  static uint8_t row[SEEN_CAMERA_ROW_BYTES];
  seen_camera_begin(&camera, arena);
  while (fread(row, 1, sizeof row, stdin) == sizeof row) seen_camera_row(&camera, arena, row);
  seen_camera_finish(&camera, arena);
@boxes@@outputs@  return 0;
}
"""
_BOXES = """\
  struct seen_box boxes[SEEN_BOX_CANDIDATES];
  const int32_t count = seen_decode(arena, boxes);
  fwrite(&count, sizeof count, 1, stdout);
  fwrite(boxes, sizeof *boxes, (size_t)count, stdout);
"""


def main(arguments: Sequence[str]) -> int:
    """Looks at the pictures named on the command line.

    Raises:
        McunetError: what the user is told on one line.
    """
    if len(arguments) < 3:
        raise McunetError("give a model and one picture or more; --help shows how")
    camera = read_camera(_CAMERA.value)
    decoder = read_decoder(_DECODE.value) if _DECODE.value else None
    compiled = compile_tflite(arguments[1], "portable", name="seen")
    parts = [camera_part(camera)] + ([box_part(decoder)] if decoder else [])
    made = with_parts(compiled, parts)
    path = path_to(camera, compiled.inputs[0])
    folder = pathlib.Path(_OUTPUT_DIR.value)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: {error.strerror}: name a folder to write in") from error
    with tempfile.TemporaryDirectory() as name:
        program = _build(made, decoder, pathlib.Path(name))
        for given in arguments[2:]:
            frame = sensor_frame(camera, read_picture(given, (camera.height, camera.width)))
            data = _run(program, frame)
            boxes = _boxes(data) if decoder else np.zeros(0, BOX)
            image = brightness_of(path.values, see(path, frame))[0]
            target = folder / f"{pathlib.Path(given).stem}_seen.png"
            draw_boxes(image, boxes, decoder, target)
            print(f"{target}: {_said(made, decoder, boxes, data)}")
    return 0


def _build(made: CompiledModel, decoder: Decoder | None, folder: pathlib.Path) -> pathlib.Path:
    outputs = "".join(
        f"  fwrite(seen_output_{n}(arena), 1, SEEN_OUTPUT_{n}_BYTES, stdout);\n"
        for n in range(0 if decoder else len(made.outputs))
    )
    text = _MAIN.replace("@include@", '#include "seen_boxes.h"' if decoder else "")
    text = text.replace("@boxes@", _BOXES if decoder else "").replace("@outputs@", outputs)
    own = {p: t for p, t in made.sources.items() if p != "main.c"}
    sources = [str(path) for path in write_sources(folder, {**own, "main.c": text})]
    program = folder / "program"
    run_tool([find_tool("cc"), "-O2", f"-I{folder}", *sources, "-lm", "-o", str(program)])
    return program


def _run(program: pathlib.Path, frame: Any) -> bytes:
    done = subprocess.run([program], input=frame.tobytes(), capture_output=True, check=False)
    if done.returncode:
        raise ToolError(f"the compiled model ended with {done.returncode}; please report it")
    return bytes(done.stdout)


def _boxes(data: bytes) -> Any:
    (count,) = np.frombuffer(data, np.int32, 1)
    return np.frombuffer(data, BOX, count, 4)


def _said(made: CompiledModel, decoder: Decoder | None, boxes: Any, data: bytes) -> str:
    if decoder:
        found = [f"{decoder.label(int(b['label']))} {b['score'] / 32767:.2f}" for b in boxes]
        return ", ".join(found) or "nothing"
    told, position = [], 0
    for info in made.outputs:
        count = int(np.prod(info.shape))
        values = np.frombuffer(data, info.dtype, count, position)
        position += values.nbytes
        best = int(np.argmax(values))
        value = float(values[best])
        real = info.scale * (value - info.zero_point) if info.scale else value
        told.append(f"'{info.name}' is greatest at {best}: {real:.3g}")
    return "; ".join(told)


def run() -> None:
    """Entry point of the console script."""
    run_command(main, __name__, _USAGE)


if __name__ == "__main__":
    run()
