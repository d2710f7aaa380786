# SPDX-License-Identifier: Apache-2.0
"""What a board has no room for is said in the report."""

from __future__ import annotations

import dataclasses

import pytest

from mcunet_tf.boards import load_board
from mcunet_tf.tinyengine import compile_tflite
from tests.plan.random_networks import random_network


def _board(ram_bytes: int, flash_bytes: int):
    board = load_board("qemu-m4")
    sizes = {"ram": ram_bytes, "flash": flash_bytes}
    memory = tuple(
        dataclasses.replace(region, size_bytes=sizes.get(region.kind, region.size_bytes))
        for region in board.memory
    )
    return dataclasses.replace(board, name="tiny-board", memory=memory)


@pytest.mark.parametrize(
    "ram_bytes, flash_bytes, options, said",
    [
        (1 << 20, 1 << 20, {}, []),
        (16, 1 << 20, {}, ["B, tiny-board has 16 B of SRAM: choose another board"]),
        (1 << 20, 16, {}, ["B, tiny-board has 16 B of flash: choose another board"]),
        (16, 16, {}, ["has 16 B of SRAM", "has 16 B of flash"]),
        (16, 16, {"place": "arena:.far,weights:.far"}, []),
        (16, 1 << 20, {"region_bytes": (1 << 20,)}, []),
    ],
)
def test_what_does_not_fit_is_said(ram_bytes, flash_bytes, options, said):
    board = _board(ram_bytes, flash_bytes)
    compiled = compile_tflite(random_network(3), board, name="m", **options)
    notes = [note for note in compiled.report.notes if note.startswith("does not fit: ")]
    assert len(notes) == len(said)
    for note, wanted in zip(notes, said, strict=True):
        assert wanted in note
        assert note in compiled.report.text()
