# SPDX-License-Identifier: Apache-2.0
"""From samples to words: C on this computer and on boards equals Python, and what does not fit."""

from __future__ import annotations

import subprocess

import numpy as np
import pytest

from mcunet_tf.audio import Detector, FrontEnd, LogMel, join
from mcunet_tf.audio.detector import DetectorState
from mcunet_tf.benchmark.listen import hear_on_board, hear_on_host
from mcunet_tf.check.host import SANITIZER_FLAGS
from mcunet_tf.check.reference import Reference
from mcunet_tf.check.toolchain import find_tool, run_tool, write_sources
from mcunet_tf.errors import AudioError, BoardError, McunetError
from tests.audio.sounds import voice
from tests.streams.layers import Layers
from tests.tinyengine.remembering import CHANNELS, FRAME, remembering

LABELS = ("one", "two", "_other")
FRONT_END = LogMel(coefficients=6, bands=20)
SPEECH = voice(48000, 4)


SHARES = {"scale": 1 / 256, "zero_point": -128}


def network(last: str = "", scores: int = 3, shape: tuple[int, ...] = ()) -> bytes:
    """[1, 12, 6, 1] to scores, without padding in time.

    Args:
        last: SOFTMAX or LOGISTIC behind the logits.
        scores: how many.
        shape: that they have at the end; () leaves them as [1, scores].
    """
    layers = Layers("int8", 5)
    x = layers.tensor(1, 12, 6, 1)
    y = layers.dense(layers.reduce(layers.conv(x, 8, (4, 3), (2, 1)), (1, 2)), scores)
    if last:
        probabilities = layers.net.tensor((1, scores), **SHARES)
        layers.net.op(last, [y], [probabilities], **({"Beta": 1.0} if last == "SOFTMAX" else {}))
        y = probabilities
    if shape:
        shaped = layers.tensor(*shape)
        layers.net.op("RESHAPE", [y, layers.numbers(shape)], [shaped])
        y = shaped
    return layers.build(x, y)


def detector(**changed) -> Detector:
    return Detector(LABELS, **{"average": 3, "threshold": 0.4, "refractory": 4, **changed})


# The detector


def slowly(held: Detector, scores: np.ndarray, scale: float) -> list[int]:
    """As the documentation says it."""
    words, wait = [], 0
    for number in range(len(scores)):
        means = scores[max(0, number - held.average + 1) : number + 1].mean(axis=0) * scale
        best = max(np.flatnonzero(held.listened), key=lambda k: (means[k], -k))
        full = number + 1 >= held.average
        if wait:
            wait -= 1
            words.append(-1)
        elif full and means[best] >= held.threshold - 1e-9:
            words.append(int(best))
            wait = held.refractory
        else:
            words.append(-1)
    return words


@pytest.mark.parametrize("average", [1, 2, 5])
@pytest.mark.parametrize("refractory", [0, 3])
def test_detections_are_as_described(average, refractory):
    rng = np.random.default_rng(average)
    scores = rng.integers(0, 256, (300, 3)) * (rng.random((300, 1)) < 0.7)
    held = Detector(LABELS, average=average, threshold=0.45, refractory=refractory)
    whole, _ = held.detect(held.begin(), scores, 1 / 256)
    assert list(whole) == slowly(held, scores, 1 / 256)
    assert {-1, 0, 1} == set(whole), "silence and the rest are no words"
    state, parts = held.begin(), []
    for piece in np.split(scores, [1, 2, 50, 51, 177]):
        words, state = held.detect(state, piece, 1 / 256)
        parts.append(words)
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    assert isinstance(state, DetectorState)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"labels": ()}, "give a tuple of names"),
        ({"labels": ("a", "a")}, "two labels are called 'a'"),
        ({"labels": ("_a",)}, "every label is ignored"),
        ({"average": 0}, "average=0: give a whole number from 1"),
        ({"average": 2.0}, "average=2.0: give a whole number from 1"),
        ({"refractory": -1}, "refractory=-1: give a whole number from 0"),
        ({"threshold": float("nan")}, "threshold=nan: give a number"),
        ({"threshold": 1.5}, "threshold=1.5: give a number from 0 to 1"),
        ({"threshold": -0.1}, "threshold=-0.1: give a number from 0 to 1"),
        ({"ignored": ("three",)}, "ignored label 'three' is none of labels"),
    ],
)
def test_detectors_that_cannot_be(settings, told):
    with pytest.raises(AudioError) as caught:
        Detector(**{"labels": LABELS, **settings})
    assert told in str(caught.value) and "\n" not in str(caught.value)


# Joined


def reference_scores(model: bytes, series) -> np.ndarray:
    return np.array([out[0].reshape(-1) for out in Reference(model).run(series)])


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ({}, "SOFTMAX"),
        ({"shape": (1, 3, 1, 1)}, "SOFTMAX"),
        ({"scores": 1}, "LOGISTIC"),
        ({"last": "SOFTMAX"}, "SOFTMAX"),
        ({"last": "LOGISTIC"}, "LOGISTIC"),
    ],
)
@pytest.mark.sampled(2)
def test_scores_are_probabilities(given, meant):
    """Those of the same network with the softmax in its file; they stay where they are some."""
    labels = LABELS[: given.get("scores", 3)]
    spotter = join(network(**given), FRONT_END, Detector(labels), "host")
    assert (spotter.scale, spotter.zero_point) == (1 / 256, -128)
    heard = hear_on_host(spotter, SPEECH)
    series = [(x,) for x in spotter.inputs(SPEECH)]
    wanted = reference_scores(network(meant, len(labels)), series)
    np.testing.assert_array_equal(heard.scores, wanted)
    np.testing.assert_array_equal(heard.words, spotter.words(wanted))
    assert len(np.unique(wanted)) > 10 and len(set(heard.words)) > 1


@pytest.mark.slow
def test_what_scores_are_can_be_said():
    """A network may give what looks like probabilities, or means of some that do not."""
    series = [(x,) for x in join(network(), FRONT_END, detector(), "host").inputs(SPEECH)]
    for model in (network(), network("SOFTMAX")):
        spotter = join(model, FRONT_END, detector(), "host", scores="probabilities")
        heard = hear_on_host(spotter, SPEECH)
        np.testing.assert_array_equal(heard.scores, reference_scores(model, series))
    twice = join(network("SOFTMAX"), FRONT_END, detector(threshold=0.3), "host", scores="logits")
    assert np.ptp(hear_on_host(twice, SPEECH).scores.astype(int)) < 128
    with pytest.raises(AudioError, match="scores 'odds' is unknown: use one of auto"):
        join(network(), FRONT_END, detector(), "host", scores="odds")


@pytest.mark.parametrize(
    "options", [{"hop": 2}, {"hop": 2, "stream": "endless"}, {}, {"new_rows": 3}]
)
@pytest.mark.sampled(2)
def test_c_on_this_computer_hears_what_python_says(options):
    spotter = join(network(), FRONT_END, detector(), "host", **options)
    heard = hear_on_host(spotter, SPEECH)
    inputs = spotter.inputs(SPEECH)
    assert len(heard.words) == len(inputs) - spotter.warm_up > 20
    np.testing.assert_array_equal(heard.words, spotter.words(heard.scores))
    if "stream" not in options:
        # Windows: what the model gives on each alone.
        rows, window = spotter.features(SPEECH), 12
        ends = [window + k * spotter.new_rows for k in range(len(heard.words))]
        series = [(rows[end - window : end].reshape(1, window, 6, 1),) for end in ends]
        wanted = reference_scores(network("SOFTMAX"), series)
        np.testing.assert_array_equal(heard.scores, wanted)
    assert len(np.unique(heard.scores)) > 10


def test_a_network_that_remembers_takes_its_rows_in_turn():
    model = remembering(np.full((1, 6, 1, CHANNELS), -3, np.int8))
    front_end = LogMel(bands=CHANNELS, points=512)
    spotter = join(model, front_end, Detector(tuple("abcdefgh")), "host", scores="probabilities")
    assert (spotter.rows, spotter.new_rows) == (FRAME, FRAME)
    heard = hear_on_host(spotter, SPEECH[:12000])
    series = [(array,) for array in spotter.inputs(SPEECH[:12000])]
    wanted = np.array([out[0].reshape(-1) for out in Reference(model).run(series)])
    np.testing.assert_array_equal(heard.scores, wanted)


@pytest.mark.qemu
@pytest.mark.parametrize("board", ["qemu-m4", "qemu-m55"])
@pytest.mark.sampled(2)
def test_a_board_gives_the_same_bytes(board):
    spotters = [join(network(), FRONT_END, detector(), on, hop=2) for on in ("host", board)]
    heard = hear_on_host(spotters[0], SPEECH[:20000])
    again = hear_on_board(spotters[1], SPEECH[:20000])
    assert heard.raw == again.raw and len(heard.raw) > 100
    with pytest.raises(BoardError, match="give 60 s or less"):
        hear_on_board(spotters[1], np.zeros(16000 * 61, np.int16))


def test_samples_in_pieces_of_any_size_and_no_reset(tmp_path):
    """One at a time, all at once, and, in a build without checks, an ear that nobody reset."""
    spotter = join(network(), FRONT_END, detector(), "host", hop=2)
    wanted = hear_on_host(spotter, SPEECH[:9000]).words
    main = """
    #include <stdio.h>
    #include <stdlib.h>
    #include <string.h>
    #include "kws_hear.h"
    static struct kws_ear ear;
    static union kws_ear_scratch scratch;
    static int16_t heard[9000];
    int main(int argc, char **argv) {
      const int32_t piece = atoi(argv[1]);
      if (fread(heard, 2, 9000, stdin) != 9000) return 9;
      memset(&ear, argc > 2 ? 0xA5 : 0, sizeof ear);
      for (int32_t at = 0; at < 9000; at += piece) {
        const int16_t *samples = heard + at;
        int32_t count = 9000 - at < piece ? 9000 - at : piece;
        while (kws_hear(&ear, &scratch, &samples, &count)) {
          printf("%d ", (int)ear.word);
        }
      }
      return 0;
    }
    """
    sources = write_sources(tmp_path, {**spotter.source_files(), "main.c": main})
    paths = [f"-I{tmp_path}", *map(str, sources), "-o", str(tmp_path / "program"), "-lm"]
    warnings = "-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror".split()
    run_tool([find_tool("cc"), "-std=c11", *warnings, *SANITIZER_FLAGS, *paths])

    def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        command = [tmp_path / "program", *arguments]
        data = SPEECH[:9000].tobytes()
        return subprocess.run(command, input=data, capture_output=True, check=False)

    for arguments in (("1",), ("7",), ("9000",), ("160", "dirty")):
        assert run(*arguments).stdout.split() == [str(word).encode() for word in wanted]
    run_tool([find_tool("cc"), "-std=c11", "-DTINYENGINE_DEBUG", *paths])
    assert b"begun" in run("160", "dirty").stderr


@pytest.mark.slow
def test_the_project_builds_as_it_stands(tmp_path):
    spotter = join(network(), FRONT_END, detector(), "host", hop=2)
    spotter.emit(tmp_path / "out")
    files = spotter.source_files()
    listed = files["CMakeLists.txt"]
    assert "  kws_hear.c\n" in listed and "  kws_front.c\n" in listed
    sources = [str(tmp_path / "out" / path) for path in files if path.endswith(".c")]
    program = tmp_path / "program"
    run_tool([find_tool("cc"), f"-I{tmp_path / 'out'}", *sources, "-o", str(program), "-lm"])
    loud = join(network(), FRONT_END, detector(threshold=0.0), "host", hop=2)
    told = subprocess.run([program], input=SPEECH.tobytes(), capture_output=True, check=True).stdout
    words = [LABELS[word] for word in hear_on_host(spotter, SPEECH).words if word >= 0]
    assert [line.split()[-1].decode() for line in told.splitlines()] == words
    assert np.any(hear_on_host(loud, SPEECH).words >= 0)


@pytest.mark.parametrize(
    ("front_end", "labels", "told"),
    [
        (LogMel(coefficients=5), LABELS, "the front end gives rows of 5 features"),
        (LogMel(coefficients=6), ("a", "b"), "for 2 labels (a, b)"),
        (FrontEnd(bands=3), LABELS, "the front end gives rows of 3 features"),
    ],
)
def test_parts_that_do_not_fit_together(front_end, labels, told):
    with pytest.raises(AudioError) as caught:
        join(network(), front_end, Detector(labels), "host")
    assert told in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"new_rows": 0}, "new_rows=0 of 12: give 1 to 12"),
        ({"new_rows": 13}, "new_rows=13 of 12: give 1 to 12"),
        ({"new_rows": -1}, "new_rows=-1 of 12: give 1 to 12"),
        ({"hop": 0}, "a hop of 0"),
        ({"hop": -2}, "a hop of -2"),
    ],
)
def test_rows_that_cannot_be(options, told):
    with pytest.raises(McunetError) as caught:
        join(network(), FRONT_END, detector(), "host", **options)
    assert told in str(caught.value) and "\n" not in str(caught.value)


def test_a_threshold_that_no_score_reaches():
    with pytest.raises(AudioError, match="threshold=1 is never reached"):
        join(network(), FRONT_END, detector(threshold=1.0), "host")


def test_where_a_result_is():
    spotter = join(network(), FRONT_END, detector(), "host", hop=2)
    # Rows of 30 ms begin every 20 ms; the first window of 12 rows ends at 250 ms.
    assert spotter.seconds(0) == pytest.approx(0.25, abs=0.021)
    assert spotter.seconds(5) - spotter.seconds(0) == pytest.approx(0.2)
