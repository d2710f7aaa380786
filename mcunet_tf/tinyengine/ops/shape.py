# SPDX-License-Identifier: Apache-2.0
"""SHAPE, which exists at compile time only.

Keras writes SHAPE, STRIDED_SLICE and PACK around a RESHAPE when the batch is dynamic; with the
batch fixed to 1 all are constants, and the pass `fold_constants` removes them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcunet_tf.tinyengine.ops.spec import Array, OpSpec, View, no_attributes


def _evaluate_shape(view: View, _: Sequence[Array]) -> Array:
    return np.array(view.input(0).shape, view.output.dtype)


def constraint_compile_time(view: View) -> str | None:
    """Its result is known at compile time, as the batch is 1."""
    return f"shape {list(view.input(0).shape)}"


SHAPE = OpSpec("SHAPE", no_attributes, _evaluate_shape, (constraint_compile_time,))
