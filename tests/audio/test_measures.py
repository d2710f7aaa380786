# SPDX-License-Identifier: Apache-2.0
"""False accepts and missed words are counted as they are said to be."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from mcunet_tf.audio import Detector, LogMel, join
from mcunet_tf.audio.measures import (
    OperatingPoint,
    SpokenWord,
    clip_recording,
    curve_svg,
    false_accept_curve,
)
from mcunet_tf.benchmark.listen import hear_on_host
from mcunet_tf.errors import AudioError
from tests.audio.sounds import voice
from tests.audio.test_spotter import LABELS, network

HELD = Detector(LABELS, average=1, threshold=0.5, refractory=20)
SPOTTER = join(network(), LogMel(coefficients=6, bands=20), HELD, "host", hop=2)


def results(peaks: dict[int, tuple[int, float]], count: int = 500) -> np.ndarray:
    """Scores that are 0 but for some results, given as label and value."""
    scores = np.full((count, 3), SPOTTER.zero_point)
    for number, (label, value) in peaks.items():
        scores[number, label] += round(value / SPOTTER.scale)
    return scores.clip(-128, 127)


def at(second: float) -> int:
    return next(n for n in range(500) if SPOTTER.seconds(n) >= second)


TOP = 0.9 * SPOTTER.scale * (127 - SPOTTER.zero_point)  # most of what a score can be


def test_the_curve():
    words = [SpokenWord(2.0, 2.6, "one"), SpokenWord(8.0, 8.5, "two"), SpokenWord(14, 15, "one")]
    scores = results(
        {
            at(2.5): (0, TOP),
            at(5.0): (1, TOP * 0.5),  # nobody said it
            at(9.0): (1, TOP * 0.7),  # late, as may be
            at(14.2): (1, TOP * 0.6),  # the other word
        }
    )
    steps = [TOP * share for share in (0.4, 0.55, 0.65, 0.8, 1.1)]
    found = false_accept_curve(SPOTTER, [(scores, words)], steps[::-1])
    hours = SPOTTER.seconds(len(scores) - 1) / 3600
    assert [p.threshold for p in found] == steps
    assert [round(p.false_accepts_per_hour * hours) for p in found] == [2, 1, 0, 0, 0]
    assert [p.missed for p in found] == pytest.approx([1 / 3, 1 / 3, 1 / 3, 2 / 3, 1])
    twice = false_accept_curve(SPOTTER, [(scores, words), (scores, words)], steps)
    assert [p.missed for p in twice] == [p.missed for p in found]
    assert twice[0].false_accepts_per_hour == pytest.approx(found[0].false_accepts_per_hour)


def test_a_word_is_heard_once():
    """A second detection of the same word is a false accept."""
    words = [SpokenWord(2.0, 4.0, "one")]
    scores = results({at(2.5): (0, TOP), at(3.8): (0, TOP)})
    (point,) = false_accept_curve(SPOTTER, [(scores, words)], [TOP / 2])
    assert point.missed == 0 and point.false_accepts_per_hour > 0


def test_what_cannot_be_measured():
    scores = results({})
    with pytest.raises(AudioError, match="hold no words"):
        false_accept_curve(SPOTTER, [(scores, [])])
    with pytest.raises(AudioError, match="the word 'three' is none of one, two, _other"):
        false_accept_curve(SPOTTER, [(scores, [SpokenWord(0, 1, "three")])])
    said = [(scores, [SpokenWord(0, 1, "one")])]
    for given, told in (
        ({"thresholds": ()}, "no thresholds: give at least one"),
        ({"thresholds": (0.5, 1.5)}, "threshold=1.5: give a number from 0 to 1"),
        ({"tolerance_s": -1}, "tolerance_s=-1: give a number from 0"),
    ):
        with pytest.raises(AudioError, match=told):
            false_accept_curve(SPOTTER, said, **given)
    with pytest.raises(AudioError, match="end=1: give a number from 2 to"):
        SpokenWord(2, 1, "one")


def test_the_picture():
    points = [OperatingPoint(0.2, 30.0, 0.0), OperatingPoint(0.8, 0.0, 0.25)]
    root = ElementTree.fromstring(curve_svg(points))
    assert [t.text for t in root.iter() if t.tag.endswith("title")] == [
        "threshold 0.2: 30.0 per hour, 0.0% missed",
        "threshold 0.8: 0.0 per hour, 25.0% missed",
    ]


@pytest.mark.parametrize("form", ["windows", "endless"])
@pytest.mark.sampled(2)
def test_the_result_of_a_clip_is_that_of_its_window(form):
    held = join(network(), LogMel(coefficients=6, bands=20), HELD, "host", hop=2, stream=form)
    clip, before = voice(4160, 8), voice(16000, 9)  # 12 rows: 30 ms and 11 hops
    samples, place = clip_recording(held, clip, before)
    (scores,) = hear_on_host(held, samples).scores[place]
    end = (len(before) + len(clip)) / 16000
    assert abs(held.seconds(place.start) - end) <= 0.021
    whole = join(network(), LogMel(coefficients=6, bands=20), HELD, "host")
    alone = hear_on_host(whole, samples).scores
    ends = [abs(whole.seconds(n) - held.seconds(place.start)) for n in range(len(alone))]
    np.testing.assert_array_equal(scores, alone[int(np.argmin(ends))])
