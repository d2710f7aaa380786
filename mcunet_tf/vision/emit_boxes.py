# SPDX-License-Identifier: Apache-2.0
"""The C form of a decoder: its tables, and a function from a network's memory to boxes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.emit.constants import array_definition
from mcunet_tf.tinyengine.emit.library import Edge, Network
from mcunet_tf.tinyengine.emit.parts import Part, PartFiles
from mcunet_tf.tinyengine.kernel_tables.table import Blob
from mcunet_tf.version import __version__
from mcunet_tf.vision import boxes, tables
from mcunet_tf.vision.checks import require
from mcunet_tf.vision.decoder import BoundHead, Decoder, HeadValues, bind
from mcunet_tf.vision.tables import Array

_KERNELS = (
    "vision/vision.h",
    "vision/vision_gather_portable.c",
    "vision/vision_suppress_portable.c",
)
_CODES = {"sides": "VISION_SIDES", "cells": "VISION_CELL"}

_HEADER = """\
/* SPDX-License-Identifier: Apache-2.0
 *
 * Boxes from the outputs of @name@. Made by mcunet_tf @version@. Do not edit.
 *
 *   struct @name@_box boxes[@NAME@_BOX_CANDIDATES];
 *   const int32_t count = @name@_decode(@arguments@, boxes);
 *
 * Integers only, no heap. Whatever the outputs hold, boxes are at most @NAME@_MAX_BOXES, within the
 * image, and nothing beyond the array is written.
 */
#ifndef @NAME@_BOXES_H_
#define @NAME@_BOXES_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define @NAME@_MAX_BOXES @most@
#define @NAME@_BOX_CANDIDATES @candidates@ /* boxes that the array has room for */
#define @NAME@_BOX_UNITS @units@ /* of a pixel */
#define @NAME@_CLASSES @classes@

/* Sides in parts of a pixel of the network's input, which is @width@ x @height@. */
struct @name@_box {
  int16_t left;
  int16_t top;
  int16_t right;
  int16_t bottom;
  int16_t score; /* 32767 is 1 */
  int16_t label;
};
@labels@
/* Reads the outputs, and returns how many boxes there are, the best first. The rest of the array
 * is scratch. */
int32_t @name@_decode(@parameters@, struct @name@_box *boxes);

#ifdef __cplusplus
}
#endif

#endif /* @NAME@_BOXES_H_ */
"""

_SOURCE = """\
/* SPDX-License-Identifier: Apache-2.0
 *
 * Boxes from the outputs of @name@. Made by mcunet_tf @version@. Do not edit.
 */
#include "@name@_boxes.h"

#include <stddef.h>

#include "@name@.h"
#include "kernels/vision/vision.h"

@tables@
static const struct vision_limits @name@_limits = {
    .size = {@width@ * @units@, @height@ * @units@},
    .candidates = @candidates@,
    .most = @most@,
    .threshold = @threshold@,
    .overlap = @overlap@,
    .apart = @apart@,
    .by_label = @by_label@,
};

int32_t @name@_decode(@parameters@, struct @name@_box *boxes) {
  /* A box is nothing but six of these. */
  int16_t *found = (int16_t *)(void *)boxes;
  int32_t count = 0;
@unused@@calls@  return vision_suppress_portable(&@name@_limits, found, count);
}
"""
_LABELS = """
/* The name of a label. */
static inline const char *@name@_label(int32_t label) {
  static const char *const names[] = {@names@};
  return label >= 0 && label < @NAME@_CLASSES ? names[label] : "";
}
"""


def box_part(decoder: Decoder) -> Part:
    """The decoder as a part of its network's library.

    The part raises `VisionError` where the network's outputs are not those that are described.
    """
    return lambda network: box_files(decoder, network)


def box_files(decoder: Decoder, network: Network) -> PartFiles:
    """`<name>_boxes.h`, `<name>_boxes.c` and the kernels that they need."""
    edges = [_Info(edge) for edge in network.outputs]
    bound = bind(decoder, edges)
    for head in bound:
        for values in filter(None, (head.scores, head.boxes, head.presence)):
            info = edges[values.output]
            require(
                info.dtype == "int8",
                f"output '{info.name}' is {info.dtype}: the decoder in C reads int8: leave float32 "
                "edges to the application (--edges=int8), or quantise the model as a whole",
            )
    name, pool = network.name, _Pool(network.name)
    structs = [_head(decoder, head, edges, pool, n) for n, head in enumerate(bound)]
    memories = [arena.name for arena in network.arenas if arena.name != "state"]
    used = {network.outputs[v.output].region for h in bound for v in _all_values(h)}
    unused = [f"  (void){m};\n" for n, m in enumerate(memories) if n not in used]
    words = {
        "labels": _labels(decoder),
        "name": name,
        "NAME": network.macro,
        "version": __version__,
        "most": decoder.max_boxes,
        "candidates": decoder.held,
        "units": boxes.UNITS,
        "classes": decoder.classes,
        "height": decoder.image[0],
        "width": decoder.image[1],
        "threshold": boxes.score_limit(decoder),
        "overlap": boxes.overlap_limit(decoder),
        "apart": 0 if decoder.apart is None else boxes.units(decoder.apart),
        "by_label": int(decoder.by_label),
        "tables": pool.text + "".join(structs),
        "calls": "".join(_call(name, n, head, network) for n, head in enumerate(bound)),
        "unused": "".join(unused),
        "parameters": ", ".join(f"const void *{memory}" for memory in memories),
        "arguments": ", ".join(memories),
    }
    files = {f"{name}_boxes.h": filled(_HEADER, words), f"{name}_boxes.c": filled(_SOURCE, words)}
    return PartFiles(files, _KERNELS)


def filled(template: str, words: Mapping[str, Any]) -> str:
    """A template with words in the place of their names."""
    for word, value in words.items():
        template = template.replace(f"@{word}@", str(value))
    return template


def _labels(decoder: Decoder) -> str:
    if not decoder.labels:
        return ""
    names = ", ".join('"' + _text(label) + '"' for label in decoder.labels)
    return _LABELS.replace("@names@", names)


def _text(label: str) -> str:
    """A label within a C string: other than plain letters as octal numbers of UTF-8."""
    return "".join(_letter(byte) for byte in label.encode())


def _letter(byte: int) -> str:
    return chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?@' else f"\\{byte:03o}"


class _Info:
    """An output as `bind` and `detect` see it."""

    def __init__(self, edge: Edge) -> None:
        self.name, self.shape, self.dtype = edge.label, edge.shape, edge.dtype
        self.scale = 1.0 if edge.scale is None else float(edge.scale.rstrip("f"))
        self.zero_point = edge.zero_point


class _Pool:
    """Tables, each content once."""

    def __init__(self, name: str) -> None:
        self.name, self.text = name, ""
        self._known: dict[tuple[str, bytes], str] = {}

    def symbol(self, ctype: str, values: Array) -> str:
        """The name of a table of these values."""
        content = (ctype, values.tobytes())
        if content not in self._known:
            made = f"{self.name}_box_table_{len(self._known)}"
            self._known[content] = made
            self.text += f"static {array_definition(made, Blob(ctype, values))}\n"
        return self._known[content]


def _all_values(bound: BoundHead) -> list[HeadValues]:
    return [v for v in (bound.scores, bound.boxes, bound.presence) if v is not None]


def _head(decoder: Decoder, bound: BoundHead, infos: list[_Info], pool: _Pool, number: int) -> str:
    """The initialiser of a head."""
    head, lengths = bound.head, boxes.geometry(bound.head, decoder.image)
    fields: dict[str, Any] = {
        "anchors": pool.symbol("int16_t", lengths.anchors.astype(np.int16).reshape(-1)),
        "score_values": _place(bound.scores),
        "code": _CODES.get(head.code, "VISION_CENTRED"),
        "rows": head.grid[0],
        "columns": head.grid[1],
        "count": head.in_cell,
        "step": _pair(lengths.step),
        "start": _pair(lengths.start),
        "by_anchor": int(lengths.by_anchor),
        "rows_first": int(head.rows_first),
        "classes": head.classes,
        "background": int(head.background),
        **_score_fields(decoder, bound, infos, pool),
    }
    if bound.boxes is not None:
        raw = _raw(infos, bound.boxes)
        size = tables.reals(tables.size_function(head.code, head.variances[1])(raw))
        fields["sizes"] = pool.symbol("int32_t", size.astype(np.int32))
        fields["box_values"] = _place(bound.boxes)
        if head.code != "sides":
            middle = tables.reals(tables.middle_function(head.code, head.variances[0])(raw))
            fields["middles"] = pool.symbol("int32_t", middle.astype(np.int32))
    if bound.presence is not None:
        present = tables.shares(tables.sigmoid(_raw(infos, bound.presence)))
        fields["presence"] = pool.symbol("uint16_t", present.astype(np.uint16))
        fields["presence_values"] = _place(bound.presence)
        fields["least_presence"] = _least(present, boxes.score_limit(decoder))
    lines = "".join(f"    .{field} = {value},\n" for field, value in fields.items())
    return f"static const struct vision_head {pool.name}_head_{number} = {{\n{lines}}};\n\n"


def _score_fields(
    decoder: Decoder, bound: BoundHead, infos: list[_Info], pool: _Pool
) -> dict[str, Any]:
    head, info = bound.head, infos[bound.scores.output]
    if head.activation != "softmax":
        score = tables.shares(tables.score_function(head.activation)(_raw(infos, bound.scores)))
        symbol = pool.symbol("uint16_t", score.astype(np.uint16))
        return {"scores": symbol, "least": _least(score, boxes.score_limit(decoder))}
    steps = tables.raw_values(info.scale, info.zero_point)
    parts = tables.powers(steps[-1] - steps[::-1])
    symbol = pool.symbol("uint16_t", parts.astype(np.uint16))
    return {"scores": symbol, "softmax": 1, "least": _least_step(decoder, head.background, parts)}


def _least_step(decoder: Decoder, background: bool, parts: Array) -> int:
    """The fewest raw steps above the background that can reach the threshold.

    A share is at most that of the two alone; rounding adds less than two to it.
    """
    if not background:
        return -boxes.NEVER
    limit = boxes.score_limit(decoder)
    for step in range(-255, 256):
        own, other = parts[max(-step, 0)], parts[max(step, 0)]
        if (int(own) << 15) // (int(own) + int(other)) + 2 >= limit:
            return step
    return boxes.NEVER


def _least(scores: Array, limit: int) -> int:
    """The least raw value whose score reaches the limit; scores never fall."""
    reached = np.flatnonzero(scores >= limit)
    return int(reached[0]) - 128 if len(reached) else boxes.NEVER


def _raw(infos: list[_Info], values: HeadValues) -> Array:
    info = infos[values.output]
    return tables.raw_values(info.scale, info.zero_point)


def _place(values: HeadValues) -> str:
    return f"{{{values.first}, {values.cell}, {values.anchor}, {values.value}}}"


def _pair(values: tuple[int, int]) -> str:
    return f"{{{values[0]}, {values[1]}}}"


def _call(name: str, number: int, bound: BoundHead, network: Network) -> str:
    boxes_at, scores_at, presence_at = (
        "NULL" if values is None else _address(values, network)
        for values in (bound.boxes, bound.scores, bound.presence)
    )
    return (
        f"  count = vision_gather_portable(&{name}_head_{number}, &{name}_limits,\n"
        f"                                 {boxes_at}, {scores_at},\n"
        f"                                 {presence_at}, found, count);\n"
    )


def _address(values: HeadValues, network: Network) -> str:
    edge = network.outputs[values.output]
    return f"{edge.function}({network.arenas[edge.region].name})"
