# SPDX-License-Identifier: Apache-2.0
"""Rows of the kernel tables, declarations, files and symbols are one set, and each row is used."""

from __future__ import annotations

import functools
import itertools
import re
import subprocess
from pathlib import Path

import pytest

from mcunet_tf.benchmark.fit_cases import fit_cases
from mcunet_tf.benchmark.kernel_cases import make_graph
from mcunet_tf.benchmark.tune import FIT_BOARDS
from mcunet_tf.boards import load_board
from mcunet_tf.check.toolchain import Source, compile_sources, find_tool
from mcunet_tf.tinyengine.cost.counts import Run
from mcunet_tf.tinyengine.cost.features import features_of
from mcunet_tf.tinyengine.cost.model import cost_model
from mcunet_tf.tinyengine.kernel_tables import KERNELS, kernels_for
from mcunet_tf.tinyengine.ops import SPECS, shape
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.passes import run_passes
from mcunet_tf.tinyengine.read_tflite import read_tflite
from mcunet_tf.tinyengine.select import select_kernels
from mcunet_tf.tinyengine.streams import make_stream
from tests.ops.all_cases import ALL_CASES
from tests.streams.layers import Layers
from tests.streams.networks import mean_of_rows, mean_of_wide_rows

SHARED = ("tile_fours", "tile_short", "tile_rvv", "line_rvv", "pixels_rvv")
KERNELS_DIR = Path(__file__).resolve().parents[2] / "kernels"
ROWS = {kernel.name: kernel for rows in KERNELS.values() for kernel in rows}
ISAS = ("simd", "mve", "dsp", "rvv", "thumb", "scalar", "portable")
# A board whose core has the instruction set, for compiling.
BOARDS = {
    "portable": "qemu-m4",
    "dsp": "qemu-m4",
    "mve": "qemu-m55",
    "simd": "host",
    "scalar": "qemu-rv32",
    "rvv": "qemu-rv32v",
    "thumb": "qemu-m0plus",
}
# Where every row of the tables can be chosen: rows are tried in order, so an instruction set that
# is there hides slower rows.
TRIED_BOARDS = ("portable", "host", "qemu-m4", "qemu-m55", "qemu-m0plus", "qemu-rv32", "qemu-rv32v")


def kernel_files() -> dict[str, Path]:
    """C and assembler by stem; `common` holds helpers, `audio` and `vision` no rows of tables."""
    others = ("common", "audio", "vision", *SHARED)
    paths = [p for p in KERNELS_DIR.glob("*/*") if p.suffix in (".c", ".S")]
    return {path.stem: path for path in paths if path.parent.name not in others}


def test_rows_of_one_name_are_one_kernel():
    for rows in KERNELS.values():
        for kernel in rows:
            other = ROWS[kernel.name]
            assert (kernel.folder, kernel.isa) == (other.folder, other.isa), kernel.name


def test_every_row_has_a_file_and_every_file_a_row():
    files = kernel_files()
    assert set(files) == set(ROWS)
    for name, path in files.items():
        assert path.parent.name == ROWS[name].folder


def test_headers_declare_the_rows():
    declared = {}
    for folder in {kernel.folder for kernel in ROWS.values()}:
        header = (KERNELS_DIR / folder / f"{folder}.h").read_text()
        for name in re.findall(r"^void (\w+)\(", header, re.MULTILINE):
            declared[name] = folder
    assert declared == {name: kernel.folder for name, kernel in ROWS.items()}


def test_names_end_with_the_instruction_set():
    for name, kernel in ROWS.items():
        assert name.endswith(f"_{kernel.isa}"), name


@pytest.mark.qemu
@pytest.mark.parametrize("isa", BOARDS)
@pytest.mark.sampled(4)
def test_each_file_defines_its_kernel_and_nothing_else(isa):
    """Whatever the optimisation; from -O1 on, assembler has the registers that it wants."""
    board = load_board(BOARDS[isa])
    files = kernel_files()
    names = sorted(name for name, kernel in ROWS.items() if kernel.isa == isa)
    objects = compile_sources(board, [Source(files[name], ("-O1",)) for name in names])
    nm = find_tool(board.core.architecture.symbol_lister)
    told = subprocess.run(
        [nm, "-A", "--extern-only", "--defined-only", "--format=posix", *map(str, objects)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = [line.split()[:2] for line in told.splitlines()]
    expected = [[f"{item}:", name] for name, item in zip(names, objects, strict=True)]
    assert found == expected


def test_every_operator_that_runs_has_a_table_that_ends_portable():
    compile_time = {
        kind
        for kind, spec in SPECS.items()
        if shape.constraint_compile_time in spec.constraints
        or spec.becomes
        or kind in ("RESHAPE", "SQUEEZE", "EXPAND_DIMS", "CUSTOM")
    }
    assert set(KERNELS) == set(SPECS) - compile_time
    for kind, rows in KERNELS.items():
        for dtype in {dtype for kernel in rows for dtype in kernel.takes}:
            own = [kernel for kernel in rows if dtype in kernel.takes]
            assert own[-1].isa == "portable", (kind, dtype)
            # A table of bytes is faster than any other row.
            isas = [kernel.isa for kernel in own if kernel.folder != "lookup"]
            assert isas == sorted(isas, key=ISAS.index), kind


@functools.cache
def used_rows() -> frozenset[str]:
    """The rows that some case of an operator is compiled to on some board."""
    used: set[str] = set()
    boards = [load_board(name) for name in TRIED_BOARDS]
    graphs = [run_passes(read_tflite(case.model), edges="model") for case in ALL_CASES]
    # What only streams have is run by their own tests.
    for network, dtype in itertools.product((mean_of_rows, mean_of_wide_rows), ("int8", "int16")):
        graph = run_passes(read_tflite(network(Layers(dtype))))
        graphs.append(make_stream(graph, 1).graph)
    for graph in graphs:
        ops = [op for op in graph.ops if op.kind != "RESHAPE"]
        for board in boards:
            known = cost_model(board.core.cost_model)
            used.update(k.name for k in select_kernels(graph, ops, board.isa, known))
    return frozenset(used)


def test_every_row_is_exercised_by_a_case():
    """And so by test_compiled.py, which runs what the cases compile to."""
    assert used_rows() == set(ROWS)


@pytest.mark.parametrize("name", FIT_BOARDS)
def test_the_cost_model_knows_every_row(name):
    """A row without coefficients costs nothing in a report: fit it with `benchmark.tune --fit`."""
    board = load_board(name)
    model = cost_model(board.core.cost_model)
    assert model is not None
    isa = {"portable", *board.isa}
    unknown = [n for n, row in ROWS.items() if row.isa in isa and model.code_bytes(row) is None]
    assert unknown == []


def test_what_was_fitted_is_what_is_counted():
    """A weight whose loop has another name by now weighs nothing: fit such rows anew."""
    counted: dict[str, set[str]] = {}
    for case in fit_cases():
        graph = make_graph(case)
        seen = view(graph, graph.ops[0])
        height = seen.output.rows[0]
        for kernel in kernels_for(seen):
            if kernel.isa == "simd" or kernel.rejects(seen):
                continue
            features = features_of(kernel.name, case.kind, kernel.isa, kernel.style)
            names = counted.setdefault(kernel.name, set())
            for units in (1, 2, 3, height):
                names.update(features(seen, (Run(units, 1, 1),)))
    for name in FIT_BOARDS:
        for row, fitted in cost_model(load_board(name).core.cost_model).kernels.items():
            assert set(fitted.weights) <= counted[row], (name, row)
