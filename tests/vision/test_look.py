# SPDX-License-Identifier: Apache-2.0
"""`mcunet_look` shows what numpy says that a board sees, and names bad pictures in one line."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from mcunet_tf.errors import VisionError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.evaluate import evaluate
from mcunet_tf.vision import Camera, detect, path_to, read_decoder, see
from mcunet_tf.vision.camera import FORMATS
from mcunet_tf.vision.pictures import read_picture, sensor_frame
from tests.cli.forked import run_module
from tests.vision.test_projects import detector

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
GIVEN = {
    "image": [24, 24],
    "threshold": 0.2,
    "heads": [{"grid": [6, 6], "scores": [0, 4], "boxes": [0, 0], "code": "sides", "classes": 3}],
}


@pytest.fixture
def street(tmp_path):
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 256, (12, 16, 3)).astype(np.uint8))
    path = tmp_path / "street.png"
    coarse.resize((320, 240)).save(path)
    return path


def look(*arguments):
    return run_module("mcunet_tf.cli.mcunet_look", list(map(str, arguments)), Path.cwd())


def test_boxes_are_those_of_numpy(tmp_path, street):
    model, said = tmp_path / "net.tflite", tmp_path / "net.json"
    model.write_bytes(detector())
    said.write_text(json.dumps(GIVEN), encoding="utf-8")
    done = look(model, street, f"--decode={said}", f"--output_dir={tmp_path}")
    assert done.returncode == 0, done.stderr
    compiled, camera = compile_tflite(detector(), "portable", name="net"), Camera()
    frame = sensor_frame(camera, read_picture(street, (240, 320)))
    outputs = evaluate(compiled.graph, [see(path_to(camera, compiled.inputs[0]), frame)])
    found = detect(read_decoder(GIVEN), outputs, compiled.outputs)
    assert len(found)
    wanted = ", ".join(f"{box['label']} {box['score'] / 32767:.2f}" for box in found)
    assert done.stdout.strip().endswith(f"street_seen.png: {wanted}")
    drawn = np.asarray(Image.open(tmp_path / "street_seen.png"))
    assert drawn.shape == (96, 96, 3)


def test_without_a_decoder_outputs_are_told(tmp_path, street):
    model = tmp_path / "net.tflite"
    model.write_bytes(detector())
    done = look(model, street, f"--output_dir={tmp_path}", "--camera=bayer8:64x48")
    assert done.returncode == 0, done.stderr
    assert "is greatest at" in done.stdout


@pytest.mark.parametrize("format_", FORMATS)
def test_a_picture_survives_the_sensor(format_, street):
    """A sensor's bytes, seen without scaling, are the picture but for what the format loses."""
    from types import SimpleNamespace

    camera = Camera(format_, 64, 48, "stretch")
    size = (24, 32) if format_ == "bayer8" else (48, 64)
    info = SimpleNamespace(name="x", shape=(1, *size, 3), dtype="uint8", scale=1.0, zero_point=0)
    picture = read_picture(street, (48, 64))
    got = see(path_to(camera, info), sensor_frame(camera, picture))[0].astype(float)
    wanted = picture.astype(float)
    if format_ == "grey8":
        wanted = np.repeat(wanted @ [[0.299], [0.587], [0.114]], 3, axis=2)
    if format_ == "bayer8":
        wanted = wanted.reshape(24, 2, 32, 2, 3).mean(axis=(1, 3))
    assert np.abs(got - wanted).mean() < (12 if format_ in ("bayer8", "yuv422") else 5)


def test_bad_pictures_are_named_in_one_line(tmp_path, street):
    text = tmp_path / "note.jpg"
    text.write_text("no picture")
    whole = tmp_path / "whole.jpg"
    Image.open(street).save(whole)
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(whole.read_bytes()[:2000])
    empty = tmp_path / "empty.png"
    empty.write_bytes(b"")
    grey = tmp_path / "grey.pgm"
    Image.open(street).convert("L").save(grey)
    assert read_picture(grey, (48, 64)).shape == (48, 64, 3)
    for path, told in (
        (text, "no picture: give a PNG, JPEG, PGM or PPM file"),
        (empty, "no picture"),
        (cut, "truncated.*: give a whole picture file"),
        (tmp_path / "none.png", "No such file or directory"),
    ):
        with pytest.raises(VisionError, match=told) as refused:
            read_picture(path, (48, 64))
        assert "\n" not in str(refused.value)


def test_the_command_says_what_is_missing():
    done = look("model.tflite")
    assert done.returncode == 1
    assert done.stderr == ("mcunet_look: give a model and one picture or more; --help shows how\n")
