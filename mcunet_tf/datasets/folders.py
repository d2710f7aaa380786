# SPDX-License-Identifier: Apache-2.0
"""Folders of files, one subfolder per class: images, and words spoken into a microphone."""

from __future__ import annotations

import hashlib
import re
import wave
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mcunet_tf.datasets.image_dataset import ImageDataset
from mcunet_tf.errors import DataError, require_packages

if TYPE_CHECKING:
    from numpy.typing import NDArray

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif")
TEST_SHARE = 0.1

SAMPLE_RATE_HZ = 16_000
_FRAME, _HOP, _FFT, _BANDS = 480, 320, 512, 40
_LOW_HZ, _HIGH_HZ = 20.0, 7600.0
# Natural logarithms of band magnitudes; everything audible lies between them.
_FLOOR, _CEILING = -7.0, 6.0

_Item = tuple[Path, int]


def load_image_folder(folder: Path | str, size: int, channels: int = 3) -> ImageDataset:
    """Reads `<folder>/<class>/*.jpg`, or `<folder>/train/<class>/` and `<folder>/test/<class>/`.

    Without a test folder a tenth of the images, chosen by the hash of their names, is set aside.

    Args:
        folder: folder of the classes; their names, sorted, become labels.
        size: height and width that all images are scaled to.
        channels: 1 for grey, 3 for colour.

    Raises:
        DataError: there are no classes or images, or a file is no image.
    """
    root = Path(folder)
    if (root / "train").is_dir() and (root / "test").is_dir():
        names = _classes(root / "train")
        train = _items(root / "train", names, IMAGE_SUFFIXES)
        test = _items(root / "test", names, IMAGE_SUFFIXES)
    else:
        names = _classes(root)
        items = _items(root, names, IMAGE_SUFFIXES)
        train = [item for item in items if not is_set_aside(item[0].name)]
        test = [item for item in items if is_set_aside(item[0].name)]

    def read(path: Path) -> NDArray[np.uint8]:
        return _read_image(path, size, channels)

    return _dataset(root.name, names, train, test, read)


def load_speech_commands(folder: Path | str, words: Sequence[str] | None = None) -> ImageDataset:
    """Reads `<folder>/<word>/*.wav` as log-mel spectrograms `[49, 40, 1]` in uint8.

    One second at 16 kHz gives 49 frames of 30 ms every 20 ms and 40 mel bands from 20 to 7600 Hz;
    0..255 stands for natural logarithms of magnitudes from -7 to 6. The test part is the one that
    the data set's `testing_list.txt` names, else a tenth by the hash of the speaker's name, so that
    no speaker is in both (Warden, arXiv:1804.03209).

    Args:
        folder: folder of the words.
        words: words to tell apart; by default every subfolder whose name begins with a letter.

    Raises:
        DataError: there are no words or recordings, or a file is no 16-bit mono recording.
    """
    root = Path(folder)
    names = tuple(words) if words else _classes(root)
    items = _items(root, names, (".wav",))
    listing = root / "testing_list.txt"
    if listing.is_file():
        listed = set(listing.read_text(encoding="utf-8").split())
        chosen = [f"{path.parent.name}/{path.name}" in listed for path, _ in items]
    else:
        chosen = [is_set_aside(re.sub(r"_nohash_.*$", "", path.stem)) for path, _ in items]
    train = [item for item, aside in zip(items, chosen, strict=True) if not aside]
    test = [item for item, aside in zip(items, chosen, strict=True) if aside]
    return _dataset(root.name, names, train, test, lambda p: spectrogram(_read_wav(p)))


def spectrogram(samples: NDArray[np.int16]) -> NDArray[np.uint8]:
    """The log-mel spectrogram `[49, 40, 1]` of one second; see `load_speech_commands`."""
    second = np.zeros(SAMPLE_RATE_HZ, np.float32)
    kept = samples[:SAMPLE_RATE_HZ]
    second[: len(kept)] = kept / np.float32(32768)
    count = (SAMPLE_RATE_HZ - _FRAME) // _HOP + 1
    starts = np.arange(count)[:, None] * _HOP
    frames = second[starts + np.arange(_FRAME)] * np.hanning(_FRAME)
    magnitudes = np.abs(np.fft.rfft(frames, _FFT)) @ _mel_bands().T
    logarithms = np.log(magnitudes + 1e-3)
    scaled = np.round(255 * (logarithms - _FLOOR) / (_CEILING - _FLOOR))
    pixels: NDArray[np.uint8] = np.clip(scaled, 0, 255).astype(np.uint8)[..., np.newaxis]
    return pixels


def _mel_bands() -> NDArray[np.float64]:
    """Triangular bands `[bands, bins]`, equally spaced on the mel scale."""

    def mel(hz: float) -> float:
        return float(1127 * np.log1p(hz / 700))

    edges = 700 * np.expm1(np.linspace(mel(_LOW_HZ), mel(_HIGH_HZ), _BANDS + 2) / 1127)
    bins = np.fft.rfftfreq(_FFT, 1 / SAMPLE_RATE_HZ)
    rising = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    bands: NDArray[np.float64] = np.maximum(0, np.minimum(rising, falling))
    return bands


def _classes(root: Path) -> tuple[str, ...]:
    if not root.is_dir():
        raise DataError(f"{root} is no folder: name one that holds a subfolder per class")
    names = sorted(p.name for p in root.iterdir() if p.is_dir() and p.name[0].isalnum())
    if len(names) < 2:
        raise DataError(
            f"{root} holds {len(names)} subfolders: there must be one per class, at least two"
        )
    return tuple(names)


def _items(root: Path, names: Sequence[str], suffixes: Sequence[str]) -> list[_Item]:
    found: list[_Item] = []
    for label, name in enumerate(names):
        paths = sorted((root / name).glob("*"))
        paths = [path for path in paths if path.suffix.lower() in suffixes]
        if not paths:
            raise DataError(f"{root / name} holds no {' or '.join(suffixes)} files")
        found += [(path, label) for path in paths]
    return found


def is_set_aside(name: str) -> bool:
    """Whether a name belongs to the tenth that is not trained on."""
    digest = hashlib.sha1(name.encode()).digest()
    return int.from_bytes(digest[:4], "big") < TEST_SHARE * 2**32


def _dataset(
    name: str,
    classes: tuple[str, ...],
    train: Sequence[_Item],
    test: Sequence[_Item],
    read: Callable[[Path], NDArray[np.uint8]],
) -> ImageDataset:
    for part, items in (("training", train), ("test", test)):
        if not items:
            raise DataError(f"{name}: no files are left for the {part} part: add more")

    def arrays(items: Sequence[_Item]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        labels = np.array([label for _, label in items], np.int64)
        return np.stack([read(path) for path, _ in items]), labels

    train_x, train_y = arrays(train)
    test_x, test_y = arrays(test)
    return ImageDataset(name, train_x, train_y, test_x, test_y, classes)


def _read_image(path: Path, size: int, channels: int) -> NDArray[np.uint8]:
    require_packages("reading images", "tensorflow")
    import tensorflow as tf

    try:
        image = tf.io.decode_image(path.read_bytes(), 3, expand_animations=False)
    except (OSError, tf.errors.InvalidArgumentError) as error:
        raise DataError(f"{path} is no image that can be read: remove or replace it") from error
    if channels == 1:
        image = tf.image.rgb_to_grayscale(image)
    scaled = tf.image.resize(image, (size, size), antialias=True).numpy()
    pixels: NDArray[np.uint8] = np.clip(np.round(scaled), 0, 255).astype(np.uint8)
    return pixels


def _read_wav(path: Path) -> NDArray[np.int16]:
    try:
        with wave.open(str(path)) as file:
            form = (file.getnchannels(), file.getsampwidth(), file.getframerate())
            content = file.readframes(file.getnframes())
    except (OSError, EOFError, wave.Error) as error:
        raise DataError(f"{path} is no .wav file that can be read: {error}") from error
    if form != (1, 2, SAMPLE_RATE_HZ):
        raise DataError(
            f"{path} has {form[0]} channels of {8 * form[1]} bits at {form[2]} Hz; it must be "
            f"mono, 16 bits, {SAMPLE_RATE_HZ} Hz: convert it"
        )
    return np.frombuffer(content, "<i2").astype(np.int16)
