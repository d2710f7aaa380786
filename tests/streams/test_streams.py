# SPDX-License-Identifier: Apache-2.0
"""Networks that take new rows of time give what the reference gives, window by window."""

from __future__ import annotations

import pytest

from mcunet_tf.boards import load_board
from mcunet_tf.check import run_on_host
from mcunet_tf.check.tensors import decode_outputs, encode_inputs
from mcunet_tf.check.verify import verify
from mcunet_tf.errors import ModelError, UnsupportedError
from mcunet_tf.tinyengine import compile_tflite
from tests.ops.dilation_cases import dilated_model
from tests.streams.layers import Layers
from tests.streams.moved_rows import MOVED, chosen_rows
from tests.streams.networks import ENDLESS, WINDOWS

RESULTS = 25

# TF-Lite Micro has no TILE at all.
NEEDS_RUNTIME = ("repeated_frequencies",)


def made(name: str, dtype: str = "int8") -> tuple[bytes, int]:
    if name in NEEDS_RUNTIME:
        reason = "tflite-runtime has no wheel for this Python"
        pytest.importorskip("tflite_runtime.interpreter", reason=reason)
    network, hop = (WINDOWS | ENDLESS | MOVED)[name]
    return network(Layers(dtype)), hop


def verified(model: bytes, board: str = "host", **options):
    """Compiles a model and holds a recording against the reference, under sanitizers."""
    compiled = compile_tflite(model, board, name="m", input_mode="stream", **options)

    def run(calls):
        data = [encode_inputs(compiled, arrays) for arrays in calls]
        runs = run_on_host(compiled, load_board(board), data, sanitize=True)
        outputs = [decode_outputs(compiled, it.outputs) for it in runs]
        kinds = {b"".join(array.tobytes() for array in arrays) for arrays in outputs}
        assert len(kinds) > len(outputs) // 2, "a network that tells little"
        return outputs

    result = verify(compiled, model, RESULTS, 7, run)
    assert result.values >= RESULTS * sum(it.shape[-1] for it in compiled.outputs[:1])
    return compiled


@pytest.mark.parametrize("name", WINDOWS)
@pytest.mark.sampled(4)
def test_windows_equal_the_reference(name):
    model, hop = made(name)
    compiled = verified(model, hop=hop)
    assert compiled.stream.form == "windows" and not any(compiled.stream.delay)


@pytest.mark.parametrize("name", ENDLESS)
@pytest.mark.sampled(3)
def test_endless_signals_equal_the_reference_on_a_recording(name):
    model, hop = made(name)
    compiled = verified(model, hop=hop)
    assert compiled.stream.form == "endless"
    assert (max(compiled.stream.delay) == 0) == (name == "causal")


@pytest.mark.parametrize("form", ["windows", "endless"])
@pytest.mark.parametrize("name", MOVED)
@pytest.mark.sampled(8)
def test_rows_are_rows_wherever_their_values_go(name, form):
    """A call makes the new rows alone: it takes less than half of a window's work."""
    model, hop = made(name)
    compiled = verified(model, hop=hop, stream=form)
    assert 2 * compiled.macs < compiled.report.stream.window_macs
    if hop > 1:
        with pytest.raises(UnsupportedError, match=f"the smallest hop is {hop}$"):
            verified(model, hop=1)


@pytest.mark.parametrize("name", [*WINDOWS, *ENDLESS, *MOVED])
@pytest.mark.sampled(8)
def test_longer_hops(name):
    model, hop = made(name)
    verified(model, hop=hop * 3 if name != "pools" else 8)


# What TF-Lite Micro has not on int16: REDUCE_MAX, beside which matrix products have no oracle,
# SPACE_TO_DEPTH, DEPTH_TO_SPACE, GATHER and TILE.
UNREFERENCED = {
    *("greatest_of_rows", "padded_pools"),
    *("blocks", "rows_of_blocks", "chosen_frequencies", "repeated_frequencies"),
}


@pytest.mark.parametrize("name", sorted({*WINDOWS, *ENDLESS, *MOVED} - UNREFERENCED))
@pytest.mark.sampled(8)
def test_int16(name):
    model, hop = made(name, "int16")
    verified(model, hop=hop)


@pytest.mark.parametrize("name", ["real_edges", "padded_real_edges"])
def test_float_edges_of_the_models_own(name):
    model, hop = made(name)
    compiled = verified(model, hop=hop, edges="model")
    assert compiled.inputs[0].dtype == compiled.outputs[0].dtype == "float32"


@pytest.mark.parametrize(
    ("size", "kernel", "blocks", "pads", "crops", "form"),
    [
        ((20,), (1, 3), (4,), (8, 0), (0, 0), "endless"),
        ((21,), (1, 3), (2,), (2, 3), (0, 1), "endless"),
        ((16,), (1, 3), (4,), (0, 0), (0, 0), "windows"),
        ((8, 5), (3, 1), (2, 1), (2, 2, 0, 0), (0,) * 4, "endless"),
    ],
)
@pytest.mark.sampled(2)
def test_dilations_that_are_dealt_out_to_batches(size, kernel, blocks, pads, crops, form):
    """As converters wrote them; the longer file has as many more rows as their blocks want."""
    model = dilated_model(size, kernel, blocks, pads, crops)
    assert verified(model, hop=1).stream.form == form


def test_what_is_not_made_longer_is_said():
    """The network compiles; a file that names its rows cannot be compared with."""
    model = chosen_rows(Layers())
    assert verified(model, hop=3).stream.form == "windows"
    with pytest.raises(ModelError, match="names its rows: it is not made longer"):
        verified(model, hop=3, stream="endless")
