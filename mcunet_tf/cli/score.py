# SPDX-License-Identifier: Apache-2.0
"""Scores a folder of models: python -m mcunet_tf.cli.score FOLDER --out=rows.jsonl."""

from __future__ import annotations

import pathlib
import sys
from collections.abc import Sequence

from absl import flags

from mcunet_tf.benchmark.score import Trial, score_folder, score_table
from mcunet_tf.boards import load_board
from mcunet_tf.cli.command import run_command
from mcunet_tf.errors import BoardError, ModelError

_BOARDS = flags.DEFINE_list("boards", list(Trial.boards), "emulated boards to compile for")
_INPUTS = flags.DEFINE_integer("inputs", Trial.inputs, "random inputs to compare", lower_bound=1)
_PEER = flags.DEFINE_bool("cmsis_nn", False, "also run on each board, beside CMSIS-NN: slow")
_OUT = flags.DEFINE_string("out", "score.jsonl", "a row per model; rows that are there are kept")
_USAGE = "score FOLDER [flags], as python -m mcunet_tf.cli.score"


def main(argv: Sequence[str]) -> int:
    """Scores the folder and prints the table."""
    if len(argv) != 2:
        raise ModelError(f"one folder of .tflite files is wanted: {_USAGE}")
    for name in _BOARDS.value:
        if load_board(name).runner.kind != "qemu":
            raise BoardError(f"--boards={name}: this board is not emulated; name qemu-m4 or such")
    trial = Trial(tuple(_BOARDS.value), _INPUTS.value, _PEER.value)

    def log(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    rows = score_folder(pathlib.Path(argv[1]), pathlib.Path(_OUT.value), trial, log)
    print(score_table(rows))
    return 0


def run() -> None:
    """Entry point."""
    run_command(main, __name__, _USAGE)


if __name__ == "__main__":
    run()
