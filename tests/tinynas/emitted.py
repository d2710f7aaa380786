# SPDX-License-Identifier: Apache-2.0
"""Measures the flash of emitted projects, without a board."""

from __future__ import annotations

import dataclasses
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from mcunet_tf.boards import Board
from mcunet_tf.tinyengine.compiler import PROJECT_FLAGS
from mcunet_tf.tinyengine.emit.assemble import emit_project
from mcunet_tf.tinyengine.emit.project import Project
from mcunet_tf.tinyengine.ir import Graph, Tensor
from mcunet_tf.tinyengine.plan.grouping import plan_model
from mcunet_tf.tinyengine.query import chosen_nodes
from mcunet_tf.tinyengine.schedule.nodes import make_node
from mcunet_tf.tinynas import Arch
from mcunet_tf.tinynas.lower import lowered


def object_bytes(arch: Arch, classes: int, board: Board) -> tuple[int, dict[str, int]]:
    """(layers, bytes in flash by source file) of a network compiled with stand-ins of weights."""
    candidate = lowered(arch, classes)
    tensors = [
        t if t.data is None else dataclasses.replace(t, data=_of_its_own(t, index))
        for index, t in enumerate(candidate.graph.tensors)
    ]
    graph = Graph("m", tuple(tensors), candidate.graph.ops, (0,), candidate.graph.outputs)
    nodes = [make_node(graph, n.index, n.op, n.kernel) for n in chosen_nodes(candidate, board)]
    plan = plan_model(graph, {}, nodes, weighed_as="cortex-m4")
    project = Project("m", "m.tflite", board.name, "0", PROJECT_FLAGS, graph, plan)
    sizes = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, text in emit_project(project).items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        for path in sorted(Path(folder).rglob("*.[cS]")):
            if path.name == "main.c":
                continue
            made = path.with_suffix(".o")
            flags = [*board.compiler_flags, *PROJECT_FLAGS, f"-I{folder}"]
            subprocess.run(["arm-none-eabi-gcc", *flags, "-c", path, "-o", made], check=True)
            run = subprocess.run(
                ["arm-none-eabi-size", made], check=True, capture_output=True, text=True
            )
            text_bytes, data_bytes = run.stdout.splitlines()[1].split()[:2]
            sizes[path.name] = int(text_bytes) + int(data_bytes)
    return len(nodes), sizes


def _of_its_own(tensor: Tensor, index: int) -> np.ndarray:
    """The stand-in in another order, or another bias: trained layers have no constant in common."""
    if tensor.name == "bias":
        return np.full(tensor.shape, index, np.int32)
    assert tensor.data is not None
    axis = tensor.quantization.axis if tensor.quantization else 0
    return np.ascontiguousarray(np.roll(tensor.data, index, axis))
