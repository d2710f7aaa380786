# SPDX-License-Identifier: Apache-2.0
"""`mcunet_demo`: from Fashion-MNIST to the best network that it finds for two emulated boards."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from absl import flags

from mcunet_tf.cli.command import run_command
from mcunet_tf.cli.demo_table import BoardRow, Demonstration, format_demonstration
from mcunet_tf.cli.quiet import make_folder, stderr_to
from mcunet_tf.errors import McunetError, OutputError, require_packages

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mcunet_tf.datasets import ImageDataset
    from mcunet_tf.tinyengine import CompiledModel
    from mcunet_tf.tinynas import SearchResult, Space

FLAGS = flags.FLAGS

_RESOLUTIONS = (0.75, 0.875, 1.0)
_WIDTHS = (0.4, 0.6, 0.8, 1.0)
_ORACLE_CHUNK = 1000
_NAME = "fashion"
_SEARCH = "search"


def define_flags() -> None:
    """Declares the command's flags: by call, as several commands of one package share names."""
    flags.DEFINE_string("output_dir", "out/demo", "Folder for everything that is made.")
    flags.DEFINE_list("boards", ["qemu-m4", "qemu-m7"], "Boards to run on; the first is searched.")
    flags.DEFINE_integer("sram_bytes", 8 << 10, "Most bytes the arena may take.", 1)
    flags.DEFINE_integer("flash_bytes", 80 << 10, "Most bytes weights and code may take.", 1)
    flags.DEFINE_integer("supernet_epochs", 2, "Of the supernet.", 1)
    flags.DEFINE_integer("epochs", 6, "Of the final training.", 1)
    flags.DEFINE_integer("train_images", 60000, "Of the training part.", 1000)
    flags.DEFINE_integer("board_images", 500, "Test images to run on a board.", 1, 10000)
    flags.DEFINE_boolean("reuse", False, "Go on with the search of an earlier run.")
    flags.DEFINE_integer("seed", 1, "Of everything random.", 0)


def main(arguments: Sequence[str]) -> int:
    """Runs the demonstration.

    Raises:
        McunetError: A flag is wrong, a tool is missing, or a stage failed.
    """
    if len(arguments) > 1:
        raise McunetError(f"'{arguments[1]}' is no flag: see mcunet_demo --help")
    require_packages("the demonstration", "tensorflow", "keras")
    _demonstrate(Path(FLAGS.output_dir))
    return 0


def _demonstrate(folder: Path) -> None:
    started = time.monotonic()
    _check_before_training(folder)
    log = folder / "tensorflow.log"
    with stderr_to(log):
        data, found = _searched(folder)
        test_images = _test_images(data, found)
        float_accuracy = _float_accuracy(found, test_images, data.test_labels)
    _say(f"float32 accuracy on the test images: {100 * float_accuracy:.2f} %")

    from mcunet_tf.tinyengine import compile_tflite

    compiled = {
        board: compile_tflite(
            found.flatbuffer, board, name=_NAME, sram_budget_bytes=FLAGS.sram_bytes
        )
        for board in FLAGS.boards
    }
    for board, project in compiled.items():
        project.write(folder / f"project-{board}")
    any_project = compiled[FLAGS.boards[0]]
    images = _board_inputs(any_project, test_images)
    expected = _oracle_outputs(found.flatbuffer, images)
    rows = [
        _run(board, project, images[: FLAGS.board_images], expected, data.test_labels)
        for board, project in compiled.items()
    ]
    result = Demonstration(
        data_set=data.name,
        sram_budget_bytes=FLAGS.sram_bytes,
        flash_budget_bytes=FLAGS.flash_bytes,
        macs=any_project.macs,
        test_images=len(images),
        float_accuracy=float_accuracy,
        int8_accuracy=_accuracy(expected, data.test_labels),
        boards=tuple(rows),
    )
    _write(folder / "result.json", (json.dumps(result.as_dict(), indent=2) + "\n").encode())
    print(f"\n{format_demonstration(result)}\n")
    minutes = (time.monotonic() - started) / 60
    _say(f"{minutes:.1f} minutes; the model, its C code and report.html are in {folder}/")


def _check_before_training(folder: Path) -> None:
    """Finds out now what would otherwise fail after minutes of training."""
    from mcunet_tf.boards import load_board
    from mcunet_tf.check.reference import require_reference
    from mcunet_tf.check.toolchain import require_tools

    if not FLAGS.boards:
        raise McunetError("--boards is empty: name at least one, for instance qemu-m4")
    for name in FLAGS.boards:
        require_tools(load_board(name))
    require_reference()
    search_folder = folder / _SEARCH
    if FLAGS.reuse and not (search_folder / "search.json").is_file():
        raise McunetError(f"{search_folder} holds no search: run once without --reuse")
    make_folder(folder)


def _searched(folder: Path) -> tuple[ImageDataset, SearchResult]:
    """Reads the data, searches in `<folder>/search` and writes model and report."""
    from mcunet_tf.datasets import load_fashion_mnist
    from mcunet_tf.tinynas import Effort, search
    from mcunet_tf.tinynas.recipe import Recipe
    from mcunet_tf.tinynas.replicas import one_replica_per_core

    # Clothes lie in the middle of their images: in so few epochs shifts would only distract.
    recipe = Recipe(learning_rate=0.1, augmentation="flip")
    strategy = one_replica_per_core(recipe.batch_size)
    data = load_fashion_mnist()
    count = min(FLAGS.train_images, len(data.train_images))
    _say(f"{data.name}: {count:,} training, {len(data.test_images):,} test images")
    board = FLAGS.boards[0]
    _say(f"searching for {board}: {FLAGS.sram_bytes:,} B of SRAM, {FLAGS.flash_bytes:,} B of flash")
    workdir = folder / _SEARCH
    if not FLAGS.reuse and (workdir / "search.json").is_file():
        shutil.rmtree(workdir)
    found = search(
        (data.train_images[:count], data.train_labels[:count]),
        board=board,
        sram_bytes=FLAGS.sram_bytes,
        flash_bytes=FLAGS.flash_bytes,
        num_classes=len(data.class_names),
        supernet_epochs=FLAGS.supernet_epochs,
        epochs=FLAGS.epochs,
        seed=FLAGS.seed,
        workdir=workdir,
        spaces=_spaces(data.train_images.shape[1:]),
        effort=Effort.quick(),
        recipe=recipe,
        strategy=strategy,
    )
    found.to_tflite(folder / f"{_NAME}.tflite")
    found.report(folder / "report.html")
    return data, found


def _spaces(image_shape: tuple[int, ...]) -> list[Space]:
    """Spaces whose supernets train in a minute: dense windows, and a stem that halves the image."""
    from mcunet_tf.tinynas import make_space
    from mcunet_tf.tinynas.families import PlainResidual
    from mcunet_tf.tinynas.space import Skeleton

    stages = ((24, 1), (48, 2), (96, 2))
    skeleton = Skeleton(16, 2, 0, stages, PlainResidual(), depths=(1, 2))
    height, width, channels = image_shape
    return [
        make_space((height, width, channels), resolution, multiplier, skeleton)
        for resolution in _RESOLUTIONS
        for multiplier in _WIDTHS
    ]


def _test_images(data: ImageDataset, found: SearchResult) -> NDArray[np.float32]:
    """The test images as the found network takes them: `[n, h, w, c]` in 0..1."""
    from mcunet_tf.tinynas.data import as_float, resize_images

    return as_float(resize_images(data.test_images, found.arch.input_shape))


def _float_accuracy(
    found: SearchResult, images: NDArray[np.float32], labels: NDArray[np.int64]
) -> float:
    from mcunet_tf.tinynas.final import float_accuracy

    return float_accuracy(found.model, images, labels)


def _board_inputs(project: CompiledModel, images: NDArray[np.float32]) -> NDArray[np.int8]:
    """Quantises images `[n, h, w, c]` as the model's input wants them."""
    (info,) = project.inputs
    scaled = np.round(images / np.float32(info.scale)) + info.zero_point
    quantised: NDArray[np.int8] = np.clip(scaled, -128, 127).astype(np.int8)
    return quantised


def _oracle_outputs(flatbuffer: bytes, images: NDArray[np.int8]) -> NDArray[np.int8]:
    """Returns what TFLite's reference kernels make of every image: `[n, classes]`."""
    from mcunet_tf.check import Reference

    reference = Reference(flatbuffer)
    _say(f"{len(images):,} test images through {reference.version}")
    outputs = []
    for start in range(0, len(images), _ORACLE_CHUNK):
        chunk = [(image[np.newaxis],) for image in images[start : start + _ORACLE_CHUNK]]
        outputs += [arrays[0].reshape(-1) for arrays in reference.run(chunk)]
        print(f"\r  {len(outputs):,}", end="", flush=True)
    print()
    return np.stack(outputs)


def _run(
    board: str,
    project: CompiledModel,
    images: NDArray[np.int8],
    expected: NDArray[np.int8],
    labels: NDArray[np.int64],
) -> BoardRow:
    """Runs the images on a board and holds every output byte against the reference."""
    from mcunet_tf.benchmark import run_on_board
    from mcunet_tf.boards import load_board

    target = load_board(board)
    _say(f"{len(images):,} test images on {board}: {target.description}")
    result = run_on_board(project, board, [(image[np.newaxis],) for image in images])
    outputs = np.stack([arrays[0].reshape(-1) for arrays in result.outputs])
    wrong = np.any(outputs != expected[: len(outputs)], axis=1)
    sizes = result.sizes
    return BoardRow(
        board=board,
        core=target.core.name,
        images=len(images),
        accuracy=_accuracy(outputs, labels),
        differing_images=int(np.count_nonzero(wrong)),
        arena_bytes=sizes.arena_bytes if sizes else project.arena_bytes,
        static_bytes=sizes.static_bytes if sizes else None,
        stack_bytes=result.stack_bytes,
        code_bytes=sizes.code_bytes if sizes else None,
        weights_bytes=sizes.weights_bytes if sizes else None,
        instructions=max(result.instructions) if result.instructions else None,
        modelled_cycles=max(result.modelled_cycles) if result.modelled_cycles else None,
        cycle_model=result.cycle_model,
        clock_hz=target.clock_hz,
        counting_note=result.counting_note,
        cycle_error_percent=result.cycle_error_percent,
    )


def _accuracy(outputs: NDArray[np.int8], labels: NDArray[np.int64]) -> float:
    return float(np.mean(outputs.argmax(axis=1) == labels[: len(outputs)]))


def _say(text: str) -> None:
    print(f"mcunet_demo: {text}", flush=True)


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; use --output_dir") from error


def run() -> None:
    """Entry point of the console script."""
    define_flags()
    run_command(main, __name__, "mcunet_demo [flags]")


if __name__ == "__main__":
    run()
