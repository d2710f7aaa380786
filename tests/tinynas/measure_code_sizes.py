# SPDX-License-Identifier: Apache-2.0
"""Measures the code of emitted projects; `python -m tests.tinynas.measure_code_sizes` writes the
table that `mcunet_tf.tinynas.cost` reads."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from mcunet_tf import zoo
from mcunet_tf.boards import Board, load_board
from mcunet_tf.tinyengine.compiler import PROJECT_FLAGS
from mcunet_tf.tinyengine.emit.project import Project, emit_project
from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.plan.grouping import plan_model
from mcunet_tf.tinyengine.plan.nodes import make_node
from mcunet_tf.tinynas import Arch, cost
from mcunet_tf.tinynas.lower import lower

NETWORKS = ("mcunet-in0", "mcunet-vww1", "proxyless-w0.25-r112")
MODEL = "m.c"


def object_bytes(arch: Arch, classes: int, board: Board) -> tuple[int, dict[str, int]]:
    """(layers, bytes in flash by source file) of a network compiled with zero weights."""
    lowered = lower(arch, classes, board)
    tensors = [
        t if t.data is None else dataclasses.replace(t, data=np.ascontiguousarray(t.data))
        for t in lowered.graph.tensors
    ]
    graph = Graph("m", tuple(tensors), lowered.graph.ops, (0,), lowered.graph.outputs)
    nodes = [make_node(graph, n.index, n.op, n.kernel) for n in lowered.nodes]
    plan = plan_model(graph, {}, nodes)
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


def main() -> None:
    board = load_board("qemu-m4")
    table: dict[str, int] = {}
    per_layer = []
    for name in NETWORKS:
        layers, sizes = object_bytes(zoo.arch(name), zoo.classes(name), board)
        per_layer.append(sizes.pop(MODEL) / layers)
        sizes.pop("m_weights.c")
        table["fixed"] = sizes.pop("rows.c")
        table.update({Path(source).stem: size for source, size in sizes.items()})
    table["per_layer"] = round(sum(per_layer) / len(per_layer))
    kernels = [size for name, size in table.items() if name not in ("fixed", "per_layer")]
    table["unknown_kernel"] = round(sum(kernels) / len(kernels))
    path = Path(cost.__file__).with_name("code_sizes.json")
    path.write_text(json.dumps(table, indent=1, sort_keys=True) + "\n")
    print(path.read_text())


if __name__ == "__main__":
    main()
