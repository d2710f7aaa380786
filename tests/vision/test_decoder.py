# SPDX-License-Identifier: Apache-2.0
"""Descriptions of decoders: read from JSON, held against a network, refused in one clear line."""

from __future__ import annotations

import dataclasses
import json
from types import SimpleNamespace

import numpy as np
import pytest

from mcunet_tf.errors import VisionError
from mcunet_tf.vision import Decoder, Head, detect, read_decoder
from tests.vision.heads import KINDS

HEAD = {"grid": [5, 5], "scores": [0, 4], "boxes": [0, 0], "code": "sides"}
GIVEN = {"image": [40, 40], "heads": [HEAD]}


@pytest.mark.parametrize("name", KINDS)
def test_a_description_is_read_back(name, tmp_path):
    decoder = KINDS[name].decoder
    path = tmp_path / "decoder.json"
    path.write_text(json.dumps(dataclasses.asdict(decoder)), encoding="utf-8")
    assert read_decoder(path) == decoder


def with_head(**more):
    return {**GIVEN, "heads": [{**HEAD, **more}]}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ([], "no file"),
        ({"heads": [HEAD]}, "the decoder lacks 'image': give it"),
        ({**GIVEN, "heads": []}, "heads=.*: give one Head or more"),
        ({**GIVEN, "heads": 3}, "heads=3: give a list of heads"),
        ({**GIVEN, "heads": [3]}, "head 0 is 3: give settings by name"),
        ({**GIVEN, "threshhold": 0.5}, "'threshhold' is no setting of it: use image, heads, thr"),
        ({**GIVEN, "image": [40]}, r"image=\(40,\): give two whole numbers from 1 to 2047"),
        ({**GIVEN, "image": [40, 4000]}, "give two whole numbers from 1 to 2047"),
        ({**GIVEN, "threshold": 0}, "threshold=0: give a number from"),
        ({**GIVEN, "threshold": float("nan")}, "threshold=nan"),
        ({**GIVEN, "overlap": "half"}, "overlap='half'"),
        ({**GIVEN, "max_boxes": True}, "max_boxes=True"),
        ({**GIVEN, "max_boxes": 1000}, "from 1 to 256"),
        ({**GIVEN, "max_boxes": 9, "candidates": 8}, "candidates=8: give a whole number from 9"),
        ({**GIVEN, "apart": -1}, "apart=-1"),
        ({**GIVEN, "labels": ["a", "b"]}, "2 labels for 1 classes: name each, or none"),
        ({**GIVEN, "heads": [HEAD, {**HEAD, "classes": 2}]}, r"heads of \[1, 2\] classes"),
        ({**GIVEN, "heads": [{"boxes": [0, 0]}]}, "head 0 lacks 'grid'"),
        (with_head(code="yolov9"), "code='yolov9': give one of yolo, yolov5"),
        (with_head(activation="relu"), "activation='relu': give one of sigmoid"),
        (with_head(grid=[0, 5]), r"grid=\(0, 5\)"),
        (with_head(grid=[2000, 5]), "at most 1024"),
        (with_head(boxes=None), "a head of code 'sides' has boxes: say where they are"),
        (with_head(code="cells"), "a head of cells has no boxes: leave them out"),
        (with_head(scores=[0]), r"scores=\(0,\): give an output and the first of its values"),
        (with_head(scores=[0, -1]), "first value of scores=-1"),
        (with_head(anchors=[[10]]), r"anchor \(10,\): give width and height"),
        (with_head(anchors=[[10, 0]]), "an anchor's side=0"),
        (with_head(anchors=[[10, 1e9]]), "an anchor's side=1000000000.0"),
        (with_head(code="absolute", anchors=[[9, 9]]), "has no anchors"),
        (with_head(variances=[0, 1]), "a variance=0"),
        (with_head(classes=0), "classes=0"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(given, told, tmp_path):
    if given == []:
        with pytest.raises(VisionError, match=r"none.json: No such file .*: give a decoder's"):
            read_decoder(tmp_path / "none.json")
        return
    with pytest.raises(VisionError, match=told) as refused:
        read_decoder(given)
    assert "\n" not in str(refused.value)


def test_a_file_that_is_no_json_is_named(tmp_path):
    path = tmp_path / "d.json"
    path.write_text("{'image'", encoding="utf-8")
    with pytest.raises(VisionError, match=r"d.json: no JSON: "):
        read_decoder(path)
    path.write_text(json.dumps({**GIVEN, "overlap": 2}), encoding="utf-8")
    with pytest.raises(VisionError, match=r"d.json: overlap=2"):
        read_decoder(path)


def info(shape, name="out", dtype="int8"):
    return SimpleNamespace(name=name, shape=shape, dtype=dtype, scale=0.1, zero_point=0)


@pytest.mark.parametrize(
    ("more", "shape", "dtype", "told"),
    [
        ({}, (1, 5, 5, 4), "int8", r"scores: output 'out' is \[1, 5, 5, 4\], which does not hold"),
        ({}, (1, 24, 5), "int8", "candidates 0 to 24"),
        ({"first": 1}, (1, 25, 5), "int8", "candidates 1 to 25"),
        ({"anchors": ((9.0, 9.0), (8.0, 8.0))}, (1, 5, 5, 11), "int8", "does not hold"),
        ({}, (1, 5, 5, 5), "int16", "is int16: decoders read int8"),
        ({"scores": (1, 0)}, (1, 5, 5, 5), "int8", "no output 1: the model has out, from 0 on"),
        ({"values_first": True}, (1, 25, 5), "int8", "0 to 24, values first"),
        ({"values_first": True, "first": 1}, (1, 5, 25), "int8", "1 to 25, values first"),
        ({"values_first": True}, (1, 4, 5, 5), "int8", "values first"),
        ({"scores": ("x", 0)}, (1, 5, 5, 5), "int8", "no output 'x': the model has out"),
    ],
)
def test_a_network_that_does_not_fit_is_refused(more, shape, dtype, told):
    settings = {"grid": (5, 5), "scores": ("out", 4), "boxes": (0, 0), "code": "sides", **more}
    decoder = Decoder((40, 40), (Head(**settings),))
    with pytest.raises(VisionError, match=told):
        detect(decoder, [], [info(shape, dtype=dtype)])


@pytest.mark.parametrize("anchors", [1, 2])
@pytest.mark.parametrize("flat", [False, True])
def test_values_first_means_the_same_values(anchors, flat):
    """Outputs of either order give the same boxes, of one anchor or of several."""
    rng = np.random.default_rng(anchors)
    together = rng.integers(-128, 128, (3, 4, anchors, 7)).astype(np.int8)
    if flat:
        apart = together.reshape(-1, 7).T[None]
    else:
        apart = together.transpose(2, 3, 0, 1).reshape(1, -1, 3, 4)
    together = together.reshape(1, 3, 4, -1)
    sizes = ((20.0, 30.0), (44.0, 17.0))[:anchors]
    head = Head((3, 4), (0, 5), (0, 0), (0, 4), anchors=sizes, classes=2)
    turned = dataclasses.replace(head, values_first=True)
    found = [
        detect(Decoder((48, 64), (one,), 0.3), [np.ascontiguousarray(values)], [info(values.shape)])
        for one, values in ((head, together), (turned, apart))
    ]
    assert len(found[0]) > 1
    np.testing.assert_array_equal(found[0], found[1])
