# SPDX-License-Identifier: Apache-2.0
"""`tflite_to_tinyengine MODEL.tflite`: compiles an int8 model to a folder of C."""

from __future__ import annotations

import json
import pathlib
import sys
from collections.abc import Sequence

from absl import flags

from mcunet_tf.boards import LIST, Board, board_list, emulate, load_board
from mcunet_tf.cli.command import run_command
from mcunet_tf.errors import McunetError, ModelError
from mcunet_tf.tinyengine import CompiledModel, Firmware, combine, compile_tflite
from mcunet_tf.tinyengine.compiler import DEFAULT_BOARD, read_graph
from mcunet_tf.tinyengine.cost import MeasuredCosts
from mcunet_tf.tinyengine.emit.formats import DEFAULT_FORMATS, checked_formats, format_names

_OUTPUT_DIR = flags.DEFINE_string("output_dir", None, "Folder of the project [<name>_tinyengine].")
_NAME = flags.DEFINE_string("name", None, "Prefix of the C code [the file's name].")
_BOARD = flags.DEFINE_string("board", DEFAULT_BOARD, "Target board: a name, a TOML file, or list.")
_VERIFY = flags.DEFINE_integer(
    "verify", 0, "Compare this many random inputs with TFLite's reference, on this computer.", 0
)
_VERIFY_ON = flags.DEFINE_string(
    "verify_on", None, "Emulated board of the core of --board to compare on too, with its kernels."
)
_REPORT = flags.DEFINE_enum("report", "text", ["text", "json"], "Form of the report on stdout.")
_EDGES = flags.DEFINE_enum(
    "edges", "int8", ["int8", "model"], "int8: leave float32 edges to the application."
)
_LAYOUT = flags.DEFINE_enum(
    "layout",
    "model",
    ["model", "nhwc"],
    "nhwc: inputs and outputs with channels first are taken and given with channels last.",
)
_INPUT = flags.DEFINE_enum(
    "input",
    "frame",
    ["frame", "rows", "stream"],
    "rows: the application pushes image rows, no frame is held; stream: it gives new rows of time.",
)
_TIMED = flags.DEFINE_list(
    "timed", [], "Inputs that bring rows of --input=stream; others are kept [by their rows]."
)
_HOP = flags.DEFINE_integer("hop", None, "Rows of time that a call of --input=stream brings.", 1)
_STREAM = flags.DEFINE_enum(
    "stream",
    "auto",
    ["auto", "windows", "endless"],
    "windows: what the model gives for the window that ends with the newest row; endless: what its "
    "layers give on an endless signal; auto: windows, unless the model pads in time.",
)
_LSTM = flags.DEFINE_enum(
    "lstm",
    "auto",
    ["auto", "keep", "reset"],
    "keep: LSTMs go on where the inference before ended; reset: they begin at zero in each; auto: "
    "they go on where an inference is one step, or the model remembers otherwise.",
)
_OPTIMIZE = flags.DEFINE_enum(
    "optimize",
    "balanced",
    ["sram", "balanced", "speed"],
    "sram: the smallest arena; balanced: the smallest within 3 % of the fastest plan.",
)
_REGIONS = flags.DEFINE_list(
    "regions", [], "Bytes of separate memories to spread the arena over, the preferred one first."
)
_SRAM_BUDGET = flags.DEFINE_integer("sram_budget", None, "Most bytes the arena may take.", 1)
_FLASH_BUDGET = flags.DEFINE_integer(
    "flash_budget", None, "Most bytes that code and weights may take; fits by the cost model.", 1
)
_TUNE = flags.DEFINE_string(
    "tune", None, "Emulated board to count the candidate kernels on, of the core of --board."
)
_TUNE_CACHE = flags.DEFINE_string(
    "tune_cache", None, "JSON file of counted kernels [kernel_costs.json in the user's cache]."
)
_FORMAT = flags.DEFINE_list(
    "format",
    list(DEFAULT_FORMATS),
    f"What the files are laid out for, together in one folder: {', '.join(format_names())}.",
)
_DUMP = flags.DEFINE_string(
    "dump", None, "Folder for the graph behind every pass, and the plan, as text."
)
_CUSTOM_OP = flags.DEFINE_multi_string(
    "custom_op", [], "NAME=FILE.c: a C function for the model's custom operator NAME."
)
_PLACE = flags.DEFINE_string(
    "place",
    None,
    "Sections of the linker script, by what goes there: weights:.ext_flash,arena:.dtcm,code:.itcm; "
    "hot_weights:.dtcm=65536 puts those that are read most into so many bytes.",
)
_HOOKS = flags.DEFINE_list(
    "hooks", [], "Functions of the application's that are called between layers: layer, yield."
)
_DEBUG = flags.DEFINE_bool(
    "debug", False, "The C checks its memories and shows every row that a layer makes."
)
_DECODE = flags.DEFINE_string(
    "decode",
    None,
    "JSON file that says what a detector's outputs mean: emits their boxes too.",
)
_CAMERA = flags.DEFINE_string(
    "camera",
    None,
    "A sensor in front, such as rgb565:320x240: emits code that takes its rows.",
)
_PARALLEL = flags.DEFINE_bool(
    "parallel", False, "Several models: each has its own part of the arena, to be in use at once."
)
_SEED = 0
_USAGE = """\
tflite_to_tinyengine MODEL.tflite [MODEL.tflite ...] [flags]

Compiles an int8 TensorFlow Lite model to a folder of C: <name>.h, <name>.c, its weights, the
kernels it uses, CMakeLists.txt, an example main.c and a report; with --format a library for
Arduino, PlatformIO, Zephyr, ESP-IDF, the Pico SDK, CMSIS packs or make. Exit code 1 and one line on
stderr if that is not possible; nothing is written then. Several models become one firmware, --name:
kernels and equal constants are there once, and the arena is as large as the largest model needs.

    tflite_to_tinyengine kws.tflite --board=stm32f746 --output_dir=kws --verify=10
    tflite_to_tinyengine kws.tflite --verify=10 --verify_on=qemu-m4
    tflite_to_tinyengine kws.tflite --format=arduino,platformio --output_dir=kws
    tflite_to_tinyengine kws.tflite faces.tflite --name=doorbell
    tflite_to_tinyengine faces.tflite --camera=rgb565:320x240 --input=rows --decode=faces.json
    tflite_to_tinyengine kws.tflite --tune=qemu-m4 --flash_budget=40000
    tflite_to_tinyengine --board=list
"""


def main(arguments: Sequence[str]) -> int:
    """Compiles the models named on the command line.

    Raises:
      McunetError: what the user is told on one line.
    """
    if _BOARD.value == LIST:
        print(board_list())
        return 0
    paths = [pathlib.Path(argument) for argument in arguments[1:]]
    if not paths:
        raise McunetError("give a model: the path of a .tflite file; --help shows how")
    if _TUNE_CACHE.value and not _TUNE.value:
        raise McunetError("--tune_cache goes with --tune=BOARD: name the board to count on")
    _check_several(len(paths))
    _check_verification()
    alone = len(paths) == 1
    made = [_compiled(path, alone) for path in paths]
    project: CompiledModel | Firmware = made[0] if alone else _combined(made)
    folder = pathlib.Path(_OUTPUT_DIR.value or f"{project.name}_tinyengine")
    written = project.write(folder)
    for name in written.kept:
        print(f"kept your {folder / name}: it was changed since it was written", file=sys.stderr)
    models = project.models if isinstance(project, Firmware) else made
    for compiled in models:
        for note in compiled.report.notes:
            print(f"note: {note}" if alone else f"note: {compiled.name}: {note}", file=sys.stderr)
    reports = [compiled.report for compiled in models]
    if _REPORT.value == "json":
        figures = [report.as_dict() for report in reports]
        print(json.dumps(figures[0] if alone else figures, indent=2))
    else:
        if isinstance(project, Firmware):
            print(project.summary())
        for report in reports:
            print(report.text())
        print(f"wrote {written.files} files to {folder}/")
    return 0


def _check_several(count: int) -> None:
    """Holds flags against the number of models."""
    if count == 1 and _PARALLEL.value:
        raise McunetError("--parallel goes with several models: give more, or leave it out")
    if count > 1 and not _NAME.value:
        raise McunetError(f"{count} models: name the firmware that they become with --name")
    if count > 1 and (_DECODE.value or _CAMERA.value):
        raise McunetError("--camera and --decode are about one model: give one model")
    if "," in _BOARD.value:
        raise McunetError(
            f"--board={_BOARD.value}: one firmware runs on one board; run the command for each"
        )


def _compiled(model: pathlib.Path, alone: bool) -> CompiledModel:
    """One model, counted and verified as the flags ask; name and formats may be the firmware's."""
    costs = _tune(model) if _TUNE.value else None
    compiled = compile_tflite(
        model,
        _BOARD.value,
        name=_NAME.value if alone else None,
        edges=_EDGES.value,
        layout=_LAYOUT.value,
        input_mode=_INPUT.value,
        hop=_HOP.value,
        timed=_TIMED.value,
        stream=_STREAM.value,
        lstm=_LSTM.value,
        optimize=_OPTIMIZE.value,
        region_bytes=_regions(),
        sram_budget_bytes=_SRAM_BUDGET.value,
        flash_budget_bytes=_FLASH_BUDGET.value,
        costs=costs,
        formats=checked_formats(_FORMAT.value) if alone else DEFAULT_FORMATS,
        place=_PLACE.value,
        hooks=_HOOKS.value,
        debug=_DEBUG.value,
        dump_dir=_DUMP.value,
        custom_ops=_custom_ops(),
    )
    if _DECODE.value or _CAMERA.value:
        compiled = _with_eyes(compiled)
    if _TUNE.value:
        compiled = _count(compiled)
    if _VERIFY.value:
        # Before anything is written: a project that fails the check is not worth having.
        try:
            _verify(compiled, model)
        except ModelError as error:
            remedy = "leave out --verify to write the project without a comparison"
            raise ModelError(f"{error}; {remedy}") from error
    return compiled


def _with_eyes(compiled: CompiledModel) -> CompiledModel:
    """The model with the camera and the decoder that flags ask for."""
    from mcunet_tf.vision import box_part, camera_part, read_camera, read_decoder, with_parts

    parts = [camera_part(read_camera(_CAMERA.value))] if _CAMERA.value else []
    parts += [box_part(read_decoder(_DECODE.value))] if _DECODE.value else []
    return with_parts(compiled, parts, checked_formats(_FORMAT.value))


def _combined(models: Sequence[CompiledModel]) -> Firmware:
    """The models as one firmware."""
    return combine(
        models,
        _NAME.value,
        parallel=_PARALLEL.value,
        formats=checked_formats(_FORMAT.value),
        sram_budget_bytes=_SRAM_BUDGET.value,
    )


def _custom_ops() -> dict[str, str]:
    """C files by the names of custom operators."""
    found: dict[str, str] = {}
    for text in _CUSTOM_OP.value:
        name, separator, path = text.partition("=")
        if not (name and separator and path):
            raise McunetError(f"--custom_op={text}: say NAME=FILE.c")
        if name in found:
            raise McunetError(f"--custom_op={text}: '{name}' has {found[name]} already")
        found[name] = path
    return found


def _regions() -> list[int]:
    try:
        return [int(size) for size in _REGIONS.value]
    except ValueError as error:
        given = ",".join(_REGIONS.value)
        raise McunetError(f"--regions={given}: give bytes, such as 131072,524288") from error


def _same_core(flag: str, name: str) -> Board:
    """The board that a flag names, which must run what is compiled for --board."""
    board, twin = load_board(_BOARD.value), load_board(name)
    if (board.core, board.isa) != (twin.core, twin.isa):
        verb = "count" if flag == "tune" else "verify"
        raise McunetError(
            f"--{flag}={twin.name} is a {twin.core.name}, board {board.name} a {board.core.name}: "
            f"{verb} on a board of the same core"
        )
    return twin


def _check_verification() -> None:
    """Finds out before any work whether --verify_on can be done."""
    if not _VERIFY_ON.value:
        return
    if not _VERIFY.value:
        raise McunetError("--verify_on goes with --verify=N: say how many inputs to compare")
    twin = _same_core("verify_on", _VERIFY_ON.value)
    if twin.runner.kind == "host":
        raise McunetError(f"--verify_on={twin.name} is this computer: --verify alone runs there")
    emulate(twin)


def _tune(model: pathlib.Path) -> MeasuredCosts:
    from mcunet_tf.benchmark.tune import tuned_costs

    twin = _same_core("tune", str(_TUNE.value))
    cache = pathlib.Path(_TUNE_CACHE.value) if _TUNE_CACHE.value else None
    return tuned_costs(read_graph(model, _EDGES.value, _LSTM.value), twin, cache)


def _count(compiled: CompiledModel) -> CompiledModel:
    """The model with its report extended by what one inference takes on the board of --tune."""
    from mcunet_tf.benchmark.tune import count_model

    return count_model(compiled, load_board(str(_TUNE.value)))


def _verify(compiled: CompiledModel, model: pathlib.Path) -> None:
    """Compares the project with the reference, and says on stderr what was run."""
    # The oracle and the host build are needed here only; compiling alone starts faster.
    from mcunet_tf.check.twin import host_twin
    from mcunet_tf.check.verify import run_unreferenced, verify, verify_on_host

    if any(op.kind == "CUSTOM" for op in compiled.graph.ops):
        twin = host_twin(compiled)
        run_unreferenced(twin.compiled, _VERIFY.value, _SEED)
        print(
            f"built and run on this computer under sanitizers, {_VERIFY.value} inputs; nothing to "
            "compare with, as no reference knows the custom operators",
            file=sys.stderr,
        )
        return
    board, content, count = load_board(_BOARD.value), model.read_bytes(), _VERIFY.value
    if board.runner.kind == "host":
        result = verify_on_host(compiled, content, count, _SEED)
        print(f"verified on this computer, the project as it is written: {result}", file=sys.stderr)
    else:
        # The board's assembler cannot run here; its plan can.
        twin = host_twin(compiled)
        result = verify_on_host(twin.compiled, content, count, _SEED)
        print(
            f"verified on this computer, the plan for {board.name} with portable kernels in "
            f"{twin.kernels} of {len(compiled.report.layers)} layers: {result}",
            file=sys.stderr,
        )
    if _VERIFY_ON.value:
        from mcunet_tf.benchmark.runner import run_on_board

        twin_board = _same_core("verify_on", str(_VERIFY_ON.value))
        result = verify(
            compiled, content, count, _SEED, lambda i: run_on_board(compiled, twin_board, i).outputs
        )
        print(
            f"verified on {twin_board.name}, emulated, with its own kernels: {result}",
            file=sys.stderr,
        )


def run() -> None:
    """Entry point of the console script."""
    run_command(main, __name__, _USAGE)


if __name__ == "__main__":
    run()
