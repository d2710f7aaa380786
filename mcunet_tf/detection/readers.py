# SPDX-License-Identifier: Apache-2.0
"""Boxes from the files that people have: COCO's JSON, Pascal VOC's XML, YOLO's text."""

from __future__ import annotations

import json
import xml.etree.ElementTree
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.detection.scenes import cut_boxes
from mcunet_tf.errors import DataError
from mcunet_tf.vision.pictures import read_picture

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class Labelled:
    """A picture's file with its boxes.

    Attributes:
        path: of the picture.
        size: height and width in pixels, as the boxes' file says; (0, 0) where boxes are shares.
        boxes: [boxes, 5]: left, top, right, bottom, label; pixels, or shares of the picture.
    """

    path: Path
    size: tuple[int, int]
    boxes: Array


def read_coco(file: str | Path, pictures: str | Path) -> tuple[list[Labelled], tuple[str, ...]]:
    """COCO's JSON; crowds are left out.

    Args:
        file: of the annotations.
        pictures: folder of the images.

    Returns:
        The pictures, and the names of the classes in the order of their ids.

    Raises:
        DataError: the file is no such JSON, or a box is of an image or category that it lacks.
    """
    found = _json(file)
    try:
        categories = sorted(found["categories"], key=lambda it: it["id"])
        numbers = {it["id"]: n for n, it in enumerate(categories)}
        images = {it["id"]: it for it in found["images"]}
        boxes: dict[Any, list[list[float]]] = {key: [] for key in images}
        for it in found["annotations"]:
            left, top, width, height = map(float, it["bbox"])
            label = numbers[it["category_id"]]
            if not it.get("iscrowd"):
                boxes[it["image_id"]].append([left, top, left + width, top + height, label])
        read = [
            Labelled(
                Path(pictures) / it["file_name"],
                (int(it["height"]), int(it["width"])),
                _checked(boxes[key], f"{file}: image {it['file_name']}"),
            )
            for key, it in images.items()
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{file}: no COCO annotations: {error!r}") from error
    return read, tuple(str(it["name"]) for it in categories)


def _json(file: str | Path) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{file}: {error.strerror}: give COCO's JSON file") from error
    except ValueError as error:
        raise DataError(f"{file}: no JSON: {error}") from error
    return found


def read_voc(
    annotations: str | Path, pictures: str | Path, classes: Sequence[str] = ()
) -> tuple[list[Labelled], tuple[str, ...]]:
    """A folder of Pascal VOC's XML files; boxes count from pixel 1.

    Args:
        annotations: folder of the XML files.
        pictures: folder of the images.
        classes: names to look for, others are left out; by default all that occur, sorted.

    Raises:
        DataError: there are no files, or one is no such XML.
    """
    paths = sorted(Path(annotations).glob("*.xml"))
    if not paths:
        raise DataError(
            f"{annotations}: no .xml files: give the folder of Pascal VOC's annotations"
        )
    parsed = [(path, *_voc(path)) for path in paths]
    known = tuple(classes) or tuple(sorted({name for *_, own in parsed for name, _ in own}))
    read = []
    for path, picture, size, own in parsed:
        rows = [[*box, known.index(name)] for name, box in own if name in known]
        read.append(Labelled(Path(pictures) / picture, size, _checked(rows, str(path))))
    return read, known


def _voc(path: Path) -> tuple[str, tuple[int, int], list[tuple[str, list[float]]]]:
    try:
        root = xml.etree.ElementTree.parse(path).getroot()
        height, width = (int(_text(root, f"size/{side}")) for side in ("height", "width"))
        own = []
        for thing in root.iter("object"):
            left, top, right, bottom = (
                float(_text(thing, f"bndbox/{side}")) for side in ("xmin", "ymin", "xmax", "ymax")
            )
            own.append((_text(thing, "name"), [left - 1, top - 1, right, bottom]))
        return _text(root, "filename"), (height, width), own
    except (xml.etree.ElementTree.ParseError, ValueError, OSError) as error:
        raise DataError(f"{path}: no Pascal VOC annotation: {error}") from error


def _text(element: Any, place: str) -> str:
    found = element.findtext(place)
    if found is None:
        raise ValueError(f"it lacks {place}")
    return str(found).strip()


def read_yolo(labels: str | Path, pictures: str | Path) -> list[Labelled]:
    """A folder of YOLO's text files: label, middle and size in shares of the picture, a line each.

    Args:
        labels: folder of the text files; a picture without one has no boxes.
        pictures: folder of the images.

    Raises:
        DataError: there are no pictures, or a line is none of a box.
    """
    endings = (".jpg", ".jpeg", ".png", ".pgm", ".ppm")
    paths = [p for p in sorted(Path(pictures).glob("*")) if p.suffix.lower() in endings]
    if not paths:
        raise DataError(f"{pictures}: no pictures ({', '.join(endings)}): give their folder")
    read = []
    for path in paths:
        file, rows = Path(labels) / f"{path.stem}.txt", []
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                label, x, y, width, height = (float(word) for word in line.split())
            except ValueError as error:
                raise DataError(
                    f"{file}:{number}: '{line.strip()[:40]}': a line has a label and four numbers"
                ) from error
            rows.append([x - width / 2, y - height / 2, x + width / 2, y + height / 2, label])
        read.append(Labelled(path, (0, 0), _checked(rows, str(file))))
    return read


def _checked(rows: Sequence[Sequence[float]], where: str) -> Array:
    boxes = np.array(rows, np.float64).reshape(-1, 5)
    wrong = ~np.isfinite(boxes).all(axis=1) | (boxes[:, 2:4] <= boxes[:, :2]).any(axis=1)
    if wrong.any():
        left, top, right, bottom = boxes[int(np.flatnonzero(wrong)[0]), :4]
        raise DataError(f"{where}: a box from {left:g}, {top:g} to {right:g}, {bottom:g} is empty")
    return boxes


def load_pictures(
    read: Sequence[Labelled], image: tuple[int, int, int]
) -> tuple[Array, list[Array]]:
    """Pictures of one size, each the middle part of its file, with the boxes that are left in it.

    Args:
        read: from one of the readers.
        image: height, width and channels.

    Returns:
        uint8 [n, height, width, channels], and boxes in pixels; those of which less than half is
        left are gone.

    Raises:
        VisionError: a picture cannot be read.
        ToolError: Pillow is not installed.
    """
    height, width, channels = image
    images = np.zeros((len(read), *image), np.uint8)
    boxes = []
    for n, one in enumerate(read):
        picture = read_picture(one.path, (height, width))
        grey = picture @ np.array([0.299, 0.587, 0.114])
        images[n] = picture if channels == 3 else np.round(grey)[..., None]
        boxes.append(_moved(one, height, width))
    return images, boxes


def _moved(one: Labelled, height: int, width: int) -> Array:
    """Boxes in the part that `read_picture` shows."""
    from PIL import Image

    rows, columns = one.size
    own = one.boxes.copy()
    if not rows:
        with Image.open(one.path) as opened:
            columns, rows = opened.size
        own[:, :4] *= [columns, rows, columns, rows]
    scale = max(height / rows, width / columns)
    left, top = (columns * scale - width) / 2, (rows * scale - height) / 2
    own[:, :4] = own[:, :4] * scale - [left, top, left, top]
    return cut_boxes(own, height, width)
