# SPDX-License-Identifier: Apache-2.0
"""How well a spotter hears: accuracy on clips, and false accepts per hour against missed words."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcunet_tf.audio.settings import require, require_real
from mcunet_tf.audio.spotter import Spotter
from mcunet_tf.errors import AudioError

Integers = npt.NDArray[Any]

THRESHOLDS = (*(k / 20 for k in range(1, 20)), 0.97, 0.98, 0.99)
TOLERANCE_S = 0.75
MAX_SECONDS = 1e7
_INK, _LINE = "#5b6470", "#2563eb"
_WIDTH, _HEIGHT, _EDGE = 480, 320, 52


@dataclass(frozen=True)
class SpokenWord:
    """A word in a recording: when it begins and ends, in seconds, and its label."""

    begin: float
    end: float
    label: str

    def __post_init__(self) -> None:
        require_real("begin", self.begin, 0.0, MAX_SECONDS, " seconds")
        require_real("end", self.end, self.begin, MAX_SECONDS, " seconds, not before its beginning")


@dataclass(frozen=True)
class OperatingPoint:
    """What one threshold does.

    Attributes:
        threshold: of the detector.
        false_accepts_per_hour: detections of words that nobody said.
        missed: share of the words that were said and not detected.
    """

    threshold: float
    false_accepts_per_hour: float
    missed: float


def false_accept_curve(
    spotter: Spotter,
    recordings: Iterable[tuple[Integers, Sequence[SpokenWord]]],
    thresholds: Sequence[float] = THRESHOLDS,
    tolerance_s: float = TOLERANCE_S,
) -> list[OperatingPoint]:
    """False accepts per hour against missed words, by threshold.

    A detection is right from a word's beginning to `tolerance_s` behind its end, once for each
    word. Every other one is a false accept, those of the right word at another time too.

    Args:
        spotter: says where results are, and has the detector whose threshold is varied.
        recordings: of each the network's results [results, labels], and the words that are said.
        thresholds: in any order.
        tolerance_s: how late a detection may be.

    Raises:
        AudioError: no recording, no word, a word that is no label, or a threshold that is none.
    """
    require(len(thresholds) > 0, "no thresholds: give at least one, from 0 to 1")
    require_real("tolerance_s", tolerance_s, 0.0, MAX_SECONDS, " seconds")
    held = [(scores, list(words)) for scores, words in recordings]
    count = sum(len(words) for _, words in held)
    hours = sum(spotter.seconds(len(scores) - 1) for scores, _ in held) / 3600
    if not count or hours <= 0:
        raise AudioError("the recordings hold no words: give some whose words are known")
    unknown = {word.label for _, words in held for word in words} - set(spotter.detector.labels)
    if unknown:
        raise AudioError(
            f"the word {min(unknown)!r} is none of {', '.join(spotter.detector.labels)}"
        )
    points = []
    for threshold in sorted(thresholds):
        detector = dataclasses.replace(spotter.detector, threshold=threshold)
        varied = dataclasses.replace(spotter, detector=detector)
        found = [_matched(varied, scores, words, tolerance_s) for scores, words in held]
        false, hits = (sum(part) for part in zip(*found, strict=True))
        points.append(OperatingPoint(threshold, false / hours, 1 - hits / count))
    return points


def _matched(
    spotter: Spotter, scores: Integers, words: Sequence[SpokenWord], tolerance_s: float
) -> tuple[int, int]:
    """False accepts, and words that were heard."""
    left, false, detected = list(words), 0, spotter.words(scores)
    for number in np.flatnonzero(detected >= 0):
        label = spotter.detector.labels[detected[number]]
        time = spotter.seconds(int(number))
        hit = next(
            (
                word
                for word in left
                if word.label == label and word.begin <= time <= word.end + tolerance_s
            ),
            None,
        )
        if hit is None:
            false += 1
        else:
            left.remove(hit)
    return false, len(words) - len(left)


def clip_recording(spotter: Spotter, clip: Integers, before: Integers) -> tuple[Integers, slice]:
    """A clip behind other sound, and which results belong to windows that end with it.

    A network that was just reset has heard nothing yet: its first results are not asked. And one
    that pads in time gives its result late, so the clip is followed by what is before it, too.

    Args:
        spotter: whose results they are.
        clip: int16 [count].
        before: int16, as long as the network's memory or longer.

    Returns:
        Samples for the spotter, and the results, which may be several where calls are frequent.
    """
    hop = spotter.front_end.hop_samples
    late = (spotter.delay + spotter.new_rows) * hop
    samples = np.concatenate([before, clip, before[:late]])
    end = (len(before) + len(clip)) / spotter.front_end.sample_rate
    step = spotter.new_rows * hop / spotter.front_end.sample_rate
    last = max(0, round((end - spotter.seconds(0)) / step))
    return samples, slice(last, last + 1)


def curve_svg(points: Sequence[OperatingPoint]) -> str:
    """The curve as a picture: missed words in per cent over false accepts per hour."""
    most = max(max(p.false_accepts_per_hour for p in points), 1.0)

    def place(point: OperatingPoint) -> tuple[float, float]:
        x = _EDGE + (_WIDTH - 2 * _EDGE) * point.false_accepts_per_hour / most
        return x, _HEIGHT - _EDGE - (_HEIGHT - 2 * _EDGE) * point.missed

    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(place, points))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="sans-serif" font-size="11">',
        f'<polyline points="{path}" fill="none" stroke="{_LINE}" stroke-width="2"/>',
    ]
    for point in points:
        x, y = place(point)
        told = (
            f"threshold {point.threshold:g}: {point.false_accepts_per_hour:.1f} per hour, "
            f"{point.missed:.1%} missed"
        )
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{_LINE}">')
        parts.append(f"<title>{told}</title></circle>")
    bottom, right = _HEIGHT - _EDGE, _WIDTH - _EDGE
    parts.append(f'<path d="M{_EDGE},{_EDGE} V{bottom} H{right}" fill="none" stroke="{_INK}"/>')
    for share in (0.0, 0.5, 1.0):
        y, x = bottom - (bottom - _EDGE) * share, _EDGE + (right - _EDGE) * share
        parts.append(_text(_EDGE - 6, y + 4, f"{share:.0%}", "end"))
        parts.append(_text(x, bottom + 16, f"{most * share:.3g}", "middle"))
    parts.append(_text(_EDGE, _EDGE - 12, "missed words", "start"))
    parts.append(_text(right, bottom + 34, "false accepts per hour", "end"))
    return "\n".join([*parts, "</svg>", ""])


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{_INK}">{text}</text>'
