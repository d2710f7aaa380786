# SPDX-License-Identifier: Apache-2.0
"""Boxes from the files that people have: COCO's JSON, Pascal VOC's XML and text, YOLO's text."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mcunet_tf.detection.labelled import Labelled, checked, find_picture, list_pictures
from mcunet_tf.errors import DataError, require_packages
from mcunet_tf.vision.pictures import picture_size

_PASCAL = "# Compatible with PASCAL Annotation"
"""How the text files begin that Pascal had before XML; INRIA's and Penn-Fudan's are such."""
_BOX = re.compile(
    r'Bounding box for object \d+ "(?P<name>[^"]*)".*:'
    r"\s*\(\s*(\S+?)\s*,\s*(\S+?)\s*\)\s*-\s*\(\s*(\S+?)\s*,\s*(\S+?)\s*\)"
)

_Thing = tuple[str, list[float]]


def read_coco(
    file: str | Path, pictures: str | Path, classes: Sequence[str] = ()
) -> tuple[list[Labelled], tuple[str, ...]]:
    """COCO's JSON; crowds are left out.

    Args:
        file: of the annotations.
        pictures: folder of the images.
        classes: names to look for, others are left out; by default all categories.

    Returns:
        The pictures, and the names of the classes: as given, or in the order of their ids.

    Raises:
        DataError: the file is no such JSON, or a box is of an image or category that it lacks, is
            empty, or lies outside its image.
    """
    found = _json(file)
    wrong = f"{file}: no COCO annotations"
    try:
        categories = {it["id"]: str(it["name"]) for it in found["categories"]}
        order = [categories[key] for key in sorted(categories)]
        names = tuple(classes) or tuple(order)
        numbers = {
            key: names.index(name) if classes else sorted(categories).index(key)
            for key, name in categories.items()
            if name in names
        }
        images = {it["id"]: it for it in found["images"]}
        boxes: dict[Any, list[list[float]]] = {key: [] for key in images}
        for it in found["annotations"]:
            which = f"{wrong}: annotation {it.get('id', '')}".rstrip()
            for key, known in (("category_id", categories), ("image_id", images)):
                if it[key] not in known:
                    raise DataError(f"{which} has {key} {it[key]!r}, which the file does not list")
            if it.get("iscrowd") or it["category_id"] not in numbers:
                continue
            if len(it["bbox"]) != 4:
                raise DataError(f"{which}: bbox {it['bbox']}: give left, top, width and height")
            left, top, width, height = map(float, it["bbox"])
            label = numbers[it["category_id"]]
            boxes[it["image_id"]].append([left, top, left + width, top + height, label])
        read = []
        for key, it in images.items():
            path = find_picture(pictures, it["file_name"])
            size = (int(it.get("height") or 0), int(it.get("width") or 0))
            read.append(_labelled(path, size, boxes[key], f"{file}: image {it['file_name']}"))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DataError(f"{wrong}: {error!r}") from error
    return read, names


def _labelled(
    path: Path, size: tuple[int, int], rows: Sequence[Sequence[float]], where: str
) -> Labelled:
    """Boxes in pixels, of a picture whose size its file need not say."""
    if rows and not all(size):
        size = picture_size(path)
    return Labelled(path, size, checked(rows, where, size))


def _json(file: str | Path) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = json.loads(_read(Path(file)))
    except OSError as error:
        raise DataError(f"{file}: {error.strerror}: give COCO's JSON file") from error
    except ValueError as error:
        raise DataError(f"{file}: no JSON: {error}") from error
    return found


def _read(path: Path) -> str:
    """A file's text, with or without a byte order mark, as Windows' editors write it."""
    return path.read_text(encoding="utf-8-sig")


def read_voc(
    annotations: str | Path,
    pictures: str | Path,
    classes: Sequence[str] = (),
    difficult: bool = True,
) -> tuple[list[Labelled], tuple[str, ...]]:
    """A folder of Pascal VOC's XML files, or of its older text files; boxes count from pixel 1.

    Args:
        annotations: folder of the files.
        pictures: folder of the images.
        classes: names to look for, others are left out; by default all that occur, sorted.
        difficult: whether things marked as difficult are kept.

    Raises:
        DataError: there are no files, one is none of Pascal's, or a box is empty or outside.
    """
    folder = Path(annotations)
    paths = sorted(folder.rglob("*.xml")) or [
        path for path in sorted(folder.rglob("*.txt")) if _is_pascal(path)
    ]
    if not paths:
        raise DataError(
            f"{annotations}: no .xml files: give the folder of Pascal VOC's annotations"
        )
    parsed = [
        (path, *(_voc(path, difficult) if path.suffix == ".xml" else _pascal(path)))
        for path in paths
    ]
    known = tuple(classes) or tuple(sorted({name for *_, own in parsed for name, _ in own}))
    read = []
    for path, picture, size, own in parsed:
        rows = [[*box, known.index(name)] for name, box in own if name in known]
        found = find_picture(pictures, picture or path.stem)
        read.append(_labelled(found, size, rows, str(path)))
    return read, known


def _voc(path: Path, difficult: bool) -> tuple[str, tuple[int, int], list[_Thing]]:
    try:
        root = xml.etree.ElementTree.parse(path).getroot()
        height, width = (
            round(float(root.findtext(f"size/{side}") or 0)) for side in ("height", "width")
        )
        own = []
        for thing in root.iter("object"):
            if not difficult and (thing.findtext("difficult") or "0").strip() not in ("0", ""):
                continue
            left, top, right, bottom = (
                float(_text(thing, f"bndbox/{side}")) for side in ("xmin", "ymin", "xmax", "ymax")
            )
            own.append((_text(thing, "name"), [left - 1, top - 1, right, bottom]))
        return (root.findtext("filename") or "").strip(), (height, width), own
    except (xml.etree.ElementTree.ParseError, ValueError, OSError) as error:
        raise DataError(f"{path}: no Pascal VOC annotation: {error}") from error


def _text(element: Any, place: str) -> str:
    found = element.findtext(place)
    if found is None:
        raise ValueError(f"it lacks {place}")
    return str(found).strip()


def _is_pascal(path: Path) -> bool:
    with path.open("rb") as opened:
        return opened.read(len(_PASCAL)) == _PASCAL.encode()


def _pascal(path: Path) -> tuple[str, tuple[int, int], list[_Thing]]:
    text = path.read_bytes().decode("latin-1")
    picture = re.search(r'Image filename : "([^"]+)"', text)
    size = re.search(r"Image size \(X x Y x C\) : (\d+) x (\d+)", text)
    try:
        if picture is None or size is None:
            raise ValueError("it lacks the image's name or size")
        own = []
        for found in _BOX.finditer(text):
            left, top, right, bottom = (float(value) for value in found.groups()[1:])
            own.append((found["name"], [left - 1, top - 1, right, bottom]))
    except ValueError as error:
        raise DataError(f"{path}: no Pascal annotation: {error}") from error
    return picture[1], (int(size[2]), int(size[1])), own


def read_yolo(labels: str | Path, pictures: str | Path) -> list[Labelled]:
    """A folder of YOLO's text files: label, middle and size in shares of the picture, a line each.

    A line of a label and three points or more is an outline, whose box is taken.

    Args:
        labels: folder of the text files; a picture without one has no boxes.
        pictures: folder of the images. Where it has folders, `labels` has the same.

    Raises:
        DataError: there are no such folders or pictures, or a line is none of a box.
    """
    if not Path(labels).is_dir():
        raise DataError(f"{labels}: no such folder: give that of YOLO's text files")
    folder = Path(pictures)
    return [
        _yolo(path, Path(labels) / path.relative_to(folder).with_suffix(".txt"))
        for path in list_pictures(folder)
    ]


def _yolo(picture: Path, file: Path) -> Labelled:
    rows = []
    lines = _read(file).splitlines() if file.exists() else []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            label, *values = (float(word) for word in line.split())
            outline = len(values) >= 6 and len(values) % 2 == 0
            if not (outline or len(values) == 4):
                raise ValueError
        except ValueError as error:
            raise DataError(
                f"{file}:{number}: '{line.strip()[:40]}': a line has a label and four numbers, or "
                "three points and more"
            ) from error
        if outline:
            x, y = values[::2], values[1::2]
            rows.append([min(x), min(y), max(x), max(y), label])
        else:
            across, down, width, height = values
            sides = [across - width / 2, down - height / 2, across + width / 2, down + height / 2]
            rows.append([*sides, label])
    return Labelled(picture, (0, 0), checked(rows, str(file), (1, 1)))


def read_yolo_yaml(file: str | Path, part: str = "train") -> tuple[list[Labelled], tuple[str, ...]]:
    """What a `data.yaml` of YOLO's names: folders of pictures, or lists of them, and the classes.

    Labels lie where pictures do, in a folder `labels` in place of `images`.

    Args:
        file: the YAML file.
        part: its key of the pictures: "train", "val" or "test".

    Raises:
        DataError: the file is none, lacks the part, or names a folder that is not there.
        ToolError: PyYAML is not installed.
    """
    require_packages("reading a data.yaml", "yaml")
    import yaml

    try:
        found = yaml.safe_load(_read(Path(file)))
        names = found["names"]
        places = found[part]
    except OSError as error:
        raise DataError(f"{file}: {error.strerror}: give YOLO's data.yaml") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: no YAML: {' '.join(str(error).split())}") from error
    except (KeyError, TypeError) as error:
        raise DataError(f"{file}: it lacks '{part}' or 'names': give YOLO's data.yaml") from error
    named = [names[k] for k in sorted(names)] if isinstance(names, dict) else list(names)
    read: list[Labelled] = []
    for place in [places] if isinstance(places, str) else places:
        at = _yolo_place(Path(file), str(found.get("path") or ""), str(place))
        listed = (
            [at.parent / line.strip() for line in _read(at).splitlines() if line.strip()]
            if at.suffix == ".txt"
            else list_pictures(at)
        )
        read += [_yolo(path, _label_file(path)) for path in listed]
    return read, tuple(str(name) for name in named)


def _yolo_place(file: Path, root: str, place: str) -> Path:
    """Where a place is, as the tools look for it that write such files."""
    roots = [file.parent / root, file.parent]
    tried = [at / name for at in roots for name in (place, place.removeprefix("../"))]
    for path in tried:
        if path.exists():
            return path
    raise DataError(f"{file}: no {tried[0]}: let '{place}' be a folder of pictures")


def _label_file(picture: Path) -> Path:
    """The labels of a picture: the last folder `images` on its way becomes `labels`."""
    parts = list(picture.with_suffix(".txt").parts)
    for n in range(len(parts) - 2, -1, -1):
        if parts[n] == "images":
            parts[n] = "labels"
            break
    return Path(*parts)
