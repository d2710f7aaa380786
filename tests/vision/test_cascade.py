# SPDX-License-Identifier: Apache-2.0
"""Cascades: when stages wake, the C against numpy under sanitizers, and what cannot be joined."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

import mcunet_tf
from mcunet_tf.check.host import SANITIZER_FLAGS
from mcunet_tf.check.toolchain import find_tool, run_tool
from mcunet_tf.errors import ModelError, VisionError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.vision import CascadeStage, Decoder, Head, cascade
from mcunet_tf.vision.cascade_stage import Thresholds, Wakefulness
from tests.formats.projects import FORMATS
from tests.ops.build_tflite import SAME, Net
from tests.ops.programs import write_files

HEAD = Head((6, 6), (0, 4), (0, 0), None, "sides", classes=3)
DECODER = Decoder((24, 24), (HEAD,), 0.3)


def network(outputs: int, size: int, seed: int, board: str = "portable", name: str = "net"):
    """A convolution of random weights, whose outputs are logits."""
    net, rng = Net(), np.random.default_rng(seed)
    x = net.tensor((1, size, size, 3), scale=1 / 128, zero_point=0)
    weights = rng.integers(-127, 128, (outputs, 4, 4, 3)).astype(np.int8)
    w = net.tensor(weights.shape, scale=[0.01] * outputs, data=weights)
    y = net.tensor((1, size // 4, size // 4, outputs), scale=0.03, zero_point=-20)
    net.op("CONV_2D", [x, w], [y], Padding=SAME, StrideH=4, StrideW=4)
    return compile_tflite(net.build([x], [y]), board, name=name)


def glance(**settings):
    model = network(2, 4, 3, name="glance")
    return CascadeStage(
        model, **{"score": (0, 1), "wake": 0.6, "activation": "softmax", **settings}
    )


def look(**settings):
    return CascadeStage(
        network(7, 24, 1, name="look"), **{"score": DECODER, "wake": 0.5, **settings}
    )


def server(**settings):
    return CascadeStage(None, name="server", **settings)


MAIN = """
#include <stdio.h>
#include <stdlib.h>
#include "eyes.h"
#include "eyes_cascade.h"
static _Alignas(16) int8_t arena[EYES_ARENA_BYTES];
static int8_t pictures[EYES_STAGES - 1][24 * 24 * 3];
static int32_t answer;
static int ran[EYES_STAGES];
static void see(void *context, int32_t stage, void *memory) {
  if (context != pictures) abort();
  ran[stage]++;
  if (stage == EYES_GLANCE) {
    int8_t *to = glance_input_0(eyes_glance_arena(memory));
    for (int i = 0; i < GLANCE_INPUT_0_BYTES; i++) to[i] = pictures[0][i];
    glance_invoke(eyes_glance_arena(memory));
  } else {
    int8_t *to = look_input_0(eyes_look_arena(memory));
    for (int i = 0; i < LOOK_INPUT_0_BYTES; i++) to[i] = pictures[1][i];
    look_invoke(eyes_look_arena(memory));
  }
}
static int32_t ask(void *context, int32_t stage) {
  (void)context;
  ran[stage]++;
  return answer;
}
int main(void) {
  static struct eyes_cascade cascade;
  const struct eyes_senses senses = {.context = pictures, .see = see, .ask = ask};
  eyes_cascade_reset(&cascade);
  if (eyes_tell(&cascade, 5) != -1) return 2; /* nobody runs */
  while (fread(pictures[0], 1, GLANCE_INPUT_0_BYTES, stdin) == GLANCE_INPUT_0_BYTES) {
    if (fread(pictures[1], 1, LOOK_INPUT_0_BYTES, stdin) != LOOK_INPUT_0_BYTES) return 1;
    if (fread(&answer, sizeof answer, 1, stdin) != 1) return 1;
    int32_t told[2 * EYES_STAGES + 1];
    for (int i = 0; i < EYES_STAGES; i++) ran[i] = 0;
    told[2 * EYES_STAGES] = eyes_look(&cascade, arena, &senses);
    for (int i = 0; i < EYES_STAGES; i++) {
      told[i] = ran[i] ? cascade.scores[i] : 0;
      told[EYES_STAGES + i] = ran[i];
    }
    fwrite(told, sizeof *told, 2 * EYES_STAGES + 1, stdout);
  }
  return 0;
}
"""


def run_cascade(made, moments, folder: Path) -> np.ndarray:
    """Scores, runs and levels, as the emitted C has them."""
    own = {p: text for p, text in made.firmware.sources.items() if p != "main.c"}
    sources = [str(path) for path in write_files(folder, {**own, "main.c": MAIN})]
    flags = ["-Wall", "-Wextra", "-Werror", *SANITIZER_FLAGS, f"-I{folder}"]
    program = folder / "program"
    run_tool([find_tool("cc"), *flags, *sources, "-lm", "-o", str(program)])
    scores = [made.stages[2].measured(moment[2]) for moment in moments]
    data = b"".join(
        a.tobytes() + b.tobytes() + np.int32(score).tobytes()
        for (a, b, _), score in zip(moments, scores, strict=True)
    )
    done = subprocess.run([program], input=data, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return np.frombuffer(done.stdout, np.int32).reshape(len(moments), -1)


@pytest.mark.parametrize("label", [pytest.param(None, marks=pytest.mark.slow), 2])
def test_c_and_numpy_agree(label, tmp_path):
    """Pictures that stay for some moments, so that stages fall asleep and wake."""
    stages = [
        glance(sleep=0.45, up=2, down=3),
        look(wake=0.9, sleep=0.6, label=label),
        server(wake=0.7, sleep=0.2, down=2),
    ]
    made = cascade(stages)
    rng, moments = np.random.default_rng(4), []
    while len(moments) < 120:
        pictures = [
            rng.integers(-128, 128, stage.model.inputs[0].shape).astype(np.int8)
            for stage in made.stages[:2]
        ]
        for picture in pictures:
            picture //= rng.integers(1, 9)
        moments += [(*pictures, float(rng.random()))] * int(rng.integers(1, 6))
    watched = made.watch(moments)
    told = run_cascade(made, moments, tmp_path)
    np.testing.assert_array_equal(told[:, :3], watched.scores)
    np.testing.assert_array_equal(told[:, 3:6], watched.ran)
    np.testing.assert_array_equal(told[:, 6], watched.levels)
    assert set(watched.levels) == {0, 1, 2, 3}, "the pictures do not try all levels"
    np.testing.assert_array_equal(watched.found, watched.levels == 3)
    largest = max(stage.model.arena_bytes for stage in made.stages[:2])
    assert made.firmware.arena_bytes == largest


def test_hysteresis_by_hand():
    limits = Thresholds(wake=10, sleep=5, up=2, down=3)
    state, awake = Wakefulness(), []
    for score in (12, 3, 10, 11, 7, 4, 4, 5, 4, 4, 4, 12, 12):
        state = limits.after(state, score)
        awake.append(int(state.awake))
    assert awake == [0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1]


def test_who_is_not_woken_is_not_asked():
    asked = []

    def answer():
        asked.append(1)
        return 1.0

    made = cascade([glance(), server(up=2)])
    info = made.stages[0].model.inputs[0]
    rng = np.random.default_rng(0)
    pictures = [rng.integers(-128, 128, info.shape).astype(np.int8) for _ in range(40)]
    watched = made.watch([(picture, answer) for picture in pictures])
    assert len(asked) == watched.ran[:, 1].sum() and 0 < len(asked) < 40
    # A stage that was let sleep begins anew: two moments in a row are needed each time.
    awake = watched.levels >= 1
    assert all(awake[n] and awake[n - 1] for n in np.flatnonzero(watched.found))


def test_thresholds_are_the_least_raw_values():
    """What reaches them is the score of real numbers, not that of a rounded threshold."""
    model = network(2, 4, 3, name="glance")
    for activation, real in (
        ("linear", lambda raw: 0.03 * (raw + 20)),
        ("sigmoid", lambda raw: 1 / (1 + np.exp(-0.03 * (raw + 20)))),
        ("softmax", lambda steps: 1 / (1 + np.exp(-0.03 * steps))),
    ):
        limits = CascadeStage(model, (0, 1), 0.631, 0.401, activation=activation).thresholds
        for limit, share in ((limits.wake, 0.631), (limits.sleep, 0.401)):
            assert real(limit) >= share > real(limit - 1)


def test_all_formats_hold_the_cascade():
    stages = [
        CascadeStage(network(2, 8, 3, "qemu-m4", "glance"), (0, 1), activation="sigmoid"),
        CascadeStage(network(7, 24, 1, "qemu-m4", "look"), DECODER),
    ]
    for laid_out in FORMATS:
        made = mcunet_tf.cascade(stages, "eyes", camera="rgb565:64x48", formats=laid_out)
        headers = [path for path in made.firmware.files if path.endswith("eyes_cascade.h")]
        assert headers, laid_out


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: cascade([glance()]), "stages: give a list of 2 to 8 CascadeStage"),
        (lambda: cascade([glance(), "look"]), "stages: give a list of 2 to 8 CascadeStage"),
        (lambda: cascade([server(), glance()]), "the first stage runs on this chip"),
        (lambda: cascade([glance(), glance()]), "two stages are called 'glance'"),
        (lambda: CascadeStage(None), "give a stage without a model a name"),
        (lambda: CascadeStage(b"TFL3"), "model=bytes: give what compile_tflite makes, or None"),
        (lambda: glance(name="other"), "the model is called 'glance'"),
        (lambda: glance(wake=0.4, sleep=0.5), "sleep=0.5 is above wake=0.4"),
        (lambda: glance(up=0), "glance: up=0: give a whole number from 1"),
        (lambda: glance(score=(3, 0)), "no output 3: the model has"),
        (lambda: glance(score=(0, 2)), "value of output .* give a whole number from 0 to 1"),
        (lambda: glance(label=1), "label belongs to a decoder"),
        (lambda: glance(milliwatts=3), "a model's are computed"),
        (lambda: glance(activation="relu"), "give one of linear, sigmoid, softmax"),
        (lambda: look(score=(0, 0), activation="softmax"), "softmax over 252 values"),
        (lambda: look(wake=0.2), "sleep=0.2 is below the decoder's threshold of 0.3"),
        (lambda: look(label=3), "look: label=3: give a whole number from 0 to 2"),
        (
            lambda: cascade([glance(wake=0.999, activation="sigmoid"), look()]),
            "wake=0.999 is never reached: output .* gives at most 0.98",
        ),
        (lambda: server(seconds=-1), "server: seconds=-1: give a number"),
    ],
)  # fmt: skip
def test_what_cannot_be_a_cascade(make, told):
    with pytest.raises(VisionError, match=told):
        make()


def test_moments_that_do_not_fit():
    made = cascade([glance(), server()])
    image = np.zeros((1, 4, 4, 3), np.int8)
    for moment, told in (
        ([image], "moment 0 has 1 values for 2 stages"),
        ([image.astype(np.float32), 0.5], r"glance: takes int8 \[1, 4, 4, 3\], not float32"),
        ([image[:, :2], 0.5], r"not int8 \[1, 2, 4, 3\]"),
    ):
        with pytest.raises(VisionError, match=told):
            made.watch([moment])
    always = cascade([glance(wake=0.0001), server()])
    with pytest.raises(VisionError, match="server: score=2: give a number from 0 to 1"):
        always.watch([[image, 2]])


def test_models_of_two_boards():
    other = CascadeStage(network(7, 24, 1, "qemu-m4", "look"), DECODER)
    with pytest.raises(ModelError, match="one firmware runs on one board"):
        cascade([glance(), other])
