# SPDX-License-Identifier: Apache-2.0
"""Who imports this package trains with TensorFlow's fast convolutions, or is told how to."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from mcunet_tf import onednn

_VARIABLE = "TF_ENABLE_ONEDNN_OPTS"


def _printed(code: str, **environment: str) -> str:
    """What Python prints last, in a process without the variable but for what is given."""
    inherited = {k: v for k, v in os.environ.items() if k != _VARIABLE}
    inherited |= {"TF_CPP_MIN_LOG_LEVEL": "3", **environment}
    run = subprocess.run(
        [sys.executable, "-c", code], env=inherited, capture_output=True, text=True, check=True
    )
    return run.stdout.strip().splitlines()[-1]


def test_the_package_asks_for_onednn_and_respects_what_the_user_said() -> None:
    code = f"import mcunet_tf, os; print(os.environ.get('{_VARIABLE}'))"
    assert _printed(code) == "1"
    assert _printed(code, **{_VARIABLE: "0"}) == "0"


def test_tensorflow_that_is_imported_already_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(_VARIABLE, raising=False)
    monkeypatch.setitem(sys.modules, "tensorflow", sys)
    onednn.ask_for_onednn()
    assert _VARIABLE not in os.environ


@pytest.mark.slow
def test_advice_is_given_where_tensorflow_came_first_and_is_slow() -> None:
    pytest.importorskip("tensorflow")
    code = (
        "import tensorflow, mcunet_tf\n"
        "from mcunet_tf.onednn import onednn_advice\n"
        "from tensorflow.python.util import _pywrap_util_port as port\n"
        "print(port.IsMklEnabled(), onednn_advice())"
    )
    fast, advice = _printed(code).split(" ", 1)
    assert (advice == "None") == (fast == "True")
    assert advice == "None" or f"set {_VARIABLE}=1" in advice


@pytest.mark.slow
def test_with_onednn_there_is_nothing_to_say() -> None:
    pytest.importorskip("tensorflow")
    code = "import mcunet_tf, tensorflow\nfrom mcunet_tf.onednn import onednn_advice\n"
    assert _printed(code + "print(onednn_advice())") == "None"
