# SPDX-License-Identifier: Apache-2.0
"""What a model can be built with, to be measured on the same board by the same runner.

A runtime turns a model file and a board into something that `runner.run_on_board` can build and
run, or that runs its inputs itself (`RunsItself`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np

from mcunet_tf.benchmark.runner import RunResult
from mcunet_tf.boards import Board
from mcunet_tf.check.tensors import Compiled
from mcunet_tf.errors import ToolError

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class RuntimeOptions:
    """Where the other runtimes are installed, and what ours is asked for.

    Attributes:
        cmsis_nn_dir: a release of CMSIS-NN instead of the one of the `bench` extra.
        tflm_dir: a source tree of TF-Lite Micro with `libtensorflow-microlite.a`.
        optimize: see `compile_tflite`; "tinyengine" only, as what follows.
        input_mode: "rows": rows are pushed, and the frame they come from is nobody's arena.
        sram_budget_bytes: the most that the arena may take.
    """

    cmsis_nn_dir: Path | None = None
    tflm_dir: Path | None = None
    optimize: str = "balanced"
    input_mode: str = "frame"
    sram_budget_bytes: int | None = None

    def notes(self, runtime: str) -> tuple[str, ...]:
        """What readers of a runtime's figures must know of these options."""
        if runtime != "tinyengine":
            return ()
        notes = ["rows pushed one by one, no frame in the arena"] * (self.input_mode == "rows")
        if self.sram_budget_bytes is not None:
            notes.append(f"the fastest plan within {self.sram_budget_bytes:,} bytes")
        elif self.optimize != "balanced":
            notes.append(f"optimize={self.optimize}")
        return tuple(notes)


class Model(Compiled, Protocol):
    """What a runtime makes of a model.

    It may have more to tell: `report` and `graph` (layers and memory), `notes` (for readers of the
    figures), `tools` (versions by name), `external` (see `check.tensors.Compiled`).
    """

    @property
    def macs(self) -> int | None: ...  # noqa: D102

    @property
    def arena_bytes(self) -> int: ...  # noqa: D102


@runtime_checkable
class RunsItself(Protocol):
    """A model that needs no firmware: it runs in this process."""

    def run_inputs(self, inputs: Sequence[tuple[Array, ...]]) -> RunResult: ...  # noqa: D102


Runtime = Callable[[Path, Board, RuntimeOptions], Any]


def _tinyengine(model: Path, board: Board, options: RuntimeOptions) -> Any:
    from mcunet_tf.tinyengine import compile_tflite

    return compile_tflite(
        model,
        board=board,
        optimize=options.optimize,
        input_mode=options.input_mode,
        sram_budget_bytes=options.sram_budget_bytes,
    )


def _cmsis_nn(model: Path, board: Board, options: RuntimeOptions) -> Any:
    from mcunet_tf.benchmark.runtimes.cmsis_nn import compile_cmsis_nn

    return compile_cmsis_nn(model, board, options.cmsis_nn_dir)


def _tflm(model: Path, board: Board, options: RuntimeOptions) -> Any:
    if board.runner.kind == "host":
        from mcunet_tf.benchmark.runtimes.tflm_host import load_tflm_model

        return load_tflm_model(model)
    from mcunet_tf.benchmark.runtimes.tflm_board import compile_tflm

    return compile_tflm(model, board, options.tflm_dir)


RUNTIMES: Mapping[str, Runtime] = {
    "tinyengine": _tinyengine,
    "cmsis_nn": _cmsis_nn,
    "tflm": _tflm,
}


def find_runtime(name: str) -> Runtime:
    """The runtime of a name.

    Raises:
        ToolError: there is none.
    """
    if name not in RUNTIMES:
        raise ToolError(f"unknown runtime {name!r}: choose one of {', '.join(RUNTIMES)}")
    return RUNTIMES[name]
