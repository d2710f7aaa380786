# SPDX-License-Identifier: Apache-2.0
"""TFLite_Detection_PostProcess: few detections, operands of bytes, and bad files."""

from __future__ import annotations

import numpy as np
import pytest
from flatbuffers import flexbuffers

from mcunet_tf.boards import load_board
from mcunet_tf.check import verify
from mcunet_tf.check.detections import written_rows
from mcunet_tf.check.edges import dequantise
from mcunet_tf.check.host import run_on_host
from mcunet_tf.check.tensors import decode_outputs, encode_inputs
from mcunet_tf.errors import UnsupportedError, VerificationError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.ops.detection_postprocess import read_options
from tests.ops.detection_cases import detection_model
from tests.ops.oracle import assert_equal, micro_outputs


def host_outputs(compiled, inputs):
    runs = run_on_host(compiled, load_board("host"), [encode_inputs(compiled, a) for a in inputs])
    return [decode_outputs(compiled, run.outputs) for run in runs]


@pytest.mark.parametrize("dtype", ["int8", "float32"])
def test_rows_that_nothing_was_found_for_are_not_compared(dtype):
    """The references leave what an earlier inference wrote there."""
    model = detection_model(
        dtype=dtype, nms_score_threshold=0.9, nms_iou_threshold=0.3, max_detections=30
    )
    compiled = compile_tflite(model, "host", name="d")
    assert "equal" in str(verify.verify_on_host(compiled, model, 5, 1))


def test_a_wrong_row_that_was_found_is_seen(monkeypatch):
    model = detection_model(nms_score_threshold=1.0, max_detections=30)
    compiled = compile_tflite(model, "host", name="d")
    real = verify.run_on_host

    def damaged(compiled, board, data):
        runs = real(compiled, board, data)
        first = bytearray(runs[0].outputs[2])
        first[0:4] = np.float32(77).tobytes()
        runs[0].outputs[2] = bytes(first)
        return runs

    monkeypatch.setattr(verify, "run_on_host", damaged)
    with pytest.raises(VerificationError, match="of output 2 differ"):
        verify.verify_on_host(compiled, model, 2, 1)


def test_rows_are_cleared_by_their_count():
    compiled = compile_tflite(detection_model(max_detections=3), "host", name="d")
    ones = tuple(np.ones(shape, np.float32) for shape in ((1, 3, 4), (1, 3), (1, 3), (1,)))
    cleared = written_rows(compiled)(ones)
    assert [float(array.sum()) for array in cleared] == [4.0, 1.0, 1.0, 1.0]


@pytest.mark.parametrize("regular", [False, True])
@pytest.mark.parametrize("dtype", ["int8", "uint8"])
def test_bytes_mean_what_they_stand_for(dtype, regular):
    """Operands of bytes: TF-Lite Micro takes floats only, so it is given what they stand for."""
    options = {"use_regular_nms": regular, "boxes": 90}
    model = detection_model(dtype=dtype, quantised_inputs=True, **options)
    compiled = compile_tflite(model, "host", name="d")
    rng, limits = np.random.default_rng(3), np.iinfo(dtype)
    shapes = [info.shape for info in compiled.inputs]
    inputs = [
        tuple(rng.integers(limits.min, limits.max + 1, shape).astype(dtype) for shape in shapes)
        for _ in range(3)
    ]
    reals = [
        tuple(
            dequantise(array, info.scale, info.zero_point)
            for info, array in zip(compiled.inputs, arrays, strict=True)
        )
        for arrays in inputs
    ]
    wanted = micro_outputs(detection_model(**options), reals)
    written = written_rows(compiled)
    got = host_outputs(compiled, inputs)
    assert_equal([written(a) for a in got], [written(a) for a in wanted], inputs)


def test_dequantised_operands_are_never_made():
    compiled = compile_tflite(detection_model(dtype="int8", boxes=500), "qemu-m4", name="d")
    assert "DEQUANTIZE" not in {op.kind for op in compiled.graph.ops}
    as_floats = 4 * 500 * (4 + 3)
    assert compiled.arena_bytes < as_floats


def test_shapes_that_the_file_leaves_open_follow_from_the_options():
    compiled = compile_tflite(detection_model(result_shapes=False), "qemu-m4", name="d")
    assert [info.shape for info in compiled.outputs] == [(1, 6, 4), (1, 6), (1, 6), (1,)]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"raw_options": b""}, "options that are none of it"),
        ({"raw_options": b"\xff\x01\x28" * 20}, "options that are none of it"),
        ({"raw_options": bytes(flexbuffers.Dumps([1, 2]))}, "options that are none of it"),
        ({"y_scale": 0.0}, "a scale of 0"),
        ({"y_scale": float("nan")}, "options that are none of it"),
        ({"nms_iou_threshold": 1.5}, "nms_iou_threshold 1.5"),
        ({"max_detections": 0, "result_shapes": False}, "max_detections 0"),
        ({"use_regular_nms": True, "detections_per_class": 0}, "detections_per_class 0"),
        ({"max_classes_per_detection": 2}, "max_classes_per_detection 2"),
        ({"background": 3}, "scores of 5 classes where the options say 2"),
        ({"values": 3}, r"\[1, 40, 3\]"),
    ],
)
def test_bad_files_are_refused_with_the_reason(options, told):
    with pytest.raises(UnsupportedError, match=f"Found: .*{told}.*Remedy: "):
        compile_tflite(detection_model(**options), "qemu-m4", name="d")


def test_options_of_any_bytes_are_read_or_refused():
    packed = flexbuffers.Dumps(
        {"max_detections": 5, "nms_score_threshold": 0.5, "y_scale": 1.0, "nested": {"a": [1]}}
    )
    rng = np.random.default_rng(0)
    for _ in range(3000):
        damaged = np.frombuffer(bytes(packed), np.uint8).copy()
        places = rng.integers(0, len(damaged), rng.integers(1, 6))
        damaged[places] = rng.integers(0, 256, len(places))
        read_options(damaged[: rng.integers(0, len(damaged) + 1)].tobytes())


def test_a_function_of_the_users_goes_first(tmp_path):
    """The operator can still be bound; it has one result there."""
    path = tmp_path / "own.c"
    path.write_text(
        '#include "custom.h"\n'
        "void own(const struct custom_op *op, const int8_t *const *in, int8_t *out, void *s) {\n"
        "  (void)op; (void)in; (void)out; (void)s;\n}\n"
    )
    with pytest.raises(UnsupportedError, match="4 results"):
        compile_tflite(
            detection_model(),
            "qemu-m4",
            name="d",
            custom_ops={"TFLite_Detection_PostProcess": path},
        )
