# SPDX-License-Identifier: Apache-2.0
"""The pinned packages get along: with TensorFlow in the process the oracle stays the oracle.

TensorFlow 2.20 and newer silently change the results of tflite-runtime 2.14 where both are loaded.
"""

import subprocess
import sys

import pytest

CODE = """
import sys
{first}
from pathlib import Path
from mcunet_tf.check import Reference, random_inputs
reference = Reference(Path(sys.argv[1]).read_bytes())
outputs = reference.run(random_inputs(reference, 20, seed=1))
print(reference.version)
print([[array.tolist() for array in arrays] for arrays in outputs])
"""


def reference_outputs(path, first: str) -> str:
    run = subprocess.run(
        [sys.executable, "-c", CODE.format(first=first), str(path)],
        capture_output=True,
        text=True,
        timeout=180,
        check=True,
    )
    return run.stdout


@pytest.mark.parametrize("name", ["mcunet_like", "autoencoder"])
@pytest.mark.slow
def test_tensorflow_does_not_change_the_oracle(keras_model, name):
    path = keras_model(name)
    alone = reference_outputs(path, "")
    assert "BUILTIN_REF" in alone or "tflite-micro" in alone
    assert reference_outputs(path, "import tensorflow") == alone
