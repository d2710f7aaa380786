# SPDX-License-Identifier: Apache-2.0
"""Trains a detector, and says of float32 and int8 how good it is and what it costs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def train_and_tell(
    task: Any,
    train: tuple[Any, Sequence[Any]],
    test: tuple[Any, Sequence[Any]],
    *,
    epochs: int,
    seed: int,
    board: str,
    folder: Path,
) -> None:
    """Trains, quantises, compiles, and prints a line for each form.

    Args:
        task: what is found.
        train: images and boxes to train on.
        test: the same to score.
        epochs: passes over the images.
        seed: of the training.
        board: what the C is for.
        folder: for the `.tflite` file, its decoder, and the C.
    """
    from mcunet_tf.detection import (
        decoder_for,
        float_scores,
        output_scores,
        quantize_detector,
        train_detector,
    )
    from mcunet_tf.tinyengine import compile_tflite
    from mcunet_tf.vision import box_part, with_parts
    from mcunet_tf.vision.decoder import decoder_json

    images, boxes = train
    before = time.process_time()
    model = train_detector(task, images, boxes, epochs, seed=seed)
    minutes = (time.process_time() - before) / 60
    file = quantize_detector(model, images)
    compiled = compile_tflite(file, board, name="detector", input_mode="rows")
    decoder = decoder_for(task, [output.shape for output in compiled.outputs])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "detector.tflite").write_bytes(file)
    (folder / "decoder.json").write_text(decoder_json(decoder), encoding="utf-8")
    with_parts(compiled, [box_part(decoder)]).write(folder / "detector_c")
    print(
        f"{task.kind}, {task.classes} classes, {task.blocks}, width {task.width}, cells of "
        f"{' and '.join(map(str, task.strides))}: {len(images)} images, "
        f"{epochs} epochs, seed {seed}, {minutes:.1f} CPU minutes"
    )
    for form, scores in (
        ("float", float_scores(task, model, *test)),
        ("int8", output_scores(task, decoder, _outputs(file, compiled, test[0]),
                               compiled.outputs, test[1])),
    ):  # fmt: skip
        said = ", ".join(f"{name} {value:.3f}" for name, value in scores.items())
        print(f"{form:6s} {said}")
    cycles = compiled.report.cycles
    print(
        f"{board}, rows pushed: arena {compiled.arena_bytes:,} B, weights "
        f"{compiled.report.weights_bytes:,} B, {compiled.macs:,} MACs"
        + ("" if cycles is None else f", {cycles:,} modelled cycles")
    )


def _outputs(file: bytes, compiled: Any, images: Any) -> Any:
    """What the int8 file gives for each image, by the reference kernels."""
    from mcunet_tf.check.edges import inputs_for
    from mcunet_tf.check.reference import Reference
    from mcunet_tf.detection import inputs_of

    given = [
        inputs_for(compiled.inputs, (inputs_of(images[k : k + 1]),)) for k in range(len(images))
    ]
    return Reference(file).run(given)
