# SPDX-License-Identifier: Apache-2.0
"""Spoken words from a folder of WAV files per word, with what makes few recordings many."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.audio import FrontEnd, LogMel, read_wav
from mcunet_tf.datasets.folders import class_folders, is_set_aside
from mcunet_tf.errors import DataError, require_packages

Samples = npt.NDArray[np.int16]
Reals = npt.NDArray[np.float32]

SILENCE, UNKNOWN, BACKGROUND = "_silence_", "_unknown_", "_background_noise_"
PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Augmentation:
    """How a clip is changed, anew each time; all values are drawn between 0 or -x, and x.

    Attributes:
        shift_ms: it begins so much earlier or later.
        speed: share by which it is faster or slower, its pitch too.
        gain_db: louder or quieter.
        noise: share of the clips that other sound is mixed into.
        noise_db: how far that sound is below the clip at least, and at most.
        time_masks: runs of rows that become the clip's mean, as SpecAugment has it.
        time_width: rows of such a run at most.
        band_masks: the same of features.
        band_width: features of such a run at most.
    """

    shift_ms: float = 100.0
    speed: float = 0.1
    gain_db: float = 6.0
    noise: float = 0.8
    noise_db: tuple[float, float] = (0.0, 30.0)
    time_masks: int = 1
    time_width: int = 5
    band_masks: int = 1
    band_width: int = 2

    def __post_init__(self) -> None:
        for name in ("shift_ms", "gain_db", "time_masks", "time_width", "band_masks", "band_width"):
            value = getattr(self, name)
            if not np.isfinite(value) or value < 0:
                raise DataError(f"{name}={value}: give 0 or more")
        if not (0 <= self.speed < 1 and 0 <= self.noise <= 1):
            raise DataError(f"speed={self.speed}, noise={self.noise}: give shares from 0 to 1")
        if not self.noise_db[0] <= self.noise_db[1]:
            raise DataError(f"noise_db={self.noise_db}: give the lower one first")


@dataclass(frozen=True, eq=False)
class SpokenWords:
    """Clips of words, in three parts, and the front end that makes features of them.

    Attributes:
        labels: names of the classes: the words, then `_silence_` and `_unknown_`, where they are.
        clips: by part, int16 [n, samples].
        targets: by part, the labels' numbers [n].
        background: other sound, int16 [count].
        front_end: makes the features.
        augmentation: what a search trains on changed clips by; None: by none.
        copies: of every training clip, for a search.
    """

    labels: tuple[str, ...]
    clips: dict[str, Samples]
    targets: dict[str, npt.NDArray[np.int64]]
    background: Samples
    front_end: FrontEnd | LogMel
    augmentation: Augmentation | None = dataclasses.field(default_factory=Augmentation)
    copies: int = 2

    def training_arrays(self, seed: int = 0) -> tuple[Reals, npt.NDArray[np.int64]]:
        """Features and labels that a search trains on: `copies` of each clip, changed."""
        return self.arrays("train", self.augmentation, self.copies, seed)

    def features(self, clips: Samples) -> Reals:
        """What a network is trained on: float32 [n, rows, values, 1]."""
        made = np.stack([self.front_end.features(clip) for clip in clips])
        if isinstance(self.front_end, LogMel):
            return self.front_end.real(made)[..., None]
        return made.astype(np.float32)[..., None]

    def arrays(
        self, part: str, augmentation: Augmentation | None = None, copies: int = 1, seed: int = 0
    ) -> tuple[Reals, npt.NDArray[np.int64]]:
        """Features and labels of a part, for `mcunet_tf.search` or Keras.

        Args:
            part: "train", "validation" or "test".
            augmentation: changes every clip; None leaves them as they are.
            copies: of every clip, each changed in another way.
            seed: of all that is drawn.
        """
        clips, targets = self._part(part)
        if augmentation is None:
            return np.tile(self.features(clips), (copies, 1, 1, 1)), np.tile(targets, copies)
        rng = np.random.default_rng(seed)
        made = [self._changed(clip, augmentation, rng) for _ in range(copies) for clip in clips]
        return np.stack(made), np.tile(targets, copies)

    def dataset(self, part: str, augmentation: Augmentation | None = None, seed: int = 0) -> Any:
        """A `tf.data.Dataset` of samples, shuffled and changed anew in every epoch.

        Raises:
            ToolError: TensorFlow is not installed.
        """
        require_packages("a tf.data pipeline of words", "tensorflow")
        import tensorflow as tf

        clips, targets = self._part(part)
        epochs = iter(range(1 << 30))

        def samples() -> Iterator[tuple[Reals, int]]:
            rng = np.random.default_rng([seed, next(epochs)])
            for k in rng.permutation(len(clips)):
                if augmentation is None:
                    yield self.features(clips[k : k + 1])[0], int(targets[k])
                else:
                    yield self._changed(clips[k], augmentation, rng), int(targets[k])

        shape = self.features(clips[:1]).shape[1:]
        form = (tf.TensorSpec(shape, tf.float32), tf.TensorSpec((), tf.int64))
        data = tf.data.Dataset.from_generator(samples, output_signature=form)
        return data.apply(tf.data.experimental.assert_cardinality(len(clips)))

    def _part(self, part: str) -> tuple[Samples, npt.NDArray[np.int64]]:
        if part not in PARTS:
            raise DataError(f"there is no part {part!r}: name one of {', '.join(PARTS)}")
        return self.clips[part], self.targets[part]

    def _changed(self, clip: Samples, how: Augmentation, rng: np.random.Generator) -> Reals:
        changed = change_clip(clip, self.background, self.front_end.sample_rate, how, rng)
        return mask(self.features(changed[None])[0], how, rng)


def change_clip(
    clip: Samples,
    background: Samples,
    sample_rate: int,
    how: Augmentation,
    rng: np.random.Generator,
) -> Samples:
    """A clip at another speed, time and loudness, with other sound; as long as before."""
    count = len(clip)
    speed = 1 + rng.uniform(-how.speed, how.speed)
    shift = rng.uniform(-how.shift_ms, how.shift_ms) * sample_rate / 1000
    middle = count / 2
    places = (np.arange(count) - middle) * speed + middle - shift
    wave = np.interp(places, np.arange(count), clip.astype(np.float64), left=0.0, right=0.0)
    wave *= 10 ** (rng.uniform(-how.gain_db, how.gain_db) / 20)
    if len(background) > count and rng.random() < how.noise:
        first = int(rng.integers(len(background) - count))
        other = background[first : first + count].astype(np.float64)
        level = np.sqrt(np.mean(wave**2)) / max(float(np.sqrt(np.mean(other**2))), 1.0)
        below = rng.uniform(*how.noise_db)
        # Silence has no level: the sound then is as it was recorded.
        wave = wave + other * (level * 10 ** (-below / 20) if level > 0 else 1.0)
    made: Samples = np.clip(np.round(wave), -32768, 32767).astype(np.int16)
    return made


def mask(features: Reals, how: Augmentation, rng: np.random.Generator) -> Reals:
    """Runs of rows and of features become the mean (SpecAugment, Park et al. 2019)."""
    made, mean = features.copy(), features.mean()
    for axis, runs, widest in (
        (0, how.time_masks, how.time_width),
        (1, how.band_masks, how.band_width),
    ):
        for _ in range(runs):
            width = int(rng.integers(min(widest, made.shape[axis]) + 1))
            first = int(rng.integers(made.shape[axis] - width + 1))
            place = slice(first, first + width)
            made[(place, slice(None)) if axis == 0 else (slice(None), place)] = mean
    return made


def load_spoken_words(
    folder: Path | str,
    words: Sequence[str] | None = None,
    front_end: FrontEnd | LogMel | None = None,
    *,
    seconds: float = 1.0,
    silence: float = 0.1,
    unknown: float = 0.1,
    seed: int = 0,
) -> SpokenWords:
    """Reads `<folder>/<word>/*.wav`, the layout of Speech Commands.

    `_silence_` is made of pieces of `_background_noise_`, unless a folder of that name has clips;
    `_unknown_` of the other words' folders, unless a folder of that name has clips. Parts are those
    of `validation_list.txt` and `testing_list.txt`, else a tenth each by the hash of the speaker's
    name, so that no speaker is in two of them (Warden, arXiv:1804.03209).

    Args:
        folder: holds a folder for each word.
        words: to tell apart; None: every folder whose name begins with a letter or digit, and
            no `_unknown_`.
        front_end: makes the features; None: MFCC of 10 coefficients.
        seconds: length of a clip; shorter ones are followed by zeros, longer ones are cut.
        silence: how many clips of silence there are, as a share of the words' clips; 0: none.
        unknown: the same of other words.
        seed: of what is drawn.

    Raises:
        DataError: a folder is missing, or holds no WAV file.
        AudioError: a file cannot be read as it must be; the message says how to convert it.
    """
    root, ear = Path(folder), front_end or LogMel(coefficients=10)
    if words is None:
        words, unknown = class_folders(root), 0.0
    if isinstance(words, str):
        raise DataError(f"words={words!r}: give a list of words, such as ('yes', 'no')")
    length = round(seconds * ear.sample_rate)
    if length < ear.window_samples:
        raise DataError(f"seconds={seconds} is less than a window of {ear.window_ms} ms: give more")
    listed = {
        part: _listed(root / name)
        for part, name in (("validation", "validation_list.txt"), ("test", "testing_list.txt"))
    }
    rng = np.random.default_rng(seed)
    files = [(path, k) for k, word in enumerate(words) for path in _files(root / word)]
    labels, background = list(words), _background(root, ear.sample_rate)
    if unknown > 0:
        others = _others(root, words)
        chosen = sorted(rng.permutation(len(others))[: round(unknown * len(files))])
        files += [(others[k], len(labels)) for k in chosen]
        labels += [UNKNOWN] if chosen else []
    quiet = _files(root / SILENCE) if (root / SILENCE).is_dir() else []
    count = round(silence * len(files))
    if silence > 0:
        files += [(path, len(labels)) for path in quiet[:count]]
    clips: dict[str, list[Samples]] = {part: [] for part in PARTS}
    targets: dict[str, list[int]] = {part: [] for part in PARTS}
    for path, target in files:
        part = _part_of(path, listed)
        clips[part].append(_fitted(read_wav(path, ear.sample_rate), length))
        targets[part].append(target)
    if silence > 0 and not quiet:
        for number in range(count):
            part = PARTS[0 if number % 10 > 1 else 1 + number % 10]
            clips[part].append(_piece(background, length, rng))
            targets[part].append(len(labels))
    labels += [SILENCE] if silence > 0 else []
    empty = [part for part in PARTS if not clips[part]]
    if empty:
        raise DataError(f"{root}: no clips are left for the {empty[0]} part: add more speakers")
    return SpokenWords(
        tuple(labels),
        {part: np.stack(clips[part]) for part in PARTS},
        {part: np.array(targets[part], np.int64) for part in PARTS},
        background,
        ear,
    )


def _files(folder: Path) -> list[Path]:
    found = sorted(folder.glob("*.wav"))
    if not found:
        raise DataError(f"{folder} holds no .wav files: give a folder of recordings for each word")
    return found


def _others(root: Path, words: Sequence[str]) -> list[Path]:
    if (root / UNKNOWN).is_dir():
        return _files(root / UNKNOWN)
    folders = sorted(p for p in root.iterdir() if p.is_dir() and p.name[0].isalnum())
    return [path for f in folders if f.name not in words for path in sorted(f.glob("*.wav"))]


def _background(root: Path, sample_rate: int) -> Samples:
    """All recordings of background sound behind each other; faint noise where there are none."""
    paths = sorted((root / BACKGROUND).glob("*.wav"))
    if not paths:
        paths = sorted((root / SILENCE).glob("*.wav"))
    if paths:
        return np.concatenate([read_wav(path, sample_rate) for path in paths])
    noise = np.random.default_rng(0).normal(0, 30, 10 * sample_rate)
    made: Reals = np.round(noise)
    return made.astype(np.int16)


def _piece(background: Samples, length: int, rng: np.random.Generator) -> Samples:
    """A piece of the background, at up to its own loudness."""
    first = int(rng.integers(max(1, len(background) - length)))
    piece = _fitted(background[first : first + length], length)
    quieter: Reals = np.round(piece * rng.uniform(0, 1))
    return quieter.astype(np.int16)


def _fitted(samples: Samples, length: int) -> Samples:
    padded: Samples = np.pad(samples[:length], (0, max(0, length - len(samples))))
    return padded


def _listed(path: Path) -> frozenset[str] | None:
    return frozenset(path.read_text(encoding="utf-8").split()) if path.is_file() else None


def _part_of(path: Path, listed: dict[str, frozenset[str] | None]) -> str:
    speaker = re.sub(r"_nohash_.*$", "", path.stem)
    for part, names in listed.items():
        if names is not None:
            if f"{path.parent.name}/{path.name}" in names:
                return part
        elif is_set_aside(f"{part} {speaker}" if part == "validation" else speaker):
            return part
    return "train"
