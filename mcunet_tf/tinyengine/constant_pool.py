# SPDX-License-Identifier: Apache-2.0
"""The constants of a model: collected once, each content kept once.

Weights, tables and constant operands all pass through here. The weights file, the report, flash
budgets and the search take their bytes from this module and from nowhere else, so that none of
them can leave a constant out.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping

from mcunet_tf.errors import CompilerError
from mcunet_tf.tinyengine.kernel_tables.table import Blob, Kernel, Struct
from mcunet_tf.tinyengine.ops.spec import View
from mcunet_tf.tinyengine.schedule.nodes import Node, is_row_source

_OPERAND_CTYPES = {
    "int8": "int8_t",
    "uint8": "uint8_t",
    "bool": "uint8_t",
    "int16": "int16_t",
    "int32": "int32_t",
    "int64": "int64_t",
    "uint32": "uint32_t",
    "float32": "float",
}

Content = tuple[str, tuple[int, ...], bytes]
"""C type, shape and digest of a constant array: arrays of one content are one array in flash."""


@dataclasses.dataclass(frozen=True, eq=False)
class ConstantPool:
    """All constants of a planned model.

    Attributes:
      arrays: what the weights file holds, by C symbol, in the order of first use.
      structs: the argument struct of each node, by the node's index.
      fields: the symbol of each array of a struct, by the node's index and the field's name.
      operands: the symbol of each constant tensor that kernels read as data, by tensor index.
      first_bytes: bytes of the arrays that each node is the first to read, by the node's index.
      contents: the symbol of each content, those of other models' arrays included.
    """

    arrays: Mapping[str, Blob]
    structs: Mapping[int, Struct]
    fields: Mapping[int, Mapping[str, str]]
    operands: Mapping[int, str]
    first_bytes: Mapping[int, int]
    contents: Mapping[Content, str]

    @property
    def size_bytes(self) -> int:
        """Bytes in flash, without what the linker adds between arrays to align them."""
        return sum(blob.size_bytes for blob in self.arrays.values())


def collect_constants(
    name: str, nodes: Iterable[Node], known: Mapping[Content, str] | None = None
) -> ConstantPool:
    """Packs the constants of all nodes.

    Args:
      name: C prefix of the symbols.
      nodes: the nodes in execution order; what stands for the application's rows has no constants.
      known: symbols of contents that other models of the firmware have already.
    """
    arrays: dict[str, Blob] = {}
    symbols: dict[Content, str] = dict(known or {})
    structs: dict[int, Struct] = {}
    fields: dict[int, dict[str, str]] = {}
    operands: dict[int, str] = {}
    first_bytes: dict[int, int] = {}

    def keep(symbol: str, blob: Blob) -> str:
        known = symbols.setdefault(_content(blob), symbol)
        if known == symbol:
            arrays[symbol] = blob
        return known

    for node in nodes:
        if is_row_source(node):
            continue
        before = len(arrays)
        structs[node.index] = struct = node.arguments
        fields[node.index] = {
            field: keep(f"{name}_{node.index:02d}_{field}", blob)
            for field, blob in struct.blobs().items()
        }
        for tensor, blob in zip(node.inputs, _operands(node.kernel, node.view), strict=True):
            if blob is not None:
                operands[tensor] = keep(f"{name}_c{tensor}", blob)
        first_bytes[node.index] = sum(b.size_bytes for b in list(arrays.values())[before:])
    return ConstantPool(arrays, structs, fields, operands, first_bytes, symbols)


def constant_sizes(kernel: Kernel, view: View) -> dict[Content, int]:
    """Bytes of every constant that one operator needs with one kernel, by content."""
    blobs = [*kernel.arguments(view).blobs().values()]
    blobs += [blob for blob in _operands(kernel, view) if blob is not None]
    return {_content(blob): blob.size_bytes for blob in blobs}


def _operands(kernel: Kernel, view: View) -> list[Blob | None]:
    """The operands that a kernel takes pointers to: an array for those that are constant.

    Raises:
      CompilerError: a constant is of a type that no kernel reads.
    """
    positions = kernel.data_inputs or tuple(range(len(view.inputs)))
    found: list[Blob | None] = []
    for tensor in filter(None, map(view.optional, positions)):
        if tensor.data is None:
            found.append(None)
        elif tensor.dtype not in _OPERAND_CTYPES:
            raise CompilerError(f"constant '{tensor.name}' of {view.op.kind} is {tensor.dtype}")
        else:
            values = tensor.data.reshape(-1)
            plain = values.view("uint8") if tensor.dtype == "bool" else values
            found.append(Blob(_OPERAND_CTYPES[tensor.dtype], plain))
    return found


def _content(blob: Blob) -> Content:
    digest = hashlib.sha256(blob.values.tobytes()).digest()
    return blob.ctype, blob.values.shape, digest
