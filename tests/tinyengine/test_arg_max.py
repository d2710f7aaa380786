# SPDX-License-Identifier: Apache-2.0
"""NaN in an ARG_MAX of float32 is what it is in the reference: never better, and never beaten."""

from __future__ import annotations

import numpy as np
import pytest

from mcunet_tf.boards import load_board
from mcunet_tf.check import run_on_host
from mcunet_tf.check.tensors import decode_outputs, encode_inputs
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.evaluate import evaluate
from tests.ops.oracle import reference_outputs
from tests.ops.reduction_cases import arg_model


@pytest.mark.parametrize("kind", ["ARG_MAX", "ARG_MIN"])
def test_nan(kind):
    model = arg_model(kind, (4, 5), 1, real=True)
    values = np.arange(20, dtype=np.float32).reshape(4, 5)
    values[0, 0] = values[1, 3] = values[2, 4] = np.nan
    values[3] = [2, -np.inf, np.inf, np.inf, -np.inf]
    compiled = compile_tflite(model, "portable", name="m")
    ((found,),) = (
        decode_outputs(compiled, run.outputs)
        for run in run_on_host(
            compiled, load_board("portable"), [encode_inputs(compiled, (values,))]
        )
    )
    (meant,) = evaluate(compiled.graph, (values,))
    ((wanted,),) = reference_outputs(model, [(values,)])
    np.testing.assert_array_equal(np.ravel(found), np.ravel(wanted))
    np.testing.assert_array_equal(np.ravel(meant), np.ravel(wanted))
    assert len(set(np.ravel(wanted).tolist())) > 1
