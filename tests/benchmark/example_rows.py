# SPDX-License-Identifier: Apache-2.0
"""Rows as a benchmark would make them, without a benchmark: for tests of what is made of rows."""

from __future__ import annotations

from typing import Any

from mcunet_tf.benchmark.rows import LayerRow, MemoryBlock, Row


def example_rows(model: str = "mcunet_vww1", board: str = "qemu-m7") -> list[Row]:
    """Ours, a peer that takes 2.5 times as much, and one that refuses."""
    return [
        a_row(model, board, "tinyengine", 1),
        a_row(model, board, "cmsis_nn", 2.5),
        Row(model, board, "tflm", error="no library <b>here</b>"),
    ]


def a_row(model: str, board: str, runtime: str, factor: float, **changes: Any) -> Row:
    """A row whose costs are `factor` times those of the first example."""
    instructions = round(4000 * factor)
    layers = (
        LayerRow(-1, name="entry", instructions=10, modelled_cycles=20),
        a_layer(0, "CONV_2D", instructions - 1000, round(600 * factor)),
        a_layer(1, "ADD", 990, round(300 * factor)),
    )
    arena = round(600 * factor)
    values: dict[str, Any] = {
        "emulated": True,
        "inputs": 2,
        "bit_exact": True,
        "differing_inputs": 0,
        "macs": 2000,
        "instructions": instructions,
        "instructions_per_input": (instructions, instructions),
        "instructions_per_mac": instructions / 2000,
        "modelled_cycles": 2 * instructions,
        "cycle_model": "cortex-m4",
        "modelled_latency_ms": 0.5 * factor,
        "clock_hz": 216_000_000,
        "arena_bytes": arena,
        "static_bytes": 88,
        "stack_bytes": 112,
        "sram_bytes": arena + 200,
        "flash_code_bytes": 5000,
        "flash_weights_bytes": 3000,
        "flash_bytes": 8000,
        "tools": {"gcc": "gcc 12"},
        "compiler_flags": "-O3",
        "hashes": {"model_sha256": "ab" * 32},
        "layers": layers,
        "memory": (MemoryBlock("in", 0, arena // 2, 0, 1), MemoryBlock("out", 100, 90, 0, 2)),
    }
    return Row(model, board, runtime, **(values | changes))


def a_layer(index: int, op: str, instructions: int, live_bytes: int) -> LayerRow:
    return LayerRow(
        index,
        op,
        f"layer {index}",
        f"tensor {index}",
        f"{op.lower()}_kernel",
        (1, 4, 4, 2),
        (1, 4, 4, 3),
        1000,
        300,
        16,
        live_bytes,
        instructions,
        2 * instructions,
    )
