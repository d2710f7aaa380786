# SPDX-License-Identifier: Apache-2.0
"""Float32 networks and islands: planned and streamed like int8 ones, held to a tolerance."""

from __future__ import annotations

import numpy as np
import pytest

from mcunet_tf.check.compare import FLOAT_TOLERANCE, unequal
from mcunet_tf.check.verify import Verification, verify_on_host
from mcunet_tf.errors import VerificationError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.evaluate import evaluate
from tests.ops.build_tflite import NONE, RELU6, SAME, Net
from tests.ops.case import Case
from tests.ops.oracle import assert_equal, reference_outputs
from tests.ops.programs import run_on_host

_REAL = {"scale": None, "dtype": "float32"}
_WINDOW = {"StrideH": 1, "StrideW": 1, "DilationHFactor": 1, "DilationWFactor": 1}


def drawn(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.normal(0, 0.3, shape).astype(np.float32)


def inverted_bottleneck(size: int = 24, channels: int = 8, wide: int = 32) -> bytes:
    """What mobile networks are made of: widen, depthwise, narrow, add, pool, classify."""
    rng = np.random.default_rng(0)
    net = Net()
    image = (1, size, size)
    x = net.tensor((*image, channels), **_REAL)
    widened, filtered, narrow, total = (
        net.tensor((*image, n), **_REAL) for n in (wide, wide, channels, channels)
    )
    pooled, out = net.tensor((1, channels), **_REAL), net.tensor((1, 5), **_REAL)
    conv = {**_WINDOW, "Padding": SAME}
    weights = net.constant(drawn(rng, wide, 1, 1, channels))
    net.op("CONV_2D", [x, weights, net.constant(drawn(rng, wide))], [widened],
           FusedActivationFunction=RELU6, **conv)  # fmt: skip
    weights = net.constant(drawn(rng, 1, 3, 3, wide))
    net.op("DEPTHWISE_CONV_2D", [widened, weights, net.constant(drawn(rng, wide))], [filtered],
           FusedActivationFunction=RELU6, DepthMultiplier=1, **conv)  # fmt: skip
    weights = net.constant(drawn(rng, channels, 1, 1, wide))
    net.op("CONV_2D", [filtered, weights, -1], [narrow], FusedActivationFunction=NONE, **conv)
    net.op("ADD", [x, narrow], [total], FusedActivationFunction=NONE)
    net.op("MEAN", [total, net.constant(np.array([1, 2], np.int32))], [pooled], KeepDims=False)
    net.op("FULLY_CONNECTED", [pooled, net.constant(drawn(rng, 5, channels)), -1], [out],
           FusedActivationFunction=NONE)  # fmt: skip
    return net.build([x], [out])


def island() -> bytes:
    """int8 to int8 by a convolution on float32 that no table can be."""
    rng = np.random.default_rng(1)
    net = Net()
    shape = (1, 9, 7, 4)
    x, y = (net.tensor(shape, scale=scale, zero_point=3) for scale in (0.05, 0.07))
    real, made = (net.tensor(shape, **_REAL) for _ in range(2))
    net.op("DEQUANTIZE", [x], [real])
    net.op("CONV_2D", [real, net.constant(drawn(rng, 4, 3, 3, 4)), -1], [made],
           FusedActivationFunction=NONE, Padding=SAME, **_WINDOW)  # fmt: skip
    net.op("QUANTIZE", [made], [y])
    return net.build([x], [y])


@pytest.mark.parametrize("mode", ["frame", "rows"])
@pytest.mark.parametrize("optimize", ["sram", "speed"])
def test_a_network_is_streamed_and_right(mode, optimize):
    case = Case("", "bottleneck", inverted_bottleneck())
    ((job, outputs),) = run_on_host([case], "host", input_mode=mode, optimize=optimize)
    wanted = [evaluate(job.compiled.graph, arrays) for arrays in job.inputs]
    assert_equal(outputs, wanted, job.inputs)
    assert_equal(outputs, reference_outputs(case.model, job.inputs), job.inputs)


def test_streaming_spares_the_wide_tensors():
    """The two wide maps take 73,728 bytes each where every layer runs by itself."""
    compiled = compile_tflite(inverted_bottleneck(), "portable", name="m", optimize="sram")
    image_bytes = 24 * 24 * 8 * 4
    assert compiled.arena_bytes < 2 * image_bytes + 24 * 32 * 4 * 8
    rows = compile_tflite(inverted_bottleneck(), "portable", name="m", input_mode="rows")
    assert rows.arena_bytes < image_bytes


def test_an_island_runs_and_its_int8_is_held_to_one_step():
    compiled = compile_tflite(island(), "host", name="m")
    kinds = [op.kind for op in compiled.graph.ops]
    assert kinds == ["DEQUANTIZE", "CONV_2D_F32", "QUANTIZE"]
    told = str(verify_on_host(compiled, island(), 4, 0))
    assert "float32 to 1e-05 of the output's range, integers behind it to one step" in told


def quotient() -> bytes:
    """An island that divides two images, which no table does."""
    net, shape = Net(), (1, 24, 20, 4)
    x, y, z = (net.tensor(shape, scale=scale, zero_point=3) for scale in (0.05, 0.04, 0.3))
    first, second, made = (net.tensor(shape, **_REAL) for _ in range(3))
    net.op("DEQUANTIZE", [x], [first])
    net.op("DEQUANTIZE", [y], [second])
    net.op("DIV", [first, second], [made], FusedActivationFunction=NONE)
    net.op("QUANTIZE", [made], [z])
    return net.build([x, y], [z])


def test_an_island_holds_rows_of_real_numbers_alone():
    """Whole, the operands would take 15,360 B."""
    image_bytes, row_bytes = 24 * 20 * 4, 20 * 4 * 4
    compiled = compile_tflite(quotient(), "portable", name="m", optimize="sram")
    assert compiled.arena_bytes <= 2 * image_bytes + 3 * row_bytes
    ((job, outputs),) = run_on_host([Case("", "quotient", quotient())], "host", optimize="sram")
    wanted = [evaluate(job.compiled.graph, arrays) for arrays in job.inputs]
    assert_equal(outputs, wanted, job.inputs)


def test_what_is_off_by_more_is_found():
    compiled = compile_tflite(inverted_bottleneck(), "host", name="m")
    files = dict(compiled.files)
    path = "kernels/fully_connected_f32/fully_connected_f32_portable.c"
    spoiled = files[path].replace("clamp_f32(sums[k], ", "clamp_f32(sums[k] * 1.001f, ")
    assert spoiled != files[path]
    files[path] = spoiled
    object.__setattr__(compiled, "files", files)
    with pytest.raises(VerificationError, match="values of output 0 differ"):
        verify_on_host(compiled, inverted_bottleneck(), 3, 0)


def test_int8_models_have_no_tolerance():
    assert "float32" not in str(Verification(1, 1, "reference"))
    assert unequal(np.array([3], np.int8), np.array([4], np.int8)).all()
    assert not unequal(np.array([3], np.int8), np.array([4], np.int8), (1, 0.0)).any()
    assert unequal(np.array([3], np.int8), np.array([5], np.int8), (1, 0.0)).all()


@pytest.mark.parametrize(
    ("got", "wanted", "wrong"),
    [
        (1.0 + 0.5 * FLOAT_TOLERANCE, 1.0, False),
        (1.0 + 4 * FLOAT_TOLERANCE, 1.0, True),
        (np.nan, np.nan, False),
        (np.nan, 1.0, True),
        (np.inf, np.inf, False),
        (np.inf, 1.0, True),
        (-np.inf, np.inf, True),
    ],
)
def test_the_tolerance_is_of_the_range(got, wanted, wrong):
    found = unequal(np.array([got, 0.0], np.float32), np.array([wanted, 0.0], np.float32))
    assert found.tolist() == [wrong, False]
