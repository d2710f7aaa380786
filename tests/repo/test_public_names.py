# SPDX-License-Identifier: Apache-2.0
"""`import mcunet_tf` is cheap, and every public name is real."""

import subprocess
import sys

import pytest

import mcunet_tf

HEAVY = ("tensorflow", "keras", "tf_keras", "tflite_runtime", "tflite_micro", "jinja2")


def modules_after(statement: str) -> set[str]:
    """Returns the top-level modules that a fresh interpreter holds after `statement`."""
    code = f"{statement}\nimport sys\nprint(*{{name.split('.')[0] for name in sys.modules}})"
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(run.stdout.split())


def test_importing_the_package_loads_nothing_heavy():
    assert not modules_after("import mcunet_tf") & {*HEAVY, "numpy"}


@pytest.mark.parametrize(
    "module",
    ["tinyengine", "boards", "audio", "vision", "check", "datasets", "quantize", "benchmark"],
)
def test_importing_a_package_does_not_load_tensorflow(module):
    loaded = modules_after(f"import mcunet_tf.{module}")
    assert "mcunet_tf" in loaded
    assert not loaded & {"tensorflow", "keras", "tf_keras"}


@pytest.mark.parametrize("name", mcunet_tf.__all__)
def test_every_public_name_exists(name):
    assert getattr(mcunet_tf, name) is not None
    assert name in dir(mcunet_tf)


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="no attribute 'compile_onnx'"):
        mcunet_tf.compile_onnx  # noqa: B018  # the access is what is tested
