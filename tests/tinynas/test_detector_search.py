# SPDX-License-Identifier: Apache-2.0
"""A search for a detector: backbones on its grid, what they cost, and a whole one of seconds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import mcunet_tf
from mcunet_tf.detection import compose_scenes, read_yolo
from mcunet_tf.errors import BudgetError, DataError, SearchError
from mcunet_tf.vision import read_decoder

pytest.importorskip("keras", reason="Keras is not installed")

from mcunet_tf.tinynas import make_space
from mcunet_tf.tinynas.contenders import Contender
from mcunet_tf.tinynas.detector_arch import (
    detector_candidate,
    detector_cost,
    on_grid,
)
from mcunet_tf.tinynas.detector_search import read_detection
from mcunet_tf.tinynas.families import PlainResidual
from mcunet_tf.tinynas.space import Skeleton

TASK = mcunet_tf.Detection(2, image=(32, 32, 1))
SPACE = make_space(
    (32, 32, 1), 1.0, 1.0, Skeleton(8, 2, 0, ((8, 2), (16, 2)), PlainResidual(), depths=(1,))
)
ARCH = SPACE.arch(SPACE.largest())


def shapes(count: int, seed: int = 1):
    """Scenes of squares and bars."""
    pieces = np.zeros((8, 12, 12, 1), np.uint8)
    labels = np.arange(8) % 2
    pieces[labels == 0, 1:11, 1:11] = 220
    pieces[labels == 1, 4:8, 0:12] = 220
    return compose_scenes(pieces, labels, count, 32, (1, 2), seed=seed)


def test_a_backbone_keeps_the_grid():
    deep = make_space((32, 32, 1), 1.0, 1.0, Skeleton(8, 2, 0, ((8, 2), (16, 2), (24, 2)),
                      PlainResidual(), depths=(1,)))  # fmt: skip
    made = on_grid(deep.arch(deep.largest()), (8,))
    assert made is not None and [b.stride for b in made.blocks] == [2, 2, 1]
    assert on_grid(dataclasses.replace(ARCH, blocks=ARCH.blocks[:1]), (8,)) is None


def test_a_search_gives_a_detector(tmp_path, monkeypatch):
    """That its parts fit together, of networks that nobody trains."""
    from mcunet_tf.tinynas import detector_search

    trained = []

    def untrained(task, images, boxes, epochs, seed, features, keeper):
        trained.append(epochs)
        assert len(images) == len(boxes) == 58
        return task.network(features=features)

    monkeypatch.setattr(detector_search, "train_detector", untrained)
    task = dataclasses.replace(TASK, labels=("square", "bar"))
    images, boxes = shapes(64)
    found = mcunet_tf.search(
        (images, boxes),
        task=task,
        board="stm32f746",
        sram_bytes=32 << 10,
        epochs=1,
        effort=dataclasses.replace(mcunet_tf.Effort.quick(), finalists=1),
        spaces=[SPACE],
        workdir=tmp_path,
        verbose=False,
    )
    assert trained == [1], "a network without rivals is trained once"
    assert set(found.scores) == {"ap50", "ap50_95"} and found.cost.sram_bytes <= 32 << 10
    compiled = found.compile(name="shapes")
    assert compiled.arena_bytes == found.cost.sram_bytes and "shapes_boxes.h" in compiled.files
    # To a few bytes of weights; the arena as near as kernels of real weights allow.
    predicted = detector_cost(found.arch, task, found.board, 32 << 10)
    assert predicted.macs == compiled.macs
    assert predicted.weights_bytes == pytest.approx(compiled.report.weights_bytes, rel=0.02)
    assert predicted.sram_bytes == pytest.approx(compiled.arena_bytes, rel=0.05)
    assert len(detector_candidate(found.arch, task).graph.outputs) == 2
    assert read_decoder(tmp_path / "decoder.json") == found.decoder
    assert (tmp_path / "model.tflite").read_bytes() == found.flatbuffer
    tests, truth = shapes(6, seed=2)
    assert 0 <= found.evaluate(tests, truth)["ap50"] <= 1
    assert len(found.detect(tests)) == 6 and found.standings[0].arch == found.arch
    with pytest.raises(SearchError, match="on = 'moon': a detector is evaluated as one of"):
        found.evaluate(tests, truth, on="moon")


def test_a_third_goes_on(monkeypatch):
    """Of seven, three, then one; each round twice as long, and the best is named first."""
    from mcunet_tf.tinynas import detector_search
    from mcunet_tf.tinynas.options import SearchOptions

    options = SearchOptions(epochs=16, verbose=False)
    run = detector_search._Run(TASK, options, "ap50", ([], []), ([], []))
    archs = [dataclasses.replace(ARCH, stem_channels=8 + k) for k in range(7)]
    seen = []

    def trained(arch, epochs):
        seen.append(epochs)
        return None, {"ap50": archs.index(arch) / 10}

    monkeypatch.setattr(run, "_trained", trained)
    standings = run.rounds([Contender(f"n{k}", "plain", a) for k, a in enumerate(archs)])
    assert seen == [2] * 7 + [4] * 3
    assert standings[0].name == "n6"
    assert sorted(len(s.scores) for s in standings) == [1, 1, 1, 1, 2, 2, 2]


@pytest.mark.slow
def test_a_search_finds_shapes():
    from tests.detection.test_training import shapes as pieces_of

    pieces, labels = pieces_of(8)
    skeleton = Skeleton(16, 2, 0, ((32, 2), (48, 2)), PlainResidual(), depths=(1,))
    scenes = [compose_scenes(pieces, labels, n, 48, (1, 3), seed=n) for n in (2400, 40, 60)]
    found = mcunet_tf.search(
        scenes[0],
        scenes[1],
        task=mcunet_tf.Detection(2, image=(48, 48, 1)),
        epochs=10,
        effort=dataclasses.replace(mcunet_tf.Effort.quick(), finalists=1),
        spaces=[make_space((48, 48, 1), 1.0, 1.0, skeleton)],
        verbose=False,
    )
    scores = found.evaluate(*scenes[2])
    assert scores["ap50"] > 0.3
    assert abs(scores["ap50"] - found.evaluate(*scenes[2], on="float")["ap50"]) < 0.05


def test_data_of_readers(tmp_path):
    Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    Image.fromarray(np.full((60, 80, 3), 90, np.uint8)).save(tmp_path / "one.png")
    (tmp_path / "one.txt").write_text("1 0.5 0.5 0.25 0.5\n")
    read = read_yolo(tmp_path, tmp_path)
    for given in (read, (read, ("square", "bar"))):
        images, boxes = read_detection(TASK, given, "training")
        assert images.shape == (1, 32, 32, 1) and boxes[0][0, 4] == 1


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"task": "boxes"}, r"task = str: give mcunet_tf.Detection"),
        ({"loss": "focal"}, "loss has no part in a detector's search: leave it out"),
        ({"minutes": 3}, "minutes has no part in a detector's search"),
        ({"num_classes": 2}, "num_classes has no part"),
        ({"metrics": ["f1"]}, r"metric 'f1' of boxes: use one of \('ap50', 'ap50_95'\)"),
        ({"quantization": "qat"}, "quantization has no part"),
    ],
)
def test_what_a_detector_cannot_be_asked(options, told):
    with pytest.raises(SearchError, match=told):
        mcunet_tf.search(shapes(4), **{"task": TASK, "verbose": False, **options})


def test_what_a_detector_cannot_learn_from():
    images, boxes = shapes(4)
    for given, told in (
        (images, "give \\(images, boxes\\), or what a reader such as"),
        ((images, boxes[:2]), "4 images and boxes of 2"),
        ((images[:, :16], boxes), r"images are uint8 \[16, 32, 1\]: give uint8 \[32, 32, 1\]"),
    ):
        with pytest.raises(DataError, match=told):
            mcunet_tf.search(given, task=TASK, verbose=False)
    with pytest.raises(BudgetError, match="no detector keeps the budget"):
        mcunet_tf.search((images, boxes), task=TASK, sram_bytes=64, spaces=[SPACE], verbose=False)


def test_two_scales_are_costed_as_they_are_built():
    """What the search plans is what the compiler makes of the network, whichever the family."""
    from mcunet_tf.detection import quantize_detector
    from mcunet_tf.tinyengine import compile_tflite
    from mcunet_tf.tinynas.detector_arch import detector_features, detector_layers

    task = mcunet_tf.Detection(2, image=(64, 64, 3), strides=(8, 16))
    stages = ((8, 2), (16, 2), (24, 2), (32, 2))
    space = make_space(
        (64, 64, 3), 1.0, 1.0, Skeleton(8, 2, 0, stages, PlainResidual(), depths=(2,))
    )
    arch = on_grid(space.arch(space.largest()), task.strides)
    assert arch is not None and [layer.name for layer in detector_layers(arch, task)[-4:]] == [
        "scores_8", "sides_8", "scores_16", "sides_16"
    ]  # fmt: skip
    model = task.network(features=detector_features(arch, task))
    images = np.random.default_rng(0).integers(0, 255, (4, 64, 64, 3), dtype=np.uint8)
    compiled = compile_tflite(quantize_detector(model, images), "stm32f746", name="model")
    planned = detector_cost(arch, task, mcunet_tf.load_board("stm32f746"), None)
    assert planned.macs == compiled.macs
    assert planned.weights_bytes == pytest.approx(compiled.report.weights_bytes, rel=0.02)
    assert planned.sram_bytes == pytest.approx(compiled.arena_bytes, rel=0.05)
    leaps = [dataclasses.replace(b, stride=4) if n == 2 else b for n, b in enumerate(arch.blocks)]
    assert on_grid(dataclasses.replace(arch, blocks=tuple(leaps)), (8, 16)) is None


def test_a_killed_search_goes_on(tmp_path, monkeypatch):
    """Rounds that are behind it are remembered, and a folder belongs to one question."""
    from mcunet_tf.tinynas import detector_search

    trained = []

    def untrained(task, images, boxes, epochs, seed, features, keeper):
        trained.append(epochs)
        if len(trained) == 3:
            raise KeyboardInterrupt
        return task.network(features=features)

    monkeypatch.setattr(detector_search, "train_detector", untrained)
    asked = {
        "task": TASK,
        "epochs": 8,
        "effort": dataclasses.replace(mcunet_tf.Effort.quick(), finalists=2),
        "spaces": [SPACE],
        "workdir": tmp_path,
        "verbose": False,
    }
    images, boxes = shapes(64)
    monkeypatch.setattr(detector_search._Run, "contenders", lambda run: [
        Contender(f"n{k}", "plain", dataclasses.replace(ARCH, stem_channels=8 + 8 * k))
        for k in range(2)
    ])  # fmt: skip
    with pytest.raises(KeyboardInterrupt):
        mcunet_tf.search((images, boxes), **asked)
    assert trained == [1, 1, 8]
    mcunet_tf.search((images, boxes), **asked)
    assert trained == [1, 1, 8, 8], "the rounds were trained again"
    moved = [own + np.array([0, 0, 0, -1, 0], own.dtype) for own in boxes]
    with pytest.raises(SearchError, match="training boxes differ"):
        mcunet_tf.search((images, moved), **asked)
    with pytest.raises(SearchError, match="epochs was 8 and is 9"):
        mcunet_tf.search((images, boxes), **{**asked, "epochs": 9})
