# SPDX-License-Identifier: Apache-2.0
"""A camera in front of a network: what its rows are, and how they become the network's input."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.errors import VisionError
from mcunet_tf.vision.checks import require, require_choice, require_real, require_whole
from mcunet_tf.vision.tables import raw_values

Array = npt.NDArray[Any]

FORMATS = {"grey8": 1, "rgb565": 2, "rgb565le": 2, "rgb888": 3, "yuv422": 2, "bayer8": 1}
"""Bytes of a sensor's pixel by format."""
FITS = ("crop", "letterbox", "stretch")
ROTATIONS = (0, 90, 180, 270)
RAW = "raw"
MOSAICS = ("rggb", "bggr", "grbg", "gbrg")
LARGEST = {"rgb565": (31, 63, 31), "rgb565le": (31, 63, 31)}
"""The largest value of each part of a pixel, where it is not 255."""
_RANGES = {"0 to 1": (0.0, 1.0), "-1 to 1": (-1.0, 1.0), "0 to 255": (0.0, 255.0)}
_GREY = (0.299, 0.587, 0.114)  # ITU-R BT.601
_NUMBER = r"-?\d+(?:\.\d+)?"
_NEAR = 0.04  # of a range's width: how far a scale may be off it
_GREY_BITS = 8
MAX_STEP = 4
"""Target pixels whose source pixels are written out, where they are packed."""
_SYNTAX = (
    "FORMAT:WIDTHxHEIGHT, such as rgb565:320x240, then after colons crop, letterbox or stretch, "
    "rotate90, rotate180 or rotate270, mirror, of bayer8 the order of colours, and what black and "
    "white are to the network, such as -2.1..2.6, or raw"
)


@dataclass(frozen=True)
class Camera:
    """A sensor's rows, and how they are brought to a network's input.

    Attributes:
        format: of FORMATS: grey8; rgb565, the high byte first as sensors send it, or rgb565le;
            rgb888; yuv422, which is Y U Y V; bayer8.
        width: pixels of a sensor's row; even for yuv422 and bayer8.
        height: rows of a frame.
        fit: "crop" takes the largest part of the network's shape from the middle, "letterbox" the
            whole frame with bars, "stretch" the whole frame whatever its shape.
        rotation: degrees by which the picture is turned clockwise; other than 0 needs the whole
            input in memory.
        mirror: whether left and right change places, before it is turned.
        mosaic: the colours of bayer8's first two rows.
        fill: brightness of the bars, 0 to 255.
        range: what black and white are to the network, where its input's scale does not say so:
            two numbers; or "raw", brightness as it is, less 128 for int8.

    Raises:
        VisionError: a setting cannot be; the message says what can.
    """

    format: str = "rgb565"
    width: int = 320
    height: int = 240
    fit: str = "crop"
    rotation: int = 0
    mirror: bool = False
    mosaic: str = "rggb"
    fill: int = 128
    range: tuple[float, float] | str | None = None

    def __post_init__(self) -> None:
        require_choice("camera format", self.format, tuple(FORMATS))
        require_whole("camera width", self.width, 2, 2047, " pixels")
        require_whole("camera height", self.height, 2, 2047, " rows")
        require_choice("fit", self.fit, FITS)
        require_choice("mosaic", self.mosaic, MOSAICS)
        require_whole("fill", self.fill, 0, 255)
        if self.range is not None and self.range != RAW:
            ends: tuple[float, ...] = self.range if isinstance(self.range, tuple) else ()
            require(len(ends) == 2, f"range={self.range!r}: give two numbers, or {RAW!r}")
            for end in ends:
                require_real("an end of the range", end, -1e6, 1e6)
            require(ends[0] < ends[-1], f"range={self.range!r}: black comes first, and is less")
        turned = self.rotation in ROTATIONS
        require(turned, f"rotation={self.rotation!r}: give 0, 90, 180 or 270 degrees")
        paired = self.format in ("yuv422", "bayer8")
        require(
            not (paired and self.width % 2) and not (self.format == "bayer8" and self.height % 2),
            f"{self.format} of {self.width}x{self.height}: its pixels come in pairs: give even "
            "numbers",
        )

    @property
    def row_bytes(self) -> int:
        """Bytes of a sensor's row."""
        return self.width * FORMATS[self.format]

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of pixels that have all colours."""
        half = 2 if self.format == "bayer8" else 1
        return self.height // half, self.width // half


def read_camera(text: str) -> Camera:
    """A camera from a command line's words.

    Raises:
        VisionError: a word is unknown, or the camera cannot be.
    """
    format_, *rest = text.split(":")
    size = re.fullmatch(r"(\d{1,5})x(\d{1,5})", rest[0]) if rest else None
    require(size is not None, f"camera '{text}': say {_SYNTAX}")
    assert size is not None
    settings: dict[str, Any] = {"width": int(size[1]), "height": int(size[2])}
    for word in rest[1:]:
        if word in FITS:
            settings["fit"] = word
        elif word in MOSAICS:
            settings["mosaic"] = word
        elif word == RAW:
            settings["range"] = RAW
        elif pair := re.fullmatch(rf"({_NUMBER})\.\.({_NUMBER})", word):
            settings["range"] = (float(pair[1]), float(pair[2]))
        elif word == "mirror":
            settings["mirror"] = True
        elif re.fullmatch(r"rotate(0|90|180|270)", word):
            settings["rotation"] = int(word.removeprefix("rotate"))
        else:
            raise VisionError(f"camera '{text}': '{word}' is unknown: say {_SYNTAX}")
    return Camera(format_, **settings)


@dataclass(frozen=True, eq=False)
class Taps:
    """Which source pixels make each target along an axis.

    Attributes:
        first: [targets] the first source pixel.
        weights: of each target; their sum is `total` everywhere.
    """

    first: tuple[int, ...]
    weights: tuple[tuple[int, ...], ...]
    total: int

    def matrix(self, sources: int) -> Array:
        """[targets, sources], int64."""
        made = np.zeros((len(self.first), sources), np.int64)
        for target, (first, weights) in enumerate(zip(self.first, self.weights, strict=True)):
            made[target, first : first + len(weights)] = weights
        return made

    def slots(self, halves: bool) -> int:
        """Targets that are begun and not complete at once; within a row too, if it has halves."""
        ends = [f + len(w) for f, w in zip(self.first, self.weights, strict=True)]
        last = [end - 1 + halves for end in ends]
        rows = range(max(last) + 1)
        waiting = [sum(f <= r < e for f, e in zip(self.first, last, strict=True)) for r in rows]
        return max(1, *waiting)


@functools.cache
def taps(sources: int, targets: int) -> Taps:
    """Area averages where an axis gets shorter, else lines between the middles of pixels."""
    if targets <= sources:
        common = math.gcd(sources, targets)
        span, step = sources // common, targets // common
        first, weights = [], []
        for target in range(targets):
            begin, end = target * span, (target + 1) * span
            covered = range(begin // step, -(-end // step))
            first.append(covered[0])
            weights.append(tuple(min(end, (k + 1) * step) - max(begin, k * step) for k in covered))
        return Taps(tuple(first), tuple(weights), span)
    unit, first, weights = 2 * targets, [], []
    for target in range(targets):
        place = min(max((2 * target + 1) * sources - targets, 0), unit * (sources - 1))
        below, share = divmod(place, unit)
        first.append(below)
        weights.append((unit - share, share) if share else (unit,))
    return Taps(tuple(first), tuple(weights), unit)


@dataclass(frozen=True, eq=False)
class Path:
    """The way from a sensor's rows to a network's input, all numbers of it.

    Attributes:
        camera: the sensor.
        input: height, width and channels of the network's input.
        values: what each brightness is there, int8 or uint8 [256].
        origin: row and column of the first pixel that counts.
        part: rows and columns of pixels that count.
        target: rows and columns that they become, in the sensor's orientation.
        place: row and column of these within the input, before it is turned.
        rows, columns: the taps.
    """

    camera: Camera
    input: tuple[int, int, int]
    values: Array
    origin: tuple[int, int]
    part: tuple[int, int]
    target: tuple[int, int]
    place: tuple[int, int]

    @property
    def rows(self) -> Taps:
        """Source rows of target rows."""
        return taps(self.part[0], self.target[0])

    @property
    def columns(self) -> Taps:
        """Source columns of target columns."""
        return taps(self.part[1], self.target[1])

    @property
    def frame(self) -> tuple[int, int]:
        """Rows and columns of the input in the sensor's orientation."""
        height, width, _ = self.input
        return (width, height) if self.camera.rotation % 180 else (height, width)

    @property
    def slots(self) -> int:
        """Target rows that are under way at once."""
        return self.rows.slots(self.camera.format == "bayer8")

    @property
    def sums(self) -> int:
        """Sums that are kept of a pixel: one where only its brightness counts."""
        return 1 if self.input[2] == 1 or self.camera.format == "grey8" else 3

    @property
    def bits(self) -> int:
        """Fraction bits of the weights that make grey."""
        room = 2**32 // (2 * 256 * self.rows.total * self.columns.total)
        return min(_GREY_BITS, max(room.bit_length() - 1, 0))

    @property
    def grey(self) -> tuple[int, int, int]:
        """What red, green and blue weigh, where one sum is kept."""
        if self.camera.format == "grey8":
            return (1, 0, 0)
        if self.camera.format == "yuv422":
            return (1 << self.bits, 0, 0)
        largest = LARGEST.get(self.camera.format, (255,) * 3)
        halves = (1, 2, 1) if self.camera.format == "bayer8" else (1, 1, 1)
        parts = zip(_GREY, largest, halves, strict=True)
        red, green, blue = (
            math.floor(share * 255 / (most * twice) * (1 << self.bits) + 0.5)
            for share, most, twice in parts
        )
        return red, green, blue

    @property
    def _factors(self) -> tuple[float, float, float]:
        """From sums to 0 ... 255."""
        total = self.rows.total * self.columns.total
        if self.sums == 1:
            scale = 1 if self.camera.format == "grey8" else 1 << self.bits
            return (1 / (total * scale),) * 3
        largest = LARGEST.get(self.camera.format, (255,) * 3)
        halves = (1, 2, 1) if self.camera.format == "bayer8" else (1, 1, 1)
        pairs = zip(largest, halves, strict=True)
        first, second, third = (255 / (most * twice * total) for most, twice in pairs)
        return first, second, third

    @property
    def shift(self) -> int:
        """Fraction bits of the reciprocals, as many as 31 bits hold."""
        return min(31 - math.frexp(max(self._factors))[1], 48)

    @property
    def reciprocals(self) -> tuple[int, int, int]:
        """From sums to 0 ... 255, `shift` fraction bits."""
        first, second, third = (
            math.floor(factor * (1 << self.shift) + 0.5) for factor in self._factors
        )
        return first, second, third

    @property
    def step(self) -> int:
        """Parts of a source pixel, of which a target pixel takes so many as a row's sum."""
        return self.target[1] // math.gcd(self.part[1], self.target[1])

    @property
    def is_packed(self) -> bool:
        """Whether parts of a pixel fit side by side in a word."""
        smaller = all(t <= s for t, s in zip(self.target, self.part, strict=True))
        packed = self.camera.format == "rgb565" and self.sums == 1
        brightest = sum(g * most for g, most in zip(self.grey, LARGEST["rgb565"], strict=True))
        brightest *= self.rows.total * self.columns.total * self.reciprocals[0]
        packed = packed and (brightest + (1 << self.shift - 1)) >> self.shift <= 255
        packed = packed and self.rows.total * self.columns.total <= 32
        return packed and smaller and self.step <= MAX_STEP


def path_to(camera: Camera, info: Any) -> Path:
    """The way from a camera to an input.

    Args:
        camera: the sensor.
        info: shape, dtype, scale and zero_point of the input, as `CompiledModel.inputs`.

    Raises:
        VisionError: the input is no image of one or three colours, or of another range.
    """
    shape = tuple(info.shape)
    image = len(shape) == 4 and shape[0] == 1 and shape[3] in (1, 3) and info.dtype in _TYPES
    require(
        image,
        f"input '{info.name}' is {info.dtype} {list(shape)}: a camera gives int8 images "
        "[1, height, width, 1 or 3]",
    )
    height, width, channels = shape[1:]
    rows, columns = (width, height) if camera.rotation % 180 else (height, width)
    sensor_rows, sensor_columns = camera.size
    part, target = (sensor_rows, sensor_columns), (rows, columns)
    wide = sensor_columns * rows > sensor_rows * columns
    if camera.fit == "crop":
        part = (
            (sensor_rows, max(1, sensor_rows * columns // rows))
            if wide
            else (max(1, sensor_columns * rows // columns), sensor_columns)
        )
    elif camera.fit == "letterbox":
        target = (
            (max(1, sensor_rows * columns // sensor_columns), columns)
            if wide
            else (rows, max(1, sensor_columns * rows // sensor_rows))
        )
    origin = ((sensor_rows - part[0]) // 2, (sensor_columns - part[1]) // 2 // 2 * 2)
    place = ((rows - target[0]) // 2, (columns - target[1]) // 2)
    values = _values(info, camera.range)
    path = Path(camera, (height, width, channels), values, origin, part, target, place)
    total = path.rows.total * path.columns.total * (2 if camera.format == "bayer8" else 1)
    require(
        total * 255 < 2**32 and max(path.rows.total, path.columns.total) < 2**16,
        f"{camera.width}x{camera.height} pixels for an input of {width}x{height}: sums too large: "
        "give sizes with a common divisor, or smaller ones",
    )
    return path


_TYPES = ("int8", "uint8")


def _values(info: Any, told: tuple[float, float] | str | None) -> Array:
    """What each brightness is in the input: as told, else of the range that its scale fits."""
    steps, limits = np.arange(256), np.iinfo(info.dtype)
    if told == RAW:
        whole: Array = (steps + limits.min).astype(info.dtype)
        return whole
    found = told if isinstance(told, tuple) else _range_of(info)
    real = found[0] + (found[1] - found[0]) * steps / 255
    rounded = np.floor(real / np.float64(np.float32(info.scale)) + 0.5) + info.zero_point
    made: Array = np.clip(rounded, limits.min, limits.max).astype(info.dtype)
    return made


def _range_of(info: Any) -> tuple[float, float]:
    raw = raw_values(info.scale, info.zero_point + (-128 if info.dtype == "uint8" else 0))
    low, high = float(raw[0]), float(raw[-1])
    for begin, end in _RANGES.values():
        near = _NEAR * (end - begin)
        if abs(low - begin) <= near and abs(high - end) <= near:
            return begin, end
    raise VisionError(
        f"input '{info.name}' goes from {low:.3g} to {high:.3g}, which is none of "
        f"{', '.join(_RANGES)}: say what black and white are to it, such as "
        f"{low:.3g}..{high:.3g} behind the camera's size, or raw"
    )


def see(path: Path, frame: bytes | Array) -> Array:
    """The network's input of a frame: the numpy form, equal to the C form bit for bit.

    Args:
        path: from `path_to`.
        frame: the sensor's bytes, row behind row, or an array of uint8 [rows, bytes of a row].

    Returns:
        [1, height, width, channels], of the input's type.

    Raises:
        VisionError: the frame has another size than the camera's.
    """
    camera = path.camera
    given = np.frombuffer(frame, np.uint8) if isinstance(frame, bytes) else np.asarray(frame)
    wanted = camera.height * camera.row_bytes
    require(
        given.dtype == np.uint8 and given.size == wanted,
        f"a frame of {given.size} B: {camera.format} of {camera.width}x{camera.height} has "
        f"{wanted}",
    )
    parts = _parts(camera, given.reshape(camera.height, camera.row_bytes).astype(np.int64))
    (top, left), (rows, columns) = path.origin, path.part
    parts = parts[top : top + rows, left : left + columns]
    across = np.einsum("yxp,tx->ytp", parts, path.columns.matrix(columns))
    if path.sums == 1:
        across = across @ np.array(path.grey[: across.shape[2]])[:, None]
    whole = np.einsum("ytp,uy->utp", across, path.rows.matrix(rows))
    reciprocals = [np.uint64(r) for r in path.reciprocals[: path.sums]]
    shift = np.uint64(path.shift)
    half = np.uint64(1 << path.shift - 1)
    levels = (whole.astype(np.uint64) * np.array(reciprocals) + half) >> shift
    levels = np.minimum(levels, np.uint64(255)).astype(np.int64)
    if path.sums == 3 and camera.format == "yuv422":
        levels = _colours(levels)
    image = np.broadcast_to(levels[..., : path.input[2]], (*path.target, path.input[2]))
    return _placed(path, path.values[image])


def _parts(camera: Camera, rows: Array) -> Array:
    """The parts of every pixel, [rows, columns, parts]."""
    if camera.format == "grey8":
        return rows[..., None]
    if camera.format == "rgb888":
        return rows.reshape(camera.height, camera.width, 3)
    if camera.format == "yuv422":
        pairs = rows.reshape(camera.height, -1, 4)
        y = pairs[..., ::2].reshape(camera.height, -1)
        return np.stack([y, *(np.repeat(pairs[..., k], 2, axis=1) for k in (1, 3))], axis=-1)
    if camera.format == "bayer8":
        squares = rows.reshape(camera.height // 2, 2, camera.width // 2, 2)
        row, column = red_of(camera.mosaic)
        red = squares[:, row, :, column]
        green = squares[:, row, :, 1 - column] + squares[:, 1 - row, :, column]
        return np.stack([red, green, squares[:, 1 - row, :, 1 - column]], axis=-1)
    pairs = rows.reshape(camera.height, -1, 2)
    high, low = (0, 1) if camera.format == "rgb565" else (1, 0)
    words = pairs[..., high] << 8 | pairs[..., low]
    return np.stack([words >> 11, words >> 5 & 63, words & 31], axis=-1)


def red_of(mosaic: str) -> tuple[int, int]:
    """Row and column of red."""
    return divmod(mosaic.index("r"), 2)


def _colours(levels: Array) -> Array:
    """Red, green and blue of Y, U and V."""
    y, u, v = levels[..., 0], levels[..., 1] - 128, levels[..., 2] - 128
    red = y + ((359 * v + 128) >> 8)
    green = y - ((88 * u + 183 * v + 128) >> 8)
    blue = y + ((454 * u + 128) >> 8)
    clipped: Array = np.clip(np.stack([red, green, blue], axis=-1), 0, 255)
    return clipped


def _placed(path: Path, image: Array) -> Array:
    """The picture within its bars, mirrored and turned."""
    frame = np.full((*path.frame, path.input[2]), path.values[path.camera.fill], image.dtype)
    (top, left), (rows, columns) = path.place, path.target
    frame[top : top + rows, left : left + columns] = image
    frame = frame[:, ::-1] if path.camera.mirror else frame
    turned: Array = np.rot90(frame, -path.camera.rotation // 90)
    return np.ascontiguousarray(turned)[None]


def sources_of(path: Path, boxes: Sequence[Sequence[float]]) -> list[tuple[float, ...]]:
    """Boxes in pixels of the input, as boxes in pixels of the sensor, of a picture not turned."""
    require(path.camera.rotation == 0 and not path.camera.mirror, "the picture is turned")
    made = []
    for left, top, right, bottom in boxes:
        y, x = (s / t for s, t in zip(path.part, path.target, strict=True))
        corners = [
            path.origin[1] + (left - path.place[1]) * x,
            path.origin[0] + (top - path.place[0]) * y,
            path.origin[1] + (right - path.place[1]) * x,
            path.origin[0] + (bottom - path.place[0]) * y,
        ]
        made.append(tuple(corners))
    return made
