# SPDX-License-Identifier: Apache-2.0
"""Builds compiled models for this computer, and says whether they equal TFLite's reference kernels.

The names below load on first use, so that the parts can be imported without the whole.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcunet_tf.check.forms import FormScores, compare_forms
    from mcunet_tf.check.host import run_on_host
    from mcunet_tf.check.reference import Reference, random_inputs
    from mcunet_tf.check.verify import Verification, verify_on_host

_HOMES = {
    "FormScores": "forms",
    "Reference": "reference",
    "Verification": "verify",
    "compare_forms": "forms",
    "random_inputs": "reference",
    "run_on_host": "host",
    "verify_on_host": "verify",
}

__all__ = [
    "FormScores",
    "Reference",
    "Verification",
    "compare_forms",
    "random_inputs",
    "run_on_host",
    "verify_on_host",
]


def __getattr__(name: str) -> object:
    """Imports the public name from its module on first use."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{home}"), name)
