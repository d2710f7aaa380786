# SPDX-License-Identifier: Apache-2.0
"""Kernel table of CONCATENATION, PACK and INTERLEAVE."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.table import (
    ALL_INPUTS,
    ANY_TYPE,
    Kernel,
    Struct,
    Style,
    int32_blob,
)
from mcunet_tf.tinyengine.ops.concatenation import joined_runs
from mcunet_tf.tinyengine.ops.spec import View


def _concatenation(view: View) -> Struct:
    runs = [run * view.output.item_bytes for run in joined_runs(view)]
    fields = {"operands": len(runs), "run_bytes": int32_blob(runs)}
    return Struct("struct concatenation_s8", fields)


CONCATENATION = (
    Kernel(
        "concatenation_s8_portable",
        "concatenation",
        "portable",
        Style.PIXELS,
        _concatenation,
        data_inputs=ALL_INPUTS,
        pixel_values=lambda view: sum(joined_runs(view)),
        takes=ANY_TYPE,
    ),
)

KERNELS = dict.fromkeys(("CONCATENATION", "PACK", "INTERLEAVE"), CONCATENATION)
