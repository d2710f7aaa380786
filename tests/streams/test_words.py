# SPDX-License-Identifier: Apache-2.0
"""What users are told of streams: errors of one line, the header, the report."""

from __future__ import annotations

import re

import pytest

from mcunet_tf.errors import McunetError, UnsupportedError
from mcunet_tf.tinyengine import compile_tflite
from tests.ops.build_tflite import NONE, SAME
from tests.streams.layers import Layers
from tests.streams.networks import ENDLESS, WINDOWS
from tests.tinyengine.remembering import remembering


def network(name: str) -> bytes:
    return (WINDOWS | ENDLESS)[name][0](Layers())


def compiled(model: bytes, **options):
    return compile_tflite(model, "qemu-m4", name="m", **{"input_mode": "stream", **options})


def no_time() -> bytes:
    layers = Layers()
    x = layers.tensor(1, 1)
    return layers.build(x, layers.dense(x, 3))


def gated_and_padded() -> bytes:
    """What is made of all rows goes back into each, in a network that pads in time."""
    layers = Layers()
    x = layers.tensor(1, 8, 3, 4)
    y = layers.conv(x, 4, (3, 3), padding=SAME)
    gate = layers.conv(layers.reduce(y, (1, 2), keep=True), 4, (1, 1), activation=NONE)
    return layers.build(x, layers.flatten(layers.two("MUL", y, layers.logistic(gate))))


REFUSED = {
    "no hop": (lambda: network("vector"), {}, "no hop: say how many new rows"),
    "hop 0": (lambda: network("vector"), {"hop": 0}, "a hop of 0: say how many"),
    "a form of another name": (
        lambda: network("vector"),
        {"hop": 1, "stream": "both"},
        "stream 'both' is unknown: use one of auto, windows, endless",
    ),
    "strides": (lambda: network("pools"), {"hop": 2}, "hop of 2 .*: the smallest hop is 4$"),
    "a long hop": (lambda: network("vector"), {"hop": 13}, "a window has 12: use at most 12"),
    "padding": (
        lambda: network("padded"),
        {"hop": 2, "stream": "windows"},
        "CONV_2D 't.*' pads in time.*use --stream=endless",
    ),
    "no time": (no_time, {"hop": 1}, r"no axis of time: the input is \[1, 1\]"),
    "a model with states": (remembering, {"hop": 2}, "the model remembers by itself"),
    "a gate": (gated_and_padded, {"hop": 1}, "MUL 't.*' joins rows with what is made of a whole"),
    "a hop without a stream": (
        lambda: network("vector"),
        {"hop": 1, "input_mode": "frame"},
        "hop=1 goes with input=stream",
    ),
    "a form without a stream": (
        lambda: network("vector"),
        {"stream": "endless", "input_mode": "rows"},
        "stream=endless goes with input=stream",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    made, options, told = REFUSED[name]
    with pytest.raises(McunetError, match=told) as caught:
        compiled(made(), **options)
    assert "\n" not in str(caught.value)


def test_a_gate_without_padding_takes_windows():
    assert compiled(network("squeeze"), hop=1).stream.form == "windows"


def macros(header: str) -> dict[str, int]:
    return {name: int(value) for name, value in re.findall(r"#define M_(\w+) (\d+)$", header, re.M)}


def test_the_header_tells_rows_and_delay():
    windows = macros(compiled(network("convolutions"), hop=4).files["m.h"])
    assert (windows["HOP"], windows["WINDOW"], windows["WARM_UP"]) == (4, 22, 5)
    assert windows["OUTPUT_0_DELAY"] == 0
    assert windows["INPUT_0_BYTES"] == 4 * 5 * 3
    # Two rows of delay from the first layer, which has a stride of 2, and one from each of two: the
    # newest row is that of 6 rows ago. 13 of them stand for 26 rows of input, a window has 25.
    model = compiled(network("padded"), hop=2)
    endless = macros(model.files["m.h"])
    assert (endless["HOP"], endless["WINDOW"]) == (2, 25)
    assert endless["OUTPUT_0_DELAY"] == 2 * 1 + 2 * 2 + (2 * 13 - 25)
    assert endless["WARM_UP"] == model.stream.warm_up
    plain = compile_tflite(network("padded"), "qemu-m4", name="m")
    assert "HOP" not in macros(plain.files["m.h"]) and plain.stream is None


def test_every_result_may_have_its_own_delay():
    layers = Layers()
    x = layers.tensor(1, 10, 3, 2)
    y = layers.conv(x, 4, (3, 1), padding=SAME)
    z = layers.conv(y, 4, (5, 1), padding=SAME)
    model = compiled(layers.build(x, y, z), hop=1)
    assert model.stream.delay == (1, 3)
    assert [info.shape for info in model.outputs] == [(1, 1, 3, 4)] * 2


def test_the_report_shows_a_call_beside_a_window():
    model = compiled(network("padded"), hop=2)
    told, whole = model.report.stream, compile_tflite(network("padded"), "qemu-m4", name="m")
    assert told.window_macs == whole.macs > 8 * model.macs
    assert told.window_instructions > 5 * model.report.instructions
    text = model.report.text()
    assert "2    new rows a call; an endless signal, 25 rows of it at a time, 7 rows late" in text
    assert re.search(r"MACs +[\d,]+    of a window; a call takes \d+\.\d %", text)
    assert "predicted*, one call" in text
    assert model.report.as_dict()["stream"]["hop"] == 2


def test_a_whole_window_is_a_hop_too():
    model = compiled(network("vector"), hop=12)
    assert model.stream.warm_up == 0 and model.state_bytes == 0
    assert "m_reset" not in model.files["m.h"]


def test_budgets_count_rings():
    model = network("convolutions")
    most = compiled(model, hop=2, optimize="sram")
    needed = most.arena_bytes + most.state_bytes
    compiled(model, hop=2, sram_budget_bytes=needed)
    with pytest.raises(McunetError, match="and its states"):
        compiled(model, hop=2, sram_budget_bytes=needed - 1)


def test_the_dump_has_the_network_of_a_call(tmp_path):
    compiled(network("signals"), hop=1, dump_dir=tmp_path)
    (text,) = (path.read_text() for path in tmp_path.glob("*stream*"))
    assert "SLIDE" in text and "next state" in text


def test_unsupported_is_what_the_model_is_not():
    with pytest.raises(UnsupportedError):
        compiled(no_time(), hop=1)
