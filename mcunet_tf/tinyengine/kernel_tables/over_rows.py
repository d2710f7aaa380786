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


def band_sums_bytes(view: View, rows: int) -> int:
    """Scratch for a sum of 32 bits per channel, unless all rows come at once."""
    return 0 if rows >= view.input(0).shape[1] else sums_bytes(view, rows)


def vector_sums_bytes(view: View, rows: int) -> int:
    """The same, of whole vectors of eight channels."""
    return -(-band_sums_bytes(view, rows) // 32) * 32


def over_rows(
    name: str,
    folder: str,
    arguments: Callable[[View], Struct],
    rejects: Callable[[View], str | None],
) -> tuple[Kernel, ...]:
    """Kernels that take an image as it comes, for each kind of vectors, and for any target."""
    portable = Kernel(
        f"{name}_portable",
        folder,
        "portable",
        Style.REDUCE,
        arguments,
        rejects=rejects,
        scratch_bytes=band_sums_bytes,
    )
    return (
        dataclasses.replace(
            portable, name=f"{name}_mve", isa="mve", scratch_bytes=vector_sums_bytes
        ),
        dataclasses.replace(portable, name=f"{name}_dsp", isa="dsp"),
        dataclasses.replace(portable, name=f"{name}_rvv", isa="rvv"),
        portable,
    )


def over_rows_s16(rows: tuple[Kernel, ...]) -> Kernel:
    """The portable kernel of int16 beside those of int8."""
    name = rows[-1].name.replace("_s8_", "_s16_")
    return dataclasses.replace(rows[-1], name=name, takes=("int16",))
