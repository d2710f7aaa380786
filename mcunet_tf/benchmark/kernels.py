# SPDX-License-Identifier: Apache-2.0
"""Measures every kernel row on layers of known networks, beside CMSIS-NN where it is installed.

    python -m mcunet_tf.benchmark.kernels --board=qemu-m4 [--kernel=GLOB] [--json=FILE]

Instructions are exact counts of the emitted code's kernel calls; cycles come from the board's
static model and are no measurement.
"""

from __future__ import annotations

import argparse
import dataclasses
import fnmatch
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcunet_tf.benchmark.kernel_case import OpCase
from mcunet_tf.benchmark.kernel_cases import make_graph
from mcunet_tf.benchmark.kernel_peers import cmsis_program
from mcunet_tf.benchmark.kernel_programs import Count, Program, count_programs, make_program
from mcunet_tf.benchmark.runtimes.cmsis_nn.release import CmsisNn, find_cmsis_nn
from mcunet_tf.boards import DEFAULT_BOARD, Board, load_board
from mcunet_tf.errors import BoardError, McunetError, OutputError, ToolError
from mcunet_tf.tinyengine.ops import SPECS
from mcunet_tf.tinyengine.ops.spec import view
from mcunet_tf.tinyengine.select import usable_kernels

_CONV, _DEPTHWISE = "CONV_2D", "DEPTHWISE_CONV_2D"

CASES: tuple[OpCase, ...] = (
    # MobileNetV1 0.25 at 96 x 96 (TF-Lite Micro's person detector)
    OpCase(_CONV, (96, 96, 1), 8, (3, 3), 2),
    OpCase(_DEPTHWISE, (48, 48, 8), 0, (3, 3)),
    OpCase(_CONV, (48, 48, 8), 16),
    OpCase(_DEPTHWISE, (48, 48, 16), 0, (3, 3), 2),
    OpCase(_CONV, (24, 24, 32), 32),
    OpCase(_DEPTHWISE, (12, 12, 64), 0, (3, 3)),
    OpCase(_CONV, (12, 12, 64), 64),
    OpCase(_DEPTHWISE, (6, 6, 128), 0, (3, 3)),
    OpCase(_CONV, (6, 6, 128), 128),
    OpCase(_DEPTHWISE, (6, 6, 128), 0, (3, 3), 2),
    OpCase(_CONV, (3, 3, 256), 256),
    OpCase("AVERAGE_POOL_2D", (3, 3, 256), 0, (3, 3), 2, same=False),
    # MCUNet: inverted residuals with large depthwise kernels
    OpCase(_CONV, (80, 80, 3), 16, (3, 3), 2),
    OpCase(_CONV, (20, 20, 16), 48),
    OpCase(_CONV, (20, 20, 48), 16),
    OpCase(_DEPTHWISE, (20, 20, 48), 0, (5, 5)),
    OpCase(_DEPTHWISE, (20, 20, 48), 0, (5, 5), 2),
    OpCase(_DEPTHWISE, (20, 20, 48), 0, (7, 7)),
    OpCase(_DEPTHWISE, (20, 20, 48), 0, (7, 7), 2),
    OpCase("ADD", (20, 20, 16)),
    # DS-CNN (MLPerf Tiny keyword spotting)
    OpCase(_CONV, (49, 10, 1), 64, (10, 4), 2),
    OpCase(_DEPTHWISE, (25, 5, 64), 0, (3, 3)),
    OpCase(_CONV, (25, 5, 64), 64),
    OpCase("AVERAGE_POOL_2D", (25, 5, 64), 0, (25, 5), 2, same=False),
    OpCase("FULLY_CONNECTED", (64,), 12),
    OpCase("SOFTMAX", (12,)),
    # ResNet-8 (MLPerf Tiny image classification)
    OpCase(_CONV, (32, 32, 3), 16, (3, 3)),
    OpCase(_CONV, (32, 32, 16), 16, (3, 3)),
    OpCase(_CONV, (32, 32, 16), 32, (3, 3), 2),
    OpCase(_CONV, (32, 32, 16), 32, (1, 1), 2),
    OpCase(_CONV, (8, 8, 64), 64, (3, 3)),
    OpCase("ADD", (32, 32, 16)),
    OpCase("MAX_POOL_2D", (32, 32, 16), 0, (2, 2), 2),
    OpCase("AVERAGE_POOL_2D", (32, 32, 16), 0, (2, 2), 2),
    # Sequences: rows of an image, filter banks
    OpCase("UNIDIRECTIONAL_SEQUENCE_LSTM", (28, 28), 20),
    OpCase("UNIDIRECTIONAL_SEQUENCE_LSTM", (49, 10), 64, same=False),
    # Masks: one output channel
    OpCase(_CONV, (32, 32, 16), 1, (3, 3)),
    OpCase(_CONV, (32, 32, 16), 1),
    # Anomaly detection's autoencoder, squeeze-and-excite
    OpCase("FULLY_CONNECTED", (640,), 128),
    OpCase("MUL", (24, 24, 16), broadcast=True),
    OpCase("MEAN", (24, 24, 16)),
    OpCase("LOGISTIC", (1, 1, 64)),
    # The edges of tiles
    *(OpCase(_CONV, (1, pixels, 17), 25) for pixels in (1, 2, 3, 4, 5)),
    OpCase(_CONV, (7, 7, 3), 3),
    OpCase(_CONV, (7, 7, 5), 2, (3, 3)),
    OpCase(_CONV, (9, 9, 32), 24, wide=True),
    *(OpCase(_DEPTHWISE, (3, width, 5), 0, (3, 3)) for width in (4, 5, 6, 7)),
    OpCase(_DEPTHWISE, (7, 7, 17), 0, (5, 5)),
    OpCase(_DEPTHWISE, (3, 3, 6), 0, (7, 7)),
    # Windows without a row of their own: over time, dilated
    OpCase(_DEPTHWISE, (1, 96, 64), 0, (1, 9)),
    OpCase(_DEPTHWISE, (1, 96, 64), 0, (1, 3)),
    OpCase(_DEPTHWISE, (24, 24, 32), 0, (3, 3), dilation=2),
    OpCase(_DEPTHWISE, (12, 12, 9), 0, (2, 2), 2),
    OpCase("ADD", (3, 3, 5), broadcast=True),
    OpCase("MUL", (3, 3, 5)),
    OpCase("SUB", (12, 12, 16)),
    OpCase("MAXIMUM", (12, 12, 16)),
    OpCase("PRELU", (12, 12, 16), broadcast=True),
    OpCase("FULLY_CONNECTED", (17,), 3),
    # What moves values
    OpCase("RELU", (12, 12, 16)),
    OpCase("QUANTIZE", (12, 12, 16)),
    OpCase("QUANTIZE", (12, 12, 16), wide=True),
    OpCase("DEQUANTIZE", (12,)),
    OpCase("DEQUANTIZE", (12,), wide=True),
    OpCase("PAD", (12, 12, 16)),
    OpCase("CONCATENATION", (12, 12, 16)),
    OpCase("TRANSPOSE", (12, 12, 16)),
    OpCase("SLICE", (12, 12, 16)),
    OpCase("RESIZE_NEAREST_NEIGHBOR", (12, 12, 16)),
    OpCase("RESIZE_NEAREST_NEIGHBOR", (12, 12, 16), same=False),
    OpCase("RESIZE_BILINEAR", (12, 12, 16)),
    OpCase("MEAN", (12, 12, 16), same=False),
    OpCase("ARG_MAX", (12, 12, 16)),
)


@dataclass(frozen=True)
class KernelRow:
    """One kernel on one layer.

    Attributes:
        case: the layer.
        kernel: row of the kernel table.
        board: the board's name.
        bit_exact: whether the output equals `evaluate`.
        macs: multiply-accumulates; 0 for operators that have none.
        outputs: output values.
        instructions: the instructions of the kernel's calls, exact.
        modelled_cycles: cycles of those calls by `cycle_model`: an estimate.
        cycle_model: its name.
        per_mac: instructions per multiply-accumulate, or per output where there are none.
        cycles_per_mac: modelled cycles likewise.
        peer: CMSIS-NN's function and version, or "" where there is none.
        peer_instructions: what that function takes in the same run.
        peer_cycles: its modelled cycles.
        peer_bit_exact: whether its output equals `evaluate`.
        ratio: peer_instructions / instructions.
    """

    case: str
    kernel: str
    board: str
    bit_exact: bool
    macs: int
    outputs: int
    instructions: int
    modelled_cycles: int
    cycle_model: str
    per_mac: float
    cycles_per_mac: float
    peer: str = ""
    peer_instructions: int | None = None
    peer_cycles: int | None = None
    peer_bit_exact: bool | None = None
    ratio: float | None = None


def measure_kernels(
    board: Board, pattern: str = "*", library: CmsisNn | None = None
) -> list[KernelRow]:
    """Measures all rows that match on all cases they take, and the peer's function once a case.

    Args:
        board: an emulated board.
        pattern: glob of kernel names.
        library: CMSIS-NN, if it is to be measured too.

    Raises:
        ToolError: a tool is missing or fails.
        BoardError: the board is not emulated, or its core has no cycle model.
    """
    if board.runner.kind != "qemu":
        raise BoardError(f"kernels are counted on emulated boards: {board.name} is none")
    if not board.core.cycle_model:
        raise BoardError(
            f"kernels are priced in cycles: the {board.core.name} of board {board.name} has no "
            "cycle model; choose a board of another core"
        )
    programs: list[Program] = []
    jobs: list[tuple[OpCase, str, int]] = []  # case, kernel, program of the peer or -1
    for case in CASES:
        graph = make_graph(case)
        rows = usable_kernels(view(graph, graph.ops[0]), board.isa)
        matching = [row for row in rows if fnmatch.fnmatch(row.name, pattern)]
        peer = -1
        if matching and library is not None:
            program = cmsis_program(graph, library, board, f"p{len(programs)}")
            if program is not None:
                peer = len(programs)
                programs.append(program)
                jobs.append((case, "", -1))
        for kernel in matching:
            programs.append(make_program(graph, [kernel], board, f"p{len(programs)}"))
            jobs.append((case, kernel.name, peer))
    counts = count_programs(programs, board)
    return [
        _row(board, case, kernel, index, peer, programs, counts)
        for index, (case, kernel, peer) in enumerate(jobs)
        if kernel
    ]


def _row(
    board: Board,
    case: OpCase,
    kernel: str,
    index: int,
    peer: int,
    programs: Sequence[Program],
    counts: Sequence[Count],
) -> KernelRow:
    graph, count = programs[index].graph, counts[index]
    seen = view(graph, graph.ops[0])
    macs, outputs = SPECS[case.kind].macs(seen), seen.output.elements
    row = KernelRow(
        case=str(case),
        kernel=kernel,
        board=board.name,
        bit_exact=count.exact,
        macs=macs,
        outputs=outputs,
        instructions=count.instructions,
        modelled_cycles=count.cycles,
        cycle_model=board.core.cycle_model,
        per_mac=round(count.instructions / (macs or outputs), 4),
        cycles_per_mac=round(count.cycles / (macs or outputs), 4),
    )
    if peer < 0:
        return row
    other = counts[peer]
    return dataclasses.replace(
        row,
        peer=programs[peer].plan.stages[0].nodes[0].kernel.name,
        peer_instructions=other.instructions,
        peer_cycles=other.cycles,
        peer_bit_exact=other.exact,
        ratio=round(other.instructions / count.instructions, 3),
    )


_HEAD = ("layer", "kernel", "exact", "instr", "/MAC", "cycles*/MAC", "CMSIS-NN", "/MAC", "ratio")


def format_rows(rows: Sequence[KernelRow], version: str) -> str:
    """A table for people, with a line that says what its figures are."""
    cells = [_HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(_HEAD))]
    left = {0, 1, 2, 6}
    lines = [
        "  ".join(
            cell.ljust(width) if i in left else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    ]
    models = ", ".join(sorted({row.cycle_model for row in rows}))
    legend = (
        "instructions: of the kernel's calls, exact; per output value where a layer has no MACs\n"
        f"* static cycle model ({models}), no measurement: no caches, wait states or dual issue"
    )
    if version:
        legend += f"\nCMSIS-NN {version} in the same run; ratio: its instructions over ours"
    return "\n".join([*lines, legend])


def _cells(row: KernelRow) -> tuple[str, ...]:
    peer: tuple[str, ...] = ("", "", "")
    if row.peer_instructions is not None and row.ratio is not None:
        exact = "" if row.peer_bit_exact else " (not exact)"
        per_mac = row.peer_instructions / (row.macs or row.outputs)
        peer = (row.peer + exact, f"{per_mac:.3f}", f"{row.ratio:.2f}")
    return (
        row.case,
        row.kernel,
        "yes" if row.bit_exact else "NO",
        f"{row.instructions:,}",
        f"{row.per_mac:.3f}",
        f"{row.cycles_per_mac:.3f}",
        *peer,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table; 0, or 1 if a kernel is not bit exact or nothing could be measured."""
    parser = argparse.ArgumentParser(prog="python -m mcunet_tf.benchmark.kernels")
    parser.add_argument("--board", default=DEFAULT_BOARD, help="an emulated board [%(default)s]")
    parser.add_argument("--kernel", default="*", help="glob of kernel names [all]")
    parser.add_argument("--json", type=Path, help="file for the rows")
    parser.add_argument("--cmsis_nn_dir", type=Path, help="a CMSIS-NN release [the bench extra's]")
    options = parser.parse_args(arguments)
    try:
        library = _library(options.cmsis_nn_dir)
        rows = measure_kernels(load_board(options.board), options.kernel, library)
        if not rows:
            raise ToolError(f"no kernel of {options.board} matches {options.kernel!r}")
        print(format_rows(rows, library.version if library else ""))
        if options.json:
            _write(options.json, rows)
    except McunetError as error:
        print(f"kernels: {error}", file=sys.stderr)
        return 1
    return 0 if all(row.bit_exact for row in rows) else 1


def _library(folder: Path | None) -> CmsisNn | None:
    """CMSIS-NN, unless it was not asked for and is not installed."""
    try:
        return find_cmsis_nn(folder)
    except ToolError as error:
        if folder is not None:
            raise
        print(f"kernels: {error}; measuring our own alone", file=sys.stderr)
        return None


def _write(path: Path, rows: Sequence[KernelRow]) -> None:
    text = json.dumps([dataclasses.asdict(row) for row in rows], indent=1) + "\n"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error


if __name__ == "__main__":
    sys.exit(main())
