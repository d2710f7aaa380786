# SPDX-License-Identifier: Apache-2.0
"""Kernels that sum an image up as its rows come."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from mcunet_tf.tinyengine.kernel_tables.table import Kernel, Struct, Style
from mcunet_tf.tinyengine.ops.spec import View


def sums_bytes(view: View, _: int) -> int:
    """Scratch for a sum of 32 bits per channel."""
    return 4 * view.output.shape[-1]


def over_rows(
    name: str,
    folder: str,
    arguments: Callable[[View], Struct],
    rejects: Callable[[View], str | None],
) -> tuple[Kernel, ...]:
    """Kernels that take an image as it comes, for the DSP extension and for any target."""
    portable = Kernel(
        f"{name}_portable",
        folder,
        "portable",
        Style.REDUCE,
        arguments,
        rejects=rejects,
        scratch_bytes=sums_bytes,
    )
    return dataclasses.replace(portable, name=f"{name}_dsp", isa="dsp"), portable


def over_rows_s16(rows: tuple[Kernel, ...]) -> Kernel:
    """The portable kernel of int16 beside those of int8."""
    name = rows[-1].name.replace("_s8_", "_s16_")
    return dataclasses.replace(rows[-1], name=name, takes=("int16",))
