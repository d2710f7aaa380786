# SPDX-License-Identifier: Apache-2.0
"""`tflite_to_tinyengine MODEL.tflite`: compiles an int8 model to a folder of C."""

from __future__ import annotations

import json
import pathlib
import sys
from collections.abc import Sequence

from absl import flags

from mcunet_tf.cli.command import run_command
from mcunet_tf.errors import McunetError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.compiler import DEFAULT_BOARD

_OUTPUT_DIR = flags.DEFINE_string("output_dir", None, "Folder of the project [<name>_tinyengine].")
_NAME = flags.DEFINE_string("name", None, "Prefix of the C code [the file's name].")
_BOARD = flags.DEFINE_string("board", DEFAULT_BOARD, "Target board: a name or a TOML file.")
_VERIFY = flags.DEFINE_integer(
    "verify", 0, "Run this many random inputs on the host and compare with TFLite's reference.", 0
)
_REPORT = flags.DEFINE_enum("report", "text", ["text", "json"], "Form of the report on stdout.")
_EDGES = flags.DEFINE_enum(
    "edges", "int8", ["int8", "model"], "int8: leave float32 edges to the application."
)
_INPUT = flags.DEFINE_enum(
    "input",
    "frame",
    ["frame", "rows"],
    "rows: the application pushes image rows, no frame is held.",
)
_SRAM_BUDGET = flags.DEFINE_integer("sram_budget", None, "Most bytes the arena may take.", 1)
_SEED = 0
_USAGE = """\
tflite_to_tinyengine MODEL.tflite [flags]

Compiles an int8 TensorFlow Lite model to a folder of C: <name>.h, <name>.c, its weights, the
kernels it uses, CMakeLists.txt, an example main.c and a report. Exit code 1 and one line on stderr
if that is not possible; nothing is written then.

    tflite_to_tinyengine kws.tflite --board=stm32f746 --output_dir=kws --verify=10
"""


def main(arguments: Sequence[str]) -> int:
    """Compiles the model named on the command line.

    Raises:
      McunetError: what the user is told on one line.
    """
    if len(arguments) != 2:
        raise McunetError(f"give one model, not {len(arguments) - 1}; --help shows how")
    model = pathlib.Path(arguments[1])
    compiled = compile_tflite(
        model,
        _BOARD.value,
        name=_NAME.value,
        edges=_EDGES.value,
        input_mode=_INPUT.value,
        sram_budget_bytes=_SRAM_BUDGET.value,
    )
    if _VERIFY.value:
        # Before anything is written: a project that fails the check is not worth having.
        _verify(model, _VERIFY.value)
    folder = pathlib.Path(_OUTPUT_DIR.value or f"{compiled.name}_tinyengine")
    compiled.write(folder)
    if _REPORT.value == "json":
        print(json.dumps(compiled.report.as_dict(), indent=2))
    else:
        print(compiled.report.text())
        print(f"wrote {len(compiled.files)} files to {folder}/")
    return 0


def _verify(model: pathlib.Path, count: int) -> None:
    # The oracle and the host build are needed here only; compiling alone starts faster.
    from mcunet_tf.benchmark.verify import verify_on_host

    # The board's assembler cannot run here; the host's rows of the same tables can.
    compiled = compile_tflite(
        model, "host", name=_NAME.value, edges=_EDGES.value, input_mode=_INPUT.value
    )
    result = verify_on_host(compiled, model.read_bytes(), count, seed=_SEED)
    print(f"verified on the host: {result}", file=sys.stderr)


def run() -> None:
    """Entry point of the console script."""
    run_command(main, __name__, _USAGE)


if __name__ == "__main__":
    run()
