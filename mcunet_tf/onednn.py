# SPDX-License-Identifier: Apache-2.0
"""TensorFlow's faster kernels for convolutions on x86 processors, which it leaves out on many.

TensorFlow 2.19 takes oneDNN by itself only where a processor has AVX-512 VNNI or the like. With
AVX2 alone a training step of a small residual network takes half the time with it (0.17 s of CPU
in place of 0.34). What decides is read once, when TensorFlow is imported.
"""

from __future__ import annotations

import os
import platform
import sys

_VARIABLE = "TF_ENABLE_ONEDNN_OPTS"


def ask_for_onednn() -> None:
    """Lets TensorFlow use oneDNN, unless it is imported already or the user has said something."""
    if "tensorflow" not in sys.modules:
        os.environ.setdefault(_VARIABLE, "1")


def onednn_advice() -> str | None:
    """A line for users whose TensorFlow came too early to be asked; None where all is well."""
    if _VARIABLE in os.environ:
        return None
    try:
        from tensorflow.python.util import _pywrap_util_port
    except ImportError:  # another version's name for it: nothing is known, nothing is said
        return None
    # Only the build for x86 has oneDNN for convolutions.
    if _pywrap_util_port.IsMklEnabled() or platform.machine() != "x86_64":
        return None
    return (
        "TensorFlow trains without oneDNN here, at about half the speed: import mcunet_tf before "
        f"tensorflow and keras, or set {_VARIABLE}=1"
    )
