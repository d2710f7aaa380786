# SPDX-License-Identifier: Apache-2.0
"""Pictures as files: as a sensor would send them, and with boxes drawn in. Needs Pillow."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.errors import VisionError, require_packages
from mcunet_tf.vision.boxes import UNITS
from mcunet_tf.vision.camera import Camera, red_of
from mcunet_tf.vision.decoder import Decoder

Array = npt.NDArray[Any]

_COLOURS = ("#ff3b30", "#34c759", "#0a84ff", "#ffcc00", "#af52de", "#ff9500", "#00c7be", "#ff2d55")
GREY = (0.299, 0.587, 0.114)
"""What red, green and blue weigh, ITU-R BT.601."""
PICTURES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".pgm", ".ppm")
"""Endings of files that are taken for pictures."""
_ORIENTATION = 0x0112  # EXIF's tag
_BARS = (128, 128, 128)
_LARGER = 4  # times the network's input, as it is shown


@dataclass(frozen=True)
class Opened:
    """A picture's file: its size as stored and as it is shown, and how it is turned for that.

    Attributes:
        stored: rows and columns in the file.
        orientation: of EXIF, 1 to 8; from 5 on rows and columns change places.
    """

    stored: tuple[int, int]
    orientation: int

    @property
    def upright(self) -> tuple[int, int]:
        """Rows and columns as it is shown."""
        return self.stored[::-1] if self.orientation > 4 else self.stored

    def turned(self, boxes: Array) -> Array:
        """Boxes in shares of the stored picture, in shares of the upright one."""
        made = boxes.copy()
        left, top, right, bottom = boxes[:, :4].T
        if self.orientation > 4:
            left, top, right, bottom = top, left, bottom, right
        if self.orientation in (2, 3, 6, 7):
            left, right = 1 - right, 1 - left
        if self.orientation in (3, 4, 7, 8):
            top, bottom = 1 - bottom, 1 - top
        made[:, :4] = np.stack([left, top, right, bottom], axis=1)
        return made


@contextlib.contextmanager
def _opened(path: str | Path) -> Generator[Any]:
    """A picture of Pillow's; whatever goes wrong with its file ends in one line."""
    require_packages("reading pictures", "PIL")
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path) as opened:
            yield opened
    except UnidentifiedImageError as error:
        raise VisionError(f"{path}: no picture: give a PNG, JPEG, PGM or PPM file") from error
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        said = getattr(error, "strerror", None) or str(error).split("\n")[0]
        raise VisionError(f"{path}: {said}: give a whole picture file") from error


def open_picture(path: str | Path) -> Opened:
    """What a picture's file says of itself, without its pixels.

    Raises:
        VisionError: the file cannot be read, or is no picture.
        ToolError: Pillow is not installed.
    """
    with _opened(path) as opened:
        found = opened.getexif().get(_ORIENTATION, 1)
        orientation = found if isinstance(found, int) and 1 <= found <= 8 else 1
        return Opened((opened.height, opened.width), orientation)


def picture_size(path: str | Path) -> tuple[int, int]:
    """Rows and columns of a picture as it is shown; raises as `open_picture` does."""
    return open_picture(path).upright


def read_picture(path: str | Path, size: tuple[int, int], fit: str = "crop") -> Array:
    """A picture of any common format as a sensor of that size sees it, upright and scaled.

    Args:
        path: a PNG, JPEG, PGM, PPM or other file; grey, of 16 bits, or of print's colours, too.
        size: height and width.
        fit: "crop", the middle part; "letterbox", all of it with grey bars; "stretch", all of it.

    Returns:
        Red, green and blue, uint8 [height, width, 3].

    Raises:
        VisionError: the file cannot be read, is no picture, or ends too early.
        ToolError: Pillow is not installed.
    """
    with _opened(path) as opened:
        from PIL import Image, ImageOps

        upright = _in_colour(ImageOps.exif_transpose(opened))
        target = (size[1], size[0])
        if fit == "stretch":
            fitted = upright.resize(target, Image.Resampling.BICUBIC)
        elif fit == "letterbox":
            fitted = ImageOps.pad(upright, target, color=_BARS)
        else:
            fitted = ImageOps.fit(upright, target)
        return np.asarray(fitted, np.uint8)


def _in_colour(picture: Any) -> Any:
    """Red, green and blue of any kind of picture; Pillow would cut 16 bits off at 255."""
    from PIL import Image

    if picture.mode.startswith(("I", "F")):
        values = np.asarray(picture, np.float64)
        most = values.max(initial=0)
        if picture.mode.startswith("I;16") or most > 255:
            values = values / 257
        elif picture.mode == "F" and most <= 1:
            values = values * 255
        picture = Image.fromarray(_bytes(values))
    return picture.convert("RGB")


def sensor_frame(camera: Camera, picture: Array) -> Array:
    """The bytes that a sensor sends of a picture, uint8 [height, bytes of a row].

    Args:
        camera: the sensor.
        picture: red, green and blue, uint8 [height, width, 3].
    """
    red, green, blue = (picture[..., k].astype(np.float64) for k in range(3))
    grey = 0.299 * red + 0.587 * green + 0.114 * blue
    if camera.format == "grey8":
        return _bytes(grey)
    if camera.format == "rgb888":
        return picture.reshape(camera.height, -1)
    if camera.format == "yuv422":
        u, v = 128 + 0.564 * (blue - grey), 128 + 0.713 * (red - grey)
        pairs = np.arange(camera.width) % 2 == 1
        u = np.repeat((u[:, ::2] + u[:, 1::2]) / 2, 2, axis=1)
        v = np.repeat((v[:, ::2] + v[:, 1::2]) / 2, 2, axis=1)
        return _bytes(np.stack([grey, np.where(pairs, v, u)], axis=-1)).reshape(camera.height, -1)
    if camera.format == "bayer8":
        row, column = red_of(camera.mosaic)
        sent = picture[..., 1].copy()
        sent[row::2, column::2] = picture[row::2, column::2, 0]
        sent[1 - row :: 2, 1 - column :: 2] = picture[1 - row :: 2, 1 - column :: 2, 2]
        return sent
    parts = picture.astype(np.uint16)
    words = parts[..., 0] >> 3 << 11 | parts[..., 1] >> 2 << 5 | parts[..., 2] >> 3
    order = ">u2" if camera.format == "rgb565" else "<u2"
    return words.astype(order).view(np.uint8).reshape(camera.height, -1)


def _bytes(values: Array) -> Array:
    rounded: Array = np.clip(np.floor(values + 0.5), 0, 255).astype(np.uint8)
    return rounded


def draw_boxes(image: Array, boxes: Array, decoder: Decoder | None, path: str | Path) -> None:
    """Writes what the network saw, larger, with boxes in it, as a PNG file.

    Args:
        image: the network's input as brightness, uint8 [height, width, 1 or 3].
        boxes: of dtype `BOX`.
        decoder: names the labels.
        path: of the PNG file.

    Raises:
        VisionError: the file cannot be written.
        ToolError: Pillow is not installed.
    """
    require_packages("drawing pictures", "PIL")
    from PIL import Image, ImageDraw

    height, width, _ = image.shape
    seen = Image.fromarray(np.broadcast_to(image, (height, width, 3)).copy())
    canvas = seen.resize((width * _LARGER, height * _LARGER), Image.Resampling.NEAREST)
    pen = ImageDraw.Draw(canvas)
    for box in boxes[::-1]:
        sides = [int(box[name]) * _LARGER / UNITS for name in ("left", "top", "right", "bottom")]
        colour = _COLOURS[int(box["label"]) % len(_COLOURS)]
        pen.rectangle(sides, outline=colour, width=2)
        label = decoder.label(int(box["label"])) if decoder else str(int(box["label"]))
        said = f"{label.encode('ascii', 'replace').decode()} {int(box['score']) / 327.67:.0f} %"
        place = (sides[0] + 3, max(sides[1] - 12, 1))
        pen.rectangle(pen.textbbox(place, said), fill="black")
        pen.text(place, said, fill=colour)
    try:
        canvas.save(path, "PNG")
    except OSError as error:
        raise VisionError(
            f"{path}: {error.strerror or error}: name a folder to write in"
        ) from error


def brightness_of(values: Sequence[int] | Array, image: Array) -> Array:
    """The brightness that each value of a network's input stands for, uint8.

    Args:
        values: the table of the way there, `Path.values`.
        image: the input.
    """
    table = np.asarray(values).astype(np.int64)
    found: Array = np.searchsorted(table, image.astype(np.int64)).clip(0, 255).astype(np.uint8)
    return found
