# SPDX-License-Identifier: Apache-2.0
"""The call of CMSIS-NN for an operator of any type."""

from __future__ import annotations

from mcunet_tf.benchmark.runtimes.cmsis_nn import functions, functions_s16
from mcunet_tf.benchmark.runtimes.cmsis_nn.functions import Call
from mcunet_tf.benchmark.runtimes.cmsis_nn.release import CmsisNn
from mcunet_tf.tinyengine.ops.spec import View


def make_call(library: CmsisNn, view: View, isa: tuple[str, ...]) -> Call | None:
    """The call for an operator, or None where this copy of CMSIS-NN has no function for it."""
    if view.output.dtype != "int16":
        return functions.make_call(library, view, isa)
    call = functions_s16.make_call(library, view, isa)
    return call if call and library.has(call.function) else None
