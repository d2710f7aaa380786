# SPDX-License-Identifier: Apache-2.0
"""Boxes and pictures as people have them: every reader, odd but legal files, what is refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mcunet_tf.detection import (
    load_pictures,
    read_coco,
    read_voc,
    read_yolo,
    read_yolo_yaml,
)
from mcunet_tf.errors import DataError, VisionError

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")


@pytest.fixture
def pictures(tmp_path):
    image = np.zeros((60, 80, 3), np.uint8)
    image[20:40, 30:60] = 255
    Image.fromarray(image).save(tmp_path / "one.png")
    return tmp_path


def check_loaded(read):
    images, boxes = load_pictures(read, (48, 48, 1))
    assert images.shape == (len(read), 48, 48, 1)
    left, top, right, bottom = boxes[0][0, :4]
    assert (left, top, right, bottom) == pytest.approx((16, 16, 40, 32))
    assert images[0, 18:30, 18:38].min() > 250 and images[0, :14].max() < 20


def test_coco(pictures):
    file = pictures / "coco.json"
    content = {
        "images": [{"id": 7, "file_name": "one.png", "height": 60, "width": 80}],
        "categories": [{"id": 9, "name": "car"}, {"id": 3, "name": "mask"}],
        "annotations": [
            {"image_id": 7, "category_id": 9, "bbox": [30, 20, 30, 20]},
            {"image_id": 7, "category_id": 3, "bbox": [0, 0, 5, 5], "iscrowd": 1},
        ],
    }
    file.write_text(json.dumps(content))
    read, names = read_coco(file, pictures)
    assert names == ("mask", "car") and read[0].boxes.tolist() == [[30, 20, 60, 40, 1]]
    check_loaded(read)
    flat = [{"image_id": 7, "category_id": 9, "bbox": [1, 1, 0, 4]}]
    for wrong, told in (
        ("{", "no JSON"),
        ("{}", "no COCO annotations: KeyError"),
        (json.dumps({**content, "categories": []}), "no COCO annotations"),
        (
            json.dumps({**content, "annotations": flat}),
            "image one.png: a box from 1, 1 to 1, 5 is empty",
        ),
    ):  # fmt: skip
        file.write_text(wrong)
        with pytest.raises(DataError, match=told):
            read_coco(file, pictures)


def test_pascal_voc(pictures):
    file = pictures / "one.xml"
    text = (
        "<annotation><filename>one.png</filename><size><width>80</width><height>60</height></size>"
        "<object><name>car</name><bndbox><xmin>31</xmin><ymin>21</ymin><xmax>60</xmax>"
        "<ymax>40</ymax></bndbox></object></annotation>"
    )
    file.write_text(text)
    read, names = read_voc(pictures, pictures)
    assert names == ("car",) and read[0].boxes.tolist() == [[30, 20, 60, 40, 0]]
    check_loaded(read)
    assert len(read_voc(pictures, pictures, ["bus"])[0][0].boxes) == 0
    for wrong, told in (
        (text[:90], "no Pascal VOC annotation"),
        (text.replace("ymax", "y"), "lacks"),
    ):
        file.write_text(wrong)
        with pytest.raises(DataError, match=told):
            read_voc(pictures, pictures)
    file.unlink()
    with pytest.raises(DataError, match=r"no \.xml files"):
        read_voc(pictures, pictures)


def test_yolo(pictures):
    (pictures / "one.txt").write_text("2 0.5625 0.5 0.375 0.3333333\n\n")
    read = read_yolo(pictures, pictures)
    assert read[0].boxes[0, 4] == 2
    check_loaded(read)
    (pictures / "one.txt").write_text("2 0.5 0.5\n")
    with pytest.raises(DataError, match=r"one.txt:1: '2 0.5 0.5': a line has a label and four"):
        read_yolo(pictures, pictures)
    (pictures / "one.txt").unlink()
    assert len(read_yolo(pictures, pictures)[0].boxes) == 0
    with pytest.raises(DataError, match="no pictures"):
        read_yolo(pictures, pictures / "none")


def scene(height=60, width=80):
    """A white box from 30, 20 to 60, 40."""
    image = np.zeros((height, width, 3), np.uint8)
    image[20:40, 30:60] = 255
    return Image.fromarray(image)


def coco(**changes):
    content = {
        "images": [{"id": 7, "file_name": "one.png", "height": 60, "width": 80}],
        "categories": [{"id": 9, "name": "car"}, {"id": 3, "name": "mask"}],
        "annotations": [{"id": 1, "image_id": 7, "category_id": 9, "bbox": [30, 20, 30, 20]}],
    }
    return {**content, **changes}


def test_odd_but_legal_coco(pictures):
    """Crowds with runs, polygons, real numbers, no area, images without boxes, in folders."""
    (pictures / "deep").mkdir()
    for name in ("deep/two.png", "three.png"):
        scene().save(pictures / name)
    images = [
        {"id": "a", "file_name": "one.png", "height": 60, "width": 80, "license": 3},
        {"id": 900001, "file_name": "deep\\two.png", "height": 60.0, "width": 80.0},
        {"id": 4, "file_name": "/data/other/three.jpg"},
    ]
    runs = {"size": [60, 80], "counts": "PPYo0"}
    boxes = [
        {"image_id": "a", "category_id": 9, "bbox": [30.0, "20", 30.0, 2e1], "segmentation": []},
        {"image_id": 900001, "category_id": 3, "bbox": [30, 20, 30, 20], "segmentation": runs},
        {"image_id": 900001, "category_id": 3, "iscrowd": 1, "segmentation": runs},
        {"image_id": 4, "category_id": 77, "bbox": [30, 20, 30, 20]},
    ]
    categories = [{"id": 77, "name": "bus"}, {"id": 9, "name": "car"}, {"id": 3, "name": "mask"}]
    file = pictures / "coco.json"
    content = coco(images=images, annotations=boxes, categories=categories)
    file.write_text(json.dumps(content), encoding="utf-8-sig")
    read, names = read_coco(file, pictures)
    assert names == ("mask", "car", "bus")
    assert [one.boxes[:, 4].tolist() for one in read] == [[1], [0], [2]]
    assert [one.path.name for one in read] == ["one.png", "two.png", "three.png"]
    assert read[2].size == (60, 80), "the picture says what its file leaves out"
    for one in read:
        check_loaded([one])
    read, names = read_coco(file, pictures, classes=["bus", "mask"])
    assert names == ("bus", "mask") and [len(one.boxes) for one in read] == [0, 1, 1]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"image_id": 8}, "annotation 1 has image_id 8, which the file does not list"),
        ({"category_id": 4}, "annotation 1 has category_id 4, which the file does not list"),
        ({"bbox": [1, 2, 3]}, r"annotation 1: bbox \[1, 2, 3\]: give left, top, width and height"),
        ({"bbox": None}, "no COCO annotations: TypeError"),
        ({"bbox": [1, 2, float("nan"), 3]}, "one.png: a box from 1, 2 to nan, 5 is empty"),
        ({"bbox": [90, 2, 9, 9]}, "a box from 90, 2 to 99, 11 lies outside 80x60: correct it"),
        ({"bbox": [-9, 2, 9, 9]}, "a box from -9, 2 to 0, 11 lies outside 80x60"),
    ],
)
def test_coco_boxes_that_cannot_be(changes, told, pictures):
    (annotation,) = coco()["annotations"]
    (pictures / "coco.json").write_text(json.dumps(coco(annotations=[{**annotation, **changes}])))
    with pytest.raises(DataError, match=told):
        read_coco(pictures / "coco.json", pictures)


def test_odd_but_legal_pascal_voc(pictures):
    """Parts and difficult things, no size, real numbers, names of another computer, folders."""
    (pictures / "xml").mkdir()
    box = "<bndbox><xmin>31.0</xmin><ymin>21</ymin><xmax>60</xmax><ymax>40</ymax></bndbox>"
    part = f"<part><name>head</name>{box}</part>"
    text = (
        "<annotation><folder>x</folder><filename>C:\\shots\\one.jpeg</filename>%s"
        f"<object><name>person</name><difficult>0</difficult>{part}{box}</object>"
        f"<object><name>car</name><difficult>1</difficult>{box}</object></annotation>"
    )
    size = "<size><width>80.0</width><height>60.0</height><depth>3</depth></size>"
    empty = "<size><width>0</width><height>0</height></size>"
    for stated in (size, empty, ""):
        (pictures / "xml" / "one.xml").write_text(text % stated)
        read, names = read_voc(pictures, pictures)
        assert names == ("car", "person") and read[0].size == (60, 80)
        assert read[0].boxes.tolist() == [[30, 20, 60, 40, 1], [30, 20, 60, 40, 0]]
        check_loaded(read)
    read, names = read_voc(pictures, pictures, difficult=False)
    assert names == ("person",) and len(read[0].boxes) == 1
    nameless = (text % size).replace("<filename>C:\\shots\\one.jpeg</filename>", "")
    (pictures / "xml" / "one.xml").write_text(nameless)
    check_loaded(read_voc(pictures, pictures)[0])


def test_pascal_text(pictures):
    """As INRIA's and Penn-Fudan's: Pascal's files before there was XML."""
    text = """# Compatible with PASCAL Annotation Version 1.00
Image filename : "Photos/one.png"
Image size (X x Y x C) : 80 x 60 x 3
Objects with ground truth : 1 { "PASperson" }
Bounding box for object 1 "PASperson" (Xmin, Ymin) - (Xmax, Ymax) : (31, 21) - (60, 40)
"""
    (pictures / "one.txt").write_text(text)
    (pictures / "readme.txt").write_text("nothing of Pascal's")
    read, names = read_voc(pictures, pictures)
    assert names == ("PASperson",) and read[0].boxes.tolist() == [[30, 20, 60, 40, 0]]
    check_loaded(read)
    for wrong, told in (
        (text.replace("Image size", "Size"), "lacks the image's name or size"),
        (text.replace("(31,", "(x,"), "no Pascal annotation: could not convert"),
        (text.replace("(31,", "(91,"), "one.txt: a box from 90, 20 to 60, 40 is empty"),
    ):
        (pictures / "one.txt").write_text(wrong)
        with pytest.raises(DataError, match=told):
            read_voc(pictures, pictures)


def test_odd_but_legal_yolo(pictures):
    """Outlines, folders within folders, and many kinds of pictures."""
    places = ["a/one.BMP", "a/b/two.webp", "three.tif"]
    outline = "1 0.375 0.333333 0.75 0.333333 0.75 0.666667 0.375 0.666667\r\n"
    for name in places:
        for folder in ("images", "labels"):
            (pictures / folder / name).parent.mkdir(parents=True, exist_ok=True)
        scene().save(pictures / "images" / name, lossless=True)
        label = (pictures / "labels" / name).with_suffix(".txt")
        label.write_text("\ufeff" + outline, encoding="utf-8")
    read = read_yolo(pictures / "labels", pictures / "images")
    assert len(read) == 3 and all(one.boxes[0, 4] == 1 for one in read)
    for one in read:
        check_loaded([one])
    label.write_text("0 30 20 30 20\n")
    with pytest.raises(DataError, match=r"15, 10 to 45, 30 lies outside 0 to 1, the shares"):
        read_yolo(pictures / "labels", pictures / "images")
    label.write_text("0 0.5 0.5 0.2 0.2 0.9\n")
    with pytest.raises(DataError, match="a label and four numbers, or three points and more"):
        read_yolo(pictures / "labels", pictures / "images")
    with pytest.raises(DataError, match="nowhere: no such folder"):
        read_yolo(pictures / "nowhere", pictures / "images")


@pytest.mark.parametrize("style", ["folders by part", "parts by folder", "list"])
def test_yolo_yaml(style, tmp_path):
    """Both common layouts, a list of files, names by number or in order."""
    pytest.importorskip("yaml", reason="PyYAML is not installed")
    images, train, names = {
        "folders by part": ("train/images", "../train/images", "names: [car, mask]"),
        "parts by folder": ("images/train", "images/train", "names: {0: car, 1: mask}"),
        "list": ("images/train", "train.txt", "names:\n  1: mask\n  0: car"),
    }[style]
    labels = images.replace("images", "labels")
    for folder in (images, labels):
        (tmp_path / folder).mkdir(parents=True)
    scene().save(tmp_path / images / "one.png")
    (tmp_path / labels / "one.txt").write_text("1 0.5625 0.5 0.375 0.3333333\n")
    (tmp_path / "train.txt").write_text(f"./{images}/one.png\n")
    path = "path: .\n" if style == "parts by folder" else ""
    file = tmp_path / "data.yaml"
    file.write_text(f"{path}train: {train}\nval: gone\nnc: 2\n{names}\n")
    read, found = read_yolo_yaml(file)
    assert found == ("car", "mask") and read[0].boxes[0, 4] == 1
    check_loaded(read)
    for part, told in (("val", "let 'gone' be a folder"), ("test", "lacks 'test' or 'names'")):
        with pytest.raises(DataError, match=told):
            read_yolo_yaml(file, part)
    file.write_text("a: [")
    with pytest.raises(DataError, match="no YAML"):
        read_yolo_yaml(file)
    with pytest.raises(DataError, match="No such file"):
        read_yolo_yaml(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("mode", "ending"),
    [("L", "png"), ("LA", "png"), ("RGBA", "png"), ("P", "gif"), ("1", "png"), ("CMYK", "jpg"),
     ("CMYK", "tif"), ("I;16", "png"), ("I;16", "tif"), ("F", "tif"), ("I", "tif"), ("L", "pgm"),
     ("RGB", "bmp")],
)  # fmt: skip
def test_kinds_of_pictures(mode, ending, tmp_path):
    """Whatever its colours are stored as, white is white and black is black."""
    grey = np.array(scene().convert("L"))
    if mode in ("I;16", "I"):
        picture = Image.fromarray(grey.astype(np.uint16) * 257)
        picture = picture if mode == "I;16" else Image.fromarray(grey.astype(np.int32) * 257)
    else:
        picture = scene().convert(mode)
    picture.save(tmp_path / f"one.{ending}")
    (tmp_path / "one.txt").write_text("0 0.5625 0.5 0.375 0.3333333\n")
    check_loaded(read_yolo(tmp_path, tmp_path))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_cameras_that_were_held_otherwise(orientation, tmp_path):
    """YOLO's shares are of the picture as it is shown; COCO's size says which one it means."""
    back = {2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE",
            6: "ROTATE_90", 7: "TRANSVERSE", 8: "ROTATE_270"}  # fmt: skip
    stored = scene()
    if orientation > 1:
        stored = stored.transpose(getattr(Image.Transpose, back[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "one.png", exif=exif)
    (tmp_path / "one.txt").write_text("0 0.5625 0.5 0.375 0.3333333\n")
    check_loaded(read_yolo(tmp_path, tmp_path))
    white = np.argwhere(np.asarray(stored)[..., 0] > 0)
    (top, left), (bottom, right) = white.min(0), white.max(0) + 1
    raw = [int(v) for v in (left, top, right - left, bottom - top)]
    sizes = {stored.size: raw, (80, 60): [30, 20, 30, 20]}
    for (width, height), box in sizes.items():
        image = {"id": 7, "file_name": "one.png", "height": height, "width": width}
        found = {"id": 1, "image_id": 7, "category_id": 9, "bbox": box}
        content = coco(images=[image], annotations=[found])
        (tmp_path / "coco.json").write_text(json.dumps(content))
        if (width, height) != (80, 60) or orientation in (1, 5, 6, 7, 8) or box == raw:
            check_loaded(read_coco(tmp_path / "coco.json", tmp_path)[0])


def test_pictures_that_were_made_smaller_since(pictures):
    scene().resize((40, 30)).save(pictures / "one.png")
    (pictures / "coco.json").write_text(json.dumps(coco()))
    images, boxes = load_pictures(read_coco(pictures / "coco.json", pictures)[0], (48, 48, 1))
    assert boxes[0][0, :4] == pytest.approx((16, 16, 40, 32)) and images[0, 24, 28] > 250


@pytest.mark.parametrize(
    ("fit", "box"),
    [("crop", (16, 16, 40, 32)), ("letterbox", (18, 18, 36, 30)), ("stretch", (18, 16, 36, 32))],
)
def test_fits(fit, box, pictures):
    (pictures / "coco.json").write_text(json.dumps(coco()))
    read = read_coco(pictures / "coco.json", pictures)
    images, boxes = load_pictures(read, (48, 48, 1), fit)
    assert boxes[0][0, :4] == pytest.approx(box)
    left, top, right, bottom = box
    assert images[0, top + 2 : bottom - 2, left + 2 : right - 2].min() > 250
    assert images[0, 20, : left - 2].max() < 5 and images[0, 20, right + 2 :].max() < 5
    with pytest.raises(DataError, match="fit = 'zoom'"):
        load_pictures(read, (48, 48, 1), "zoom")


@pytest.mark.parametrize("given", [[], ([], ("p",)), [np.zeros((4, 4))], None, "coco.json"])
def test_what_no_reader_gave_is_refused(given):
    with pytest.raises(DataError, match="give what a reader gave, such as read_coco"):
        load_pictures(given, (48, 48, 1))


def test_pictures_that_cannot_be_read(pictures):
    (pictures / "coco.json").write_text(json.dumps(coco()))
    whole = (pictures / "one.png").read_bytes()
    for content, told in ((whole[:90], "give a whole picture file"), (b"text", "no picture")):
        (pictures / "one.png").write_bytes(content)
        with pytest.raises(VisionError, match=told):
            load_pictures(read_coco(pictures / "coco.json", pictures)[0], (48, 48, 1))
    (pictures / "one.png").unlink()
    with pytest.raises(VisionError, match=r"one\.png: No such file"):
        load_pictures(read_coco(pictures / "coco.json", pictures)[0], (48, 48, 1))
