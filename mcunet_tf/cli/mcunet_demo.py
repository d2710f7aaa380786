# SPDX-License-Identifier: Apache-2.0
"""`mcunet_demo`: from Fashion-MNIST to a network that runs on two emulated microcontrollers."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from absl import app, flags

from mcunet_tf.cli import demo_network
from mcunet_tf.cli.demo_table import BoardRow, Demonstration, format_demonstration
from mcunet_tf.errors import McunetError, OutputError, ToolError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from mcunet_tf.datasets import ImageDataset
    from mcunet_tf.tinyengine import CompiledModel

_OUTPUT_DIR = flags.DEFINE_string("output_dir", "out/demo", "Folder for everything that is made.")
_BOARDS = flags.DEFINE_list("boards", ["qemu-m4", "qemu-m7"], "Boards to run on.")
_EPOCHS = flags.DEFINE_integer("epochs", 6, "Passes over the training images.", lower_bound=1)
_BOARD_IMAGES = flags.DEFINE_integer(
    "board_images", 500, "Test images to run on a board.", 1, 10000
)
_REUSE = flags.DEFINE_boolean("reuse", False, "Take the model of an earlier run: do not train.")
_SEED = flags.DEFINE_integer("seed", 1, "Of weights and training order.", lower_bound=0)

_CALIBRATION_IMAGES = 500
_ORACLE_CHUNK = 1000
_NAME = "fashion"


def main(argv: Sequence[str]) -> int:
    """Runs the demonstration; 0, or 1 with one line on stderr."""
    try:
        if len(argv) > 1:
            raise McunetError(f"'{argv[1]}' is no flag: see mcunet_demo --help")
        _demonstrate(Path(_OUTPUT_DIR.value))
    except McunetError as error:
        print(f"mcunet_demo: {error}", file=sys.stderr)
        return 1
    return 0


def _demonstrate(folder: Path) -> None:
    started = time.monotonic()
    _check_before_training(folder)
    data, float_accuracy, flatbuffer = _network(folder)

    from mcunet_tf.tinyengine import compile_tflite

    compiled = {board: compile_tflite(flatbuffer, board, name=_NAME) for board in _BOARDS.value}
    for board, project in compiled.items():
        project.write(folder / f"project-{board}")
    any_project = compiled[_BOARDS.value[0]]
    images = _board_inputs(any_project, data)
    expected = _oracle_outputs(flatbuffer, images)
    rows = [
        _run(board, project, images[: _BOARD_IMAGES.value], expected, data.test_labels)
        for board, project in compiled.items()
    ]
    result = Demonstration(
        data_set=data.name,
        macs=any_project.macs,
        test_images=len(images),
        float_accuracy=float_accuracy,
        int8_accuracy=_accuracy(expected, data.test_labels),
        boards=tuple(rows),
    )
    _write(folder / "result.json", (json.dumps(result.as_dict(), indent=2) + "\n").encode())
    print("\n" + format_demonstration(result))
    print(f"\nEverything is in {folder}/ : {_NAME}.keras, {_NAME}.tflite, a C project per board,")
    print(f"result.json. It took {time.monotonic() - started:.0f} s.")


def _check_before_training(folder: Path) -> None:
    """Finds out now what would otherwise fail after minutes of training."""
    from mcunet_tf.boards import load_board

    if not _BOARDS.value:
        raise McunetError("--boards is empty: name at least one, for instance qemu-m4")
    for name in _BOARDS.value:
        board = load_board(name)
        tools = ("arm-none-eabi-gcc", "qemu-system-arm") if board.runner.kind != "host" else ("cc",)
        for tool in tools:
            if shutil.which(tool) is None:
                raise ToolError(f"board {name} needs {tool}: install it, or choose --boards=host")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"cannot make folder {folder}: {error.strerror}; use --output_dir"
        ) from error


def _network(folder: Path) -> tuple[ImageDataset, float, bytes]:
    """Trains or reloads the model and quantises it; returns data, float accuracy, flatbuffer."""
    from mcunet_tf.datasets import load_fashion_mnist

    log = folder / "tensorflow.log"
    with _stderr_to(log):
        data = load_fashion_mnist()
    _say(f"{data.name}: {len(data.train_images):,} training, {len(data.test_images):,} test images")
    saved = folder / f"{_NAME}.keras"
    with _stderr_to(log):
        model = _reload(saved) if _REUSE.value else _train(data, saved)
        float_accuracy = demo_network.keras_accuracy(model, data)
    _say(f"float accuracy {100 * float_accuracy:.2f} % ; quantising to int8")
    from mcunet_tf.quantize import quantize_ptq

    samples = demo_network.model_input(data.train_images[:_CALIBRATION_IMAGES])
    with _stderr_to(log):
        flatbuffer = quantize_ptq(model, samples)
    _write(folder / f"{_NAME}.tflite", flatbuffer)
    return data, float_accuracy, flatbuffer


def _reload(saved: Path) -> Any:
    import keras

    if not saved.is_file():
        raise McunetError(f"{saved} is missing: run once without --reuse")
    _say(f"taking the trained model from {saved}")
    return keras.models.load_model(saved)


def _train(data: ImageDataset, saved: Path) -> Any:
    _say(f"training for {_EPOCHS.value} epochs; on two cores each takes about half a minute")
    progress = 1 if sys.stdout.isatty() else 2
    model = demo_network.train_network(data, _EPOCHS.value, _SEED.value, progress)
    model.save(saved)
    return model


def _board_inputs(project: CompiledModel, data: ImageDataset) -> NDArray[np.int8]:
    """Quantises the test images as the model's input wants them: `[n, h, w, c]`."""
    (info,) = project.inputs
    scaled = np.round(demo_network.model_input(data.test_images) / np.float32(info.scale))
    quantised: NDArray[np.int8] = np.clip(scaled + info.zero_point, -128, 127).astype(np.int8)
    return quantised


def _oracle_outputs(flatbuffer: bytes, images: NDArray[np.int8]) -> NDArray[np.int8]:
    """Returns what TFLite's reference kernels make of every image: `[n, classes]`."""
    from mcunet_tf.benchmark import Reference

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
        core=target.core,
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


@contextlib.contextmanager
def _stderr_to(log: Path) -> Iterator[None]:
    """Sends what TensorFlow's C++ writes to stderr, which no setting silences, to a file."""
    sys.stderr.flush()
    kept = os.dup(2)
    try:
        with log.open("ab") as file:
            os.dup2(file.fileno(), 2)
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)


def run() -> None:
    """Entry point of the console script."""
    app.run(main)


if __name__ == "__main__":
    run()
