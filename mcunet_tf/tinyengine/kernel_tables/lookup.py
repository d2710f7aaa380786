# SPDX-License-Identifier: Apache-2.0
"""Kernel tables of the operators that become a table of bytes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from mcunet_tf.tinyengine.kernel_tables.curves import LOGISTIC, TANH
from mcunet_tf.tinyengine.kernel_tables.rescale import ABS, LEAKY_RELU, RELU
from mcunet_tf.tinyengine.kernel_tables.table import (
    Kernel,
    Struct,
    Style,
    channels_or_everything,
    uint8_blob,
)
from mcunet_tf.tinyengine.ops import curves, lookup
from mcunet_tf.tinyengine.ops.common import BYTE_TYPES
from mcunet_tf.tinyengine.ops.spec import OpSpec, View


def _lookup(
    spec: OpSpec, rejects: Callable[[View], str | None], position: int = 0
) -> tuple[Kernel, ...]:
    def arguments(view: View) -> Struct:
        table = uint8_blob(lookup.byte_table(view, spec.result, position))
        return Struct(
            "struct lookup_x8", {"table": table, "channels": channels_or_everything(view)}
        )

    return tuple(
        Kernel(
            f"lookup_x8_{isa}",
            "lookup",
            isa,
            Style.PIXELS,
            arguments,
            rejects=rejects,
            data_inputs=(position,),
            streamed_inputs=(position,),
            reads_ahead=True,
        )
        for isa in ("rvv", "portable")
    )


_TAKEN = ("int8", "uint8", "bool")  # of bytes


def lookup_kernels(spec: OpSpec) -> tuple[Kernel, ...]:
    """The table of an operator that is a function of one byte."""

    def rejects(view: View) -> str | None:
        return None if view.output.dtype in BYTE_TYPES else f"an output of {view.output.dtype}"

    return tuple(dataclasses.replace(it, takes=_TAKEN) for it in _lookup(spec, rejects))


def lookup_beside_constant(spec: OpSpec) -> tuple[Kernel, ...]:
    """Kernels for an operator one of whose operands is a constant of one value."""

    def rejects_unless(position: int) -> Callable[[View], str | None]:
        def rejects(view: View) -> str | None:
            other = view.input(1 - position)
            known = other.elements == 1 and other.data is not None
            return None if known else "no operand is a constant of one value"

        return rejects

    return tuple(kernel for p in (0, 1) for kernel in _lookup(spec, rejects_unless(p), p))


LOOKUPS = {
    spec.kind: lookup_kernels(spec)
    for spec in (
        lookup.RELU,
        lookup.RELU6,
        lookup.LOGISTIC,
        curves.HARD_SWISH,
        curves.LEAKY_RELU,
        curves.TANH,
        curves.ABS,
        curves.RSQRT,
        curves.SQRT,
        curves.EXP,
        curves.LOG,
        curves.ELU,
        curves.GELU,
        lookup.TABLE,
    )
}

_INT16 = {
    "RELU": RELU,
    "RELU6": RELU,
    "LEAKY_RELU": LEAKY_RELU,
    "ABS": ABS,
    "LOGISTIC": LOGISTIC,
    "TANH": TANH,
}

KERNELS = {kind: (*kernels, *_INT16.get(kind, ())) for kind, kernels in LOOKUPS.items()}
