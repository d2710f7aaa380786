# SPDX-License-Identifier: Apache-2.0
"""A detector of pictures with boxes, from their files to C, and what the command refuses."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from tests.cli.forked import run_module

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")


@pytest.fixture
def pictures(tmp_path):
    """Eight dark pictures, each with a bright square, labelled as YOLO's are."""
    rng = np.random.default_rng(0)
    for n in range(8):
        image = np.zeros((64, 80, 3), np.uint8)
        top, left = (int(v) for v in rng.integers(0, 32, 2))
        image[top : top + 24, left : left + 24] = 230
        Image.fromarray(image).save(tmp_path / f"{n}.png")
        middle = f"{(left + 12) / 80} {(top + 12) / 64}"
        (tmp_path / f"{n}.txt").write_text(f"{n % 2} {middle} {24 / 80} {24 / 64}\n")
    return tmp_path


def flags(folder) -> list[str]:
    read = ["--form=yolo", f"--boxes={folder}", f"--pictures={folder}", "--image=48x32x1"]
    return [*read, "--cells=8,16", "--width=4", "--epochs=1", f"--output_dir={folder / 'out'}"]


@pytest.mark.slow
def test_from_pictures_to_c(pictures):
    pytest.importorskip("keras", reason="Keras is not installed")
    module = [sys.executable, "-m", "mcunet_tf.cli.detector_pictures"]
    done = subprocess.run(
        [*module, *flags(pictures), "--one_class=square"],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    assert "6 images, 1 epochs, seed 0" in done.stdout and "int8   ap50 " in done.stdout
    assert "cells of 8 and 16" in done.stdout and "modelled cycles" in done.stdout
    for name in ("detector.tflite", "decoder.json", "detector_c/detector_boxes.h"):
        assert (pictures / "out" / name).exists(), name
    assert '"square"' in (pictures / "out" / "decoder.json").read_text()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("--image=48",), "--image=48: say width, height and channels"),
        (("--cells=x",), "--cells=x: say pixels"),
        (("--cells=8,9",), "strides = (8, 9): give one or two of (8, 16, 32)"),
        (("--form=coco",), "give COCO's JSON file"),
        (("--test_every=9",), "8 pictures are too few to score every 9th"),
        (("--labels=a",), "labels of image 1: give whole numbers from 0 to 0"),
    ],
)
def test_what_is_refused(more, told, pictures):
    given = [*flags(pictures), *more]
    done = run_module("mcunet_tf.cli.detector_pictures", given, pictures)
    assert done.returncode != 0 and told in done.stderr
    assert done.stderr.strip().count("\n") == 0 and not (pictures / "out").exists()
