# SPDX-License-Identifier: Apache-2.0
"""The operators the compiler understands, by TensorFlow Lite's builtin name.

Every `OpSpec` that a module of this package holds, alone or in a tuple, is found by lying there.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

from mcunet_tf.tinyengine.ops.spec import OpSpec


def _specs() -> Iterator[OpSpec]:
    for found in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{found.name}")
        for value in vars(module).values():
            for spec in value if isinstance(value, tuple) else (value,):
                if isinstance(spec, OpSpec):
                    yield spec


def _by_kind() -> dict[str, OpSpec]:
    specs: dict[str, OpSpec] = {}
    for spec in _specs():
        known = specs.setdefault(spec.kind, spec)
        assert known is spec, f"{spec.kind} means two things"
    return dict(sorted(specs.items()))


SPECS = _by_kind()
MADE_BY_PASSES = (
    *("CUSTOM", "INTERLEAVE", "TABLE", "GATHER_AT", "SLICE_AT"),
    "DETECTION_POSTPROCESS",
    *("SVDF_FEATURES", "SVDF_PUSH", "SVDF_TIME"),
    *("SIGNAL_SCALE_BITS", "SIGNAL_SHIFT", "SIGNAL_NOISE", "SIGNAL_WITHOUT_NOISE"),
    *("SLIDE", "ROW_SUMS", "MOVING_SUMS", "MOVING_MEAN"),
    *(kind for kind in SPECS if kind.endswith(("_F32", "_S32"))),
)
"""Operators that only passes make: TensorFlow Lite has none of these names."""
