# SPDX-License-Identifier: Apache-2.0
"""The C form of a camera: its tables, its state, and functions that take a sensor's rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcunet_tf.tinyengine.emit.constants import array_definition
from mcunet_tf.tinyengine.emit.library import Edge, Network
from mcunet_tf.tinyengine.emit.parts import Part, PartFiles
from mcunet_tf.tinyengine.kernel_tables.table import Blob
from mcunet_tf.version import __version__
from mcunet_tf.vision.camera import FORMATS, Camera, Path, Taps, path_to, red_of
from mcunet_tf.vision.checks import require
from mcunet_tf.vision.emit_boxes import filled
from mcunet_tf.vision.sensor_examples import sensor_examples

_NAMES = {"rgb565le": "VISION_RGB565_LE"}

_HEADER = """\
/* SPDX-License-Identifier: Apache-2.0
 *
 * @format@ of @width@ x @height@ in front of @name@. Made by mcunet_tf @version@. Do not edit.
 *
 *   static struct @name@_camera camera;
 *
 *   @name@_camera_begin(&camera, @arguments@);
 *   for each row of the sensor: @name@_camera_row(&camera, @arguments@, row);
 *   @name@_camera_finish(&camera, @arguments@);  the network has run: read its outputs
 *
 * No frame is held: a row is free again when the call returns. Integers only, no heap.
 */
#ifndef @NAME@_CAMERA_H_
#define @NAME@_CAMERA_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define @NAME@_CAMERA_WIDTH @width@
#define @NAME@_CAMERA_HEIGHT @height@
#define @NAME@_CAMERA_ROW_BYTES @row_bytes@

/* What lasts for a frame. */
struct @name@_camera {
  uint32_t sums[@sums@];
  int32_t at[4];
  int32_t seen; /* rows of the sensor */
  int32_t rows; /* of the network's input that are there */
  @type@ row[@line@];
};

void @name@_camera_begin(struct @name@_camera *camera, @parameters@);

/* Takes the next row, @NAME@_CAMERA_ROW_BYTES as the sensor gives them. Rows behind the last are
 * ignored. */
void @name@_camera_row(struct @name@_camera *camera, @parameters@, const uint8_t *row);

/* Runs what is left of the inference; rows that never came are as the bars. */
void @name@_camera_finish(struct @name@_camera *camera, @parameters@);

#ifdef __cplusplus
}
#endif

#endif /* @NAME@_CAMERA_H_ */
"""

_SOURCE = """\
/* SPDX-License-Identifier: Apache-2.0
 *
 * @format@ of @width@ x @height@ in front of @name@. Made by mcunet_tf @version@. Do not edit.
 */
#include "@name@_camera.h"

#include <stddef.h>
#include <string.h>

#include "@name@.h"
#include "kernels/vision/@header@.h"

@tables@
static const struct vision_camera @name@_camera_path = {
@fields@};

/* A row of the network's input. */
static void @name@_take(struct @name@_camera *camera, @parameters@) {
@take@  camera->rows++;
}

/* Rows of bars, up to one of the input. */
static void @name@_fill(struct @name@_camera *camera, @parameters@, int32_t end) {
  memset(camera->row, @fill@, sizeof camera->row);
  while (camera->rows < end) {
    @name@_take(camera, @arguments@);
  }
}

void @name@_camera_begin(struct @name@_camera *camera, @parameters@) {
  memset(camera->at, 0, sizeof camera->at);
  camera->rows = 0;
  camera->seen = 0;
@begin@  @name@_fill(camera, @arguments@, @top@);
}

void @name@_camera_row(struct @name@_camera *camera, @parameters@, const uint8_t *row) {
  /* Rows above and below the part that counts are passed over. */
  if (camera->seen >= @end@) {
    return;
  }
  if (camera->seen++ < @first@) {
    return;
  }
  int8_t *const out = (int8_t *)(void *)&camera->row[@left@];
  while (@kernel@(&@name@_camera_path, camera->sums, camera->at, row + @offset@, out@lengths@)) {
    @name@_take(camera, @arguments@);
  }
}

void @name@_camera_finish(struct @name@_camera *camera, @parameters@) {
  @name@_fill(camera, @arguments@, @frame_rows@);
@finish@}
"""


def camera_part(camera: Camera) -> Part:
    """The camera as a part of its network's library.

    The part raises `VisionError` where the network's input is none for a camera.
    """
    return lambda network: camera_files(camera, network)


class _Info:
    """An input as `path_to` sees it."""

    def __init__(self, edge: Edge) -> None:
        self.name, self.shape, self.dtype = edge.label, edge.shape, edge.dtype
        self.scale = 1.0 if edge.scale is None else float(edge.scale.rstrip("f"))
        self.zero_point = edge.zero_point


def camera_files(camera: Camera, network: Network) -> PartFiles:
    """`<name>_camera.h`, `<name>_camera.c` and the kernels that they need."""
    require(
        len(network.inputs) == 1,
        f"{network.name} has {len(network.inputs)} inputs: a camera goes in front of one",
    )
    require(not network.has_state, f"{network.name} takes rows of time: a camera gives frames")
    edge = network.inputs[0]
    path = path_to(camera, _Info(edge))
    turned = camera.rotation != 0
    require(
        not (network.pushed and turned),
        f"rotate{camera.rotation} with --input=rows: the last row would have to come first: take "
        "--input=frame, or turn the sensor",
    )
    words = _words(path, network, edge)
    name = network.name
    files = {f"{name}_camera.h": filled(_HEADER, words), f"{name}_camera.c": filled(_SOURCE, words)}
    own = "camera_packed.h" if path.is_packed else "vision_camera_row_portable.c"
    kernels = ("vision/vision.h", f"vision/{own}")
    return PartFiles(files, kernels, sensor_examples(camera, network))


def _words(path: Path, network: Network, edge: Edge) -> dict[str, Any]:
    camera, name = path.camera, network.name
    tables = _Tables(f"{name}_camera")
    channels, (_, columns) = path.input[2], path.target
    lines = 2 if camera.format == "bayer8" else 1  # of the sensor for a row of pixels
    arguments = ", ".join(arena.name for arena in network.arenas)
    call = f"{name}_%s({arguments});"
    return {
        "format": camera.format,
        "width": camera.width,
        "height": camera.height,
        "row_bytes": camera.row_bytes,
        "name": name,
        "NAME": network.macro,
        "version": __version__,
        "sums": path.slots * columns * path.sums,
        "line": path.frame[1] * channels,
        "type": edge.ctype,
        "parameters": ", ".join(f"void *{arena.name}" for arena in network.arenas),
        "arguments": arguments,
        "fields": _fields(path, tables),
        "tables": tables.text,
        "fill": int(path.values[camera.fill]),
        "top": path.place[0],
        "frame_rows": path.frame[0],
        "take": _take(path, network, edge),
        "begin": f"  {call % 'begin'}\n" if network.pushed else "",
        "first": path.origin[0] * lines,
        "end": (path.origin[0] + path.part[0]) * lines,
        "left": path.place[1] * channels,
        "offset": path.origin[1] * lines * FORMATS[camera.format],
        "kernel": "vision_camera_packed" if path.is_packed else "vision_camera_row_portable",
        "lengths": f", {path.columns.total}, {path.step}" if path.is_packed else "",
        "header": "camera_packed" if path.is_packed else "vision",
        "finish": f"  {call % ('finish' if network.pushed else 'invoke')}\n",
    }


class _Tables:
    """Constant arrays."""

    def __init__(self, prefix: str) -> None:
        self.prefix, self.text = prefix, ""

    def add(self, name: str, ctype: str, values: Any) -> str:
        """An array; returns its symbol."""
        symbol = f"{self.prefix}_{name}"
        array = np.asarray(values, ctype.removesuffix("_t"))
        self.text += f"static {array_definition(symbol, Blob(ctype, array))}\n"
        return symbol

    def taps(self, name: str, found: Taps) -> str:
        """The initialiser of taps along an axis."""
        counts = [len(weights) for weights in found.weights]
        parts = {"first": found.first, "counts": counts, "weights": sum(found.weights, ())}
        symbols = [self.add(f"{name}_{k}", "uint16_t", v) for k, v in parts.items()]
        return "{" + ", ".join(symbols) + "}"


def _fields(path: Path, tables: _Tables) -> str:
    camera = path.camera
    row, column = red_of(camera.mosaic)
    reciprocals = ", ".join(f"{r}u" for r in path.reciprocals)
    fields = {
        "columns": tables.taps("columns", path.columns),
        "rows": tables.taps("rows", path.rows),
        "values": tables.add("values", "int8_t", path.values.view(np.int8)),
        "width": path.target[1],
        "height": path.target[0],
        "format": _NAMES.get(camera.format, f"VISION_{camera.format.upper()}"),
        "red_column": column,
        "red_row": row,
        "sums": path.sums,
        "channels": path.input[2],
        "slots": path.slots,
        "grey": "{" + ", ".join(f"{g}u" for g in path.grey) + "}",
        "reciprocals": "{" + reciprocals + "}",
        "shift": path.shift,
    }
    return "".join(f"    .{name} = {value},\n" for name, value in fields.items())


def _take(path: Path, network: Network, edge: Edge) -> str:
    """C that hands over a row: pushed, or put where it belongs in a turned picture."""
    arguments = ", ".join(arena.name for arena in network.arenas)
    height, width, channels = path.input
    rows, columns = path.frame
    lines = []
    if path.camera.mirror:
        lines += [
            f"for (int32_t x = 0; x < {columns // 2}; x++) {{",
            f"  for (int32_t c = 0; c < {channels}; c++) {{",
            f"    {edge.ctype} *left = &camera->row[x * {channels} + c];",
            f"    {edge.ctype} *right = &camera->row[({columns - 1} - x) * {channels} + c];",
            f"    const {edge.ctype} kept = *left;",
            "    *left = *right;",
            "    *right = kept;",
            "  }",
            "}",
        ]
    bars = f"memset(camera->row, {int(path.values[path.camera.fill])}, sizeof camera->row);"
    again = [bars] if path.camera.mirror else []
    if network.pushed:
        lines += [f"{network.name}_push_row({arguments}, camera->row);", *again]
        return "".join(f"  {line}\n" for line in lines)
    memory = network.arenas[edge.region].name
    lines += [f"(void){a.name};" for a in network.arenas if a.name != memory]
    if path.camera.rotation == 0:
        lines += [
            f"{edge.ctype} *to = {edge.function}({memory});",
            f"memcpy(to + {width * channels} * camera->rows, camera->row, sizeof camera->row);",
            *again,
        ]
        return "".join(f"  {line}\n" for line in lines)
    down, right, first = {
        90: (-1, width, width - 1),
        180: (-width, -1, height * width - 1),
        270: (1, -width, (height - 1) * width),
    }[path.camera.rotation]
    lines += [
        f"{edge.ctype} *to = {edge.function}({memory});",
        f"to += ({first} + ({down}) * camera->rows) * {channels};",
        f"for (int32_t x = 0; x < {columns}; x++) {{",
        f"  memcpy(&to[({right}) * x * {channels}], &camera->row[x * {channels}], {channels});",
        "}",
        *again,
    ]
    assert rows * columns == height * width
    return "".join(f"  {line}\n" for line in lines)
