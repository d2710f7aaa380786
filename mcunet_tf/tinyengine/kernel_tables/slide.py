# SPDX-License-Identifier: Apache-2.0
"""Kernel table of SLIDE."""

from __future__ import annotations

from mcunet_tf.tinyengine.kernel_tables.table import ANY_TYPE, Kernel, Struct, Style
from mcunet_tf.tinyengine.ops.spec import View


def _slide(view: View) -> Struct:
    new_bytes = view.input(1).size_bytes
    fields = {"kept_bytes": view.input(0).size_bytes - new_bytes, "new_bytes": new_bytes}
    return Struct("struct slide_x8", fields)


KERNELS = {
    "SLIDE": (
        Kernel(
            "slide_x8_portable",
            "slide",
            "portable",
            Style.WHOLE,
            _slide,
            data_inputs=(0, 1),
            replaces_first=True,
            takes=ANY_TYPE,
        ),
    )
}
