# SPDX-License-Identifier: Apache-2.0
"""What a compiled model tells of its layers and its memory, joined with what was counted."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mcunet_tf.benchmark.plugin import LayerCount
from mcunet_tf.benchmark.rows import LayerRow, MemoryBlock
from mcunet_tf.check.build_inputs import library_files
from mcunet_tf.errors import McunetError
from mcunet_tf.tinyengine.ops import SPECS
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.passes import run_passes
from mcunet_tf.tinyengine.read_tflite import read_tflite


def layer_rows(compiled: Any, counts: Sequence[LayerCount]) -> tuple[LayerRow, ...]:
    """The layers of a compiled model with their counts.

    Args:
        compiled: with `report` and `graph`, or without: then the counts alone are told.
        counts: the counts by layer; empty where nothing counted them.
    """
    counted = {count.index: count for count in counts}
    report = getattr(compiled, "report", None)
    if report is None:
        return tuple(map(_count_only, counts))
    ops = _executed(compiled.graph)
    rows = []
    entry = counted.get(-1)
    if entry is not None:
        rows.append(_count_only(entry))
    for layer in sorted(report.layers, key=lambda layer: layer.index):
        count = counted.get(layer.index)
        rows.append(
            LayerRow(
                index=layer.index,
                op=layer.op,
                name=layer.name,
                output_tensor=compiled.graph.tensors[ops[layer.index].outputs[0]].name,
                kernel=layer.kernel,
                input_shape=tuple(layer.input_shape),
                output_shape=tuple(layer.output_shape),
                macs=layer.macs,
                weights_bytes=layer.weights_bytes,
                scratch_bytes=layer.scratch_bytes,
                live_bytes=layer.live_bytes,
                instructions=count.instructions if count else None,
                modelled_cycles=count.modelled_cycles if count else None,
            )
        )
    return tuple(rows)


def model_macs(model: Path) -> int | None:
    """Multiply-accumulates of a model as its file has it; None if the compiler cannot read it."""
    try:
        graph = run_passes(read_tflite(model.read_bytes(), model.name), as_spelt=True)
    except McunetError:
        return None
    return sum(SPECS[op.kind].macs(view(graph, op)) for op in graph.ops)


def _count_only(count: LayerCount) -> LayerRow:
    name = "entry" if count.index < 0 else ""
    return LayerRow(
        count.index,
        name=name,
        instructions=count.instructions,
        modelled_cycles=count.modelled_cycles,
    )


def memory_blocks(compiled: Any) -> tuple[MemoryBlock, ...]:
    """Where inputs and results lie in the arena, from the layer that writes to the last reader.

    Layers of one stage run row by row together, so a block lives during whole stages.
    """
    report = getattr(compiled, "report", None)
    if report is None:
        return ()
    graph, layers = compiled.graph, {layer.index: layer for layer in report.layers}
    ops = _executed(graph)
    span = _stage_spans(layers.values())
    last = _last_readers(graph, ops)
    blocks = []
    for number, tensor in enumerate(graph.given):
        offset = _input_offset(compiled, number)
        if offset is not None:
            end = span[layers[last.get(tensor, 0)].stage][1]
            blocks.append(_block(graph, tensor, offset, graph.tensors[tensor].rows[0], (0, end)))
    for index, op in enumerate(ops):
        layer, tensor = layers[index], op.outputs[0]
        if tensor in graph.exits:
            continue  # states lie beside the arena
        reader = last.get(tensor, index)
        end = len(ops) if reader >= len(ops) else span[layers[reader].stage][1]
        start = span[layer.stage][0]
        blocks.append(_block(graph, tensor, layer.output_offset, layer.output_rows, (start, end)))
    return tuple(blocks)


def hashes(model: Path, compiled: Any, image: Path | None) -> dict[str, str]:
    """sha256 of what was measured: model file, emitted project, linked image."""
    found = {"model_sha256": hashlib.sha256(model.read_bytes()).hexdigest()}
    files = getattr(compiled, "files", None)
    if files:
        digest = hashlib.sha256()
        for name in sorted(files):
            digest.update(f"{name}\n{files[name]}\n".encode())
        found["project_sha256"] = digest.hexdigest()
    if image is not None:
        found["image_sha256"] = hashlib.sha256(image.read_bytes()).hexdigest()
    return found


def _executed(graph: Any) -> list[Any]:
    """The operators that become layers: views cost nothing."""
    return [op for op in graph.ops if op.kind != "RESHAPE"]


def _stage_spans(layers: Any) -> dict[int, tuple[int, int]]:
    spans: dict[int, tuple[int, int]] = {}
    for layer in layers:
        low, high = spans.get(layer.stage, (layer.index, layer.index))
        spans[layer.stage] = (min(low, layer.index), max(high, layer.index + 1))
    return spans


def _last_readers(graph: Any, ops: Sequence[Any]) -> dict[int, int]:
    """The last layer that reads each tensor, through views; beyond all layers for outputs."""
    roots: dict[int, int] = {}
    for op in graph.ops:
        if op.kind == "RESHAPE":
            roots[op.outputs[0]] = roots.get(op.inputs[0], op.inputs[0])
    last = {
        roots.get(tensor, tensor): index for index, op in enumerate(ops) for tensor in op.inputs
    }
    last.update({roots.get(tensor, tensor): len(ops) for tensor in graph.outputs})
    return last


def _block(graph: Any, tensor: int, offset: int, rows: int, span: tuple[int, int]) -> MemoryBlock:
    height, row_bytes = graph.tensors[tensor].rows
    name = graph.tensors[tensor].name
    return MemoryBlock(name, offset, min(rows, height) * row_bytes, span[0], span[1])


def _input_offset(compiled: Any, number: int) -> int | None:
    header = library_files(compiled)[f"{compiled.name}.h"]
    found = re.search(rf"_INPUT_{number}_OFFSET (\d+)", header)
    return int(found.group(1)) if found else None
