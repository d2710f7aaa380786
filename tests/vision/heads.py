# SPDX-License-Identifier: Apache-2.0
"""Decoders of all kinds, with outputs to try them on."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np

from mcunet_tf.tinyengine.emit.constants import real
from mcunet_tf.tinyengine.emit.library import Arena, Edge, Network
from mcunet_tf.vision import Decoder, Head


@dataclass(frozen=True)
class Kind:
    """A decoder, and shape, scale and zero point of each output that it reads."""

    decoder: Decoder
    outputs: tuple[tuple[tuple[int, ...], float, int], ...]

    @property
    def infos(self) -> list[Any]:
        return [
            SimpleNamespace(
                name=f"out{n}", shape=shape, dtype="int8", scale=scale, zero_point=zero_point
            )
            for n, (shape, scale, zero_point) in enumerate(self.outputs)
        ]

    def network(self) -> Network:
        """As the emitter of a project describes one."""
        edges, offset = [], 0
        for n, (shape, scale, zero_point) in enumerate(self.outputs):
            size = int(np.prod(shape))
            edges.append(
                Edge("Output", n, f"out{n}", "int8", "int8_t", shape, size, size, 0, offset,
                     real(scale), zero_point, f"NET_OUTPUT_{n}", f"net_output_{n}")
            )  # fmt: skip
            offset += size
        arenas = (Arena("arena", "NET_ARENA_BYTES", offset),)
        return Network("net", "NET", "net.tflite", arenas, ("arena",), tuple(edges), None, False)

    def header(self) -> str:
        """What `net.h` has of a real project: where the outputs are."""
        lines = ["#include <stdint.h>"]
        for edge in self.network().edges:
            lines.append(
                f"static inline const int8_t *{edge.function}(const void *arena) "
                f"{{ return (const int8_t *)arena + {edge.offset}; }}"
            )
        return "\n".join(lines) + "\n"

    def draw(self, rng: np.random.Generator, how: str) -> list[np.ndarray]:
        """Outputs: anything at all, one value everywhere, or few scores that stand out."""
        made = []
        for shape, _, _ in self.outputs:
            if how == "any":
                values = rng.integers(-128, 128, shape)
            elif how == "flat":
                values = np.full(shape, rng.integers(-128, 128))
            elif how == "limits":
                values = rng.choice([-128, 127], shape)
            else:
                values = np.clip(rng.normal(-40, 40, shape), -128, 127)
            made.append(values.astype(np.int8))
        return made


HOW = ("any", "flat", "limits", "few")
_YOLO = Head(
    (5, 7), (0, 5), (0, 0), (0, 4), anchors=((10.0, 13.0), (33.5, 23.0), (60.0, 45.0)), classes=2
)
KINDS = {
    "yolo": Kind(
        Decoder((40, 56), (_YOLO,), 0.3, 0.45, 8), (((1, 5, 7, 3 * 7), 0.11, -3),)
    ),
    "yolo_two_scales": Kind(
        Decoder(
            (64, 64),
            (
                Head((4, 4), (1, 5), (1, 0), (1, 4), anchors=((30.0, 40.0), (50.0, 20.0))),
                Head((8, 8), (0, 5), (0, 0), (0, 4), anchors=((8.0, 9.0),)),
            ),
            0.5,
            0.3,
            10,
        ),
        (((1, 8, 8, 6), 0.07, 5), ((1, 4, 4, 12), 0.09, -20)),
    ),
    "yolov5": Kind(
        Decoder(
            (48, 48),
            (Head((6, 6), (0, 5), (0, 0), (0, 4), "yolov5", ((16.0, 16.0),), 3),),
            0.2,
            by_label=False,
        ),
        (((1, 36, 8), 0.08, 0),),
    ),
    "ssd": Kind(
        Decoder(
            (96, 128),
            (
                Head((12, 16), (0, 0), (1, 0), None, "ssd", ((16.0, 16.0), (32.0, 20.0)), 1,
                     "softmax", True),
                Head((6, 8), (0, 0), (1, 0), None, "ssd", ((64.0, 64.0),), 1,
                     "softmax", True, rows_first=True, first=384),
            ),
            0.6,
        ),
        (((1, 432, 2), 0.12, 11), ((1, 432, 4), 0.2, -7)),
    ),
    "sides": Kind(
        Decoder(
            (96, 96),
            (Head((12, 12), (0, 0), (1, 0), None, "sides", classes=10),),
            0.4,
            labels=tuple('a"b\\c?@\u00e9' if n == 3 else f"class {n}" for n in range(10)),
        ),
        (((1, 12, 12, 10), 0.06, 30), ((1, 12, 12, 4), 0.02, -128)),
    ),
    "yolov8": Kind(
        Decoder(
            (96, 128),
            (Head((1, 252), (0, 4), (0, 0), None, "absolute", classes=3, activation="linear",
                  values_first=True),),
            0.4,
        ),
        (((1, 7, 252), 1 / 256, -128),),
    ),
    "channels_first": Kind(
        Decoder(
            (64, 96),
            (
                Head((4, 6), (0, 5), (0, 0), (0, 4), anchors=((20.0, 30.0), (40.0, 20.0)),
                     classes=2, values_first=True),
                Head((2, 3), (1, 0), (2, 0), None, "ssd", ((64.0, 40.0), (30.0, 60.0)), 2,
                     "softmax", True, first=5, values_first=True),
            ),
            0.4,
        ),
        (((1, 14, 4, 6), 0.1, -4), ((1, 3, 20), 0.1, 3), ((1, 4, 20), 0.1, 0)),
    ),
    "absolute": Kind(
        Decoder(
            (120, 160),
            (Head((1, 100), (0, 5), (0, 0), (0, 4), "absolute", classes=1, activation="linear"),),
            0.25,
            candidates=20,
        ),
        (((1, 100, 6), 1 / 256, -128),),
    ),
    "cells": Kind(
        Decoder(
            (96, 96),
            (Head((12, 12), (0, 0), code="cells", classes=3, activation="softmax",
                  background=True),),
            0.5,
            apart=12.0,
            max_boxes=30,
        ),
        (((1, 12, 12, 4), 0.1, 0),),
    ),
    "softmax_of_things": Kind(
        Decoder(
            (30, 20),
            (Head((3, 2), (0, 4), (0, 0), None, "yolo", ((9.0, 4.0),), 5, "softmax"),),
            1 / 32768,
            1.0,
            1,
            1,
        ),
        (((1, 3, 2, 9), 0.3, 3),),
    ),
}  # fmt: skip
