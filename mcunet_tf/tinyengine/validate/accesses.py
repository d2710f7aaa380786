# SPDX-License-Identifier: Apache-2.0
"""Which rows a kernel call reads and makes, from the operator's attributes and shapes alone.

What the plan says of an operator decides what the emitted C hands to its kernel: pointers, numbers
of rows, numbers of pixels. All of it is compared with what the operator needs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from mcunet_tf.tinyengine.ir import Graph, Op
from mcunet_tf.tinyengine.kernel_tables.table import ALL_INPUTS, Kernel, Style
from mcunet_tf.tinyengine.ops.spec import View, view
from mcunet_tf.tinyengine.validate.errors import PlanError
from mcunet_tf.tinyengine.validate.program import ROWS, Execution, Ints

# Windows of these take rows of zero points for padding; the others leave it out of account.
_PADDED = ("CONV_2D", "DEPTHWISE_CONV_2D")
# Windows take a pointer to each row of the result, but only step from the first two to the others.
_SCATTERED = 2


class Read(NamedTuple):
    """Rows of an operand that each call of a kernel reads.

    Attributes:
      tensor: the operand.
      low, high: rows [low, high) of each call.
      unbroken: the rows must lie behind each other.
      streamed: the kernel walks them in step with its output.
    """

    tensor: int
    low: Ints
    high: Ints
    unbroken: bool
    streamed: bool


class Access(NamedTuple):
    """What the calls of one operator read and make.

    Attributes:
      layer: the operator and its calls.
      kernel: whose calls they are.
      reads: what is read of each operand that is no constant.
      output: the result.
      rows_made: rows of the result that are made after each call.
      scattered: so many rows of the result may lie anywhere; those of calls that make more must lie
        behind each other.
      outside: (call, first row, end, height) of calls whose windows reach beyond the image.
      pad_top: rows of padding above the image.
      pad_row_bytes: bytes of a row of zero points; 0 where padding is left out of account.
      scratch_bytes: that a call needs at the most.
    """

    layer: Execution
    kernel: Kernel
    reads: tuple[Read, ...]
    output: int
    rows_made: Ints
    scattered: int
    outside: tuple[tuple[int, int, int, int], ...] = ()
    pad_top: int = 0
    pad_row_bytes: int = 0
    scratch_bytes: int = 0

    @property
    def name(self) -> str:
        """The operator as messages call it."""
        return f"'{self.layer.node.op.name}'"


def access_of(graph: Graph, layer: Execution) -> Access:
    """What an operator reads and makes.

    Raises:
      PlanError: the emitted C would hand other rows or pixels to the kernel than it needs.
    """
    op = layer.node.op
    if op.kind == ROWS:
        return _row_source(graph, layer)
    _require(layer, "operator", any(op is other for other in graph.ops), True)
    kernel, seen = layer.node.kernel, view(graph, op)
    inputs, streamed = _operands(op, kernel)
    _require(layer, "operands", layer.node.inputs, inputs)
    _require(layer, "streamed operands", layer.node.streamed, streamed)
    _require(layer, "result", layer.node.output, op.outputs[0])
    access = _STYLES[kernel.style](graph, layer, seen)
    held = [_held(layer, int(rows)) for rows in np.unique(layer.end - layer.first)]
    scratch = max((kernel.scratch_bytes(seen, rows) for rows in held), default=0)
    return access._replace(scratch_bytes=scratch)


def _require(layer: Execution, what: str, planned: object, needed: object) -> None:
    if planned != needed:
        raise PlanError(
            f"'{layer.node.op.name}': {what} of the plan: {planned}, of the operator: {needed}"
        )


def _operands(op: Op, kernel: Kernel) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Operands that the kernel takes pointers to, and those that it walks with its output."""
    if kernel.data_inputs == ALL_INPUTS:
        every = tuple(op.inputs)
        return every, every if kernel.style is Style.PIXELS else ()
    present = (p for p in kernel.data_inputs if p < len(op.inputs) and op.inputs[p] >= 0)
    taken = tuple(op.inputs[position] for position in present)
    return taken, tuple(op.inputs[position] for position in kernel.streamed_inputs)


def _held(layer: Execution, rows: int) -> int:
    """Rows that a call works on at once; kernels without chunks know nothing of them."""
    chunk, takes = layer.chunk, layer.node.kernel.chunk_rows
    if not takes:
        _require(layer, "rows of a chunk", chunk, 0)
    elif chunk % 2 or chunk > takes:
        raise PlanError(f"'{layer.node.op.name}': chunks of {chunk} rows, not pairs up to {takes}")
    return min(chunk, rows) or rows


def _row_source(graph: Graph, layer: Execution) -> Access:
    """The application: each call of `push_row` copies one row."""
    node = layer.node
    _require(layer, "place", (layer.number, layer.position), (0, 0))
    _require(layer, "operands", node.inputs, ())
    _require(layer, "result", (node.output,), graph.inputs)
    _require(layer, "rows", node.height, graph.tensors[node.output].rows[0])
    return Access(layer, node.kernel, (), node.output, layer.end, 1)


def _window(graph: Graph, layer: Execution, seen: View) -> Access:
    """Row y of the result is made from `extent` rows, from y * stride - padding on."""
    node, attributes = layer.node, seen.attributes
    height, row_bytes = seen.input(0).rows
    if hasattr(attributes, "kernel_height"):
        extent = attributes.kernel_height
    else:
        extent = (seen.input(1).shape[1] - 1) * attributes.dilation_height + 1
    stride, top = attributes.stride_height, attributes.padding.top
    planned = (node.window.extent, node.window.stride, node.window.pad_top, node.window.growth)
    _require(layer, "window", planned, (extent, stride, top, 1))
    _require(layer, "rows", node.height, seen.output.rows[0])
    low = layer.first * stride - top
    high = (layer.end - 1) * stride - top + extent
    beyond = np.flatnonzero((low < 0) | (high > height))
    outside = tuple((int(i), int(low[i]), int(high[i]), height) for i in beyond)
    pad_row_bytes = 0
    if seen.op.kind not in _PADDED:
        _require(layer, "bytes of a row of padding", node.pad_row_bytes, 0)
    elif outside:
        _require(layer, "bytes of a row of padding", node.pad_row_bytes, row_bytes)
    if node.pad_row_bytes:
        pad_row_bytes = row_bytes
    low, high = low.clip(0, height), high.clip(0, height)
    read = Read(node.inputs[0], low, high, False, True)
    return Access(
        layer,
        node.kernel,
        (read,),
        node.output,
        layer.end,
        _SCATTERED,
        outside,
        top,
        pad_row_bytes,
    )


def _pixels(graph: Graph, layer: Execution, seen: View) -> Access:
    """Pixel i of the result is made from pixel i of each streamed operand."""
    node, kernel = layer.node, layer.node.kernel
    out, height = seen.output, layer.node.height
    if height not in (1, out.rows[0]):
        _require(layer, "rows", height, out.rows[0])
    values, growth = kernel.pixel_values(seen), node.window.growth
    total = out.elements // values
    _require(layer, "values of all pixels", total * values, out.elements)
    row_bytes, pixel_bytes = out.size_bytes // height, out.size_bytes // total
    if growth == 1:
        # The C hands over so many pixels for each row, or one for each group of rows.
        pixels = out.elements // height // values
        _require(layer, "bytes of the pixels of a row", pixels * pixel_bytes, row_bytes)
    else:
        _require(layer, "bytes of a pixel", row_bytes * growth, pixel_bytes)
        broken = np.any(layer.first % growth) or np.any(layer.end % growth)
        _require(layer, "bands that are no whole groups of rows", bool(broken), False)
    reads = []
    for tensor in dict.fromkeys(node.inputs):
        known = graph.tensors[tensor].data is not None
        if tensor in node.streamed:
            read = _in_step(graph, layer, tensor, total)
            reads += [] if known else [read]
        elif not known:
            reads.append(_all_rows(graph, layer, tensor))
    made = layer.end if height > 1 else _at_end(layer, out.rows[0])
    return Access(layer, kernel, tuple(reads), node.output, made, 0)


def _in_step(graph: Graph, layer: Execution, tensor: int, total: int) -> Read:
    """An operand of `total` pixels, as many as the result has."""
    height, operand = layer.node.height, graph.tensors[tensor]
    in_bytes = operand.rows[1]
    taken = operand.size_bytes // total
    _require(layer, f"bytes of pixels of tensor {tensor}", taken * total, operand.size_bytes)
    start, end = (rows * total // height * taken for rows in (layer.first, layer.end))
    # The C hands over the start of a row.
    handed = layer.first // layer.node.window.growth * in_bytes
    in_step = height == 1 or np.array_equal(start, handed)
    _require(layer, f"tensor {tensor} in step with the result", bool(in_step), True)
    return Read(tensor, start // in_bytes, -(-end // in_bytes), True, True)


def _reduce(graph: Graph, layer: Execution, seen: View) -> Access:
    """Bands of rows are added up; the last one completes the result."""
    node = layer.node
    _require(layer, "rows", node.height, seen.input(0).rows[0])
    read = Read(node.inputs[0], layer.first, layer.end, True, True)
    made = _at_end(layer, seen.output.rows[0])
    return Access(layer, node.kernel, (read,), node.output, made, 0)


def _whole(graph: Graph, layer: Execution, seen: View) -> Access:
    """Everything at once."""
    node = layer.node
    _require(layer, "rows", node.height, 1)
    reads = tuple(
        _all_rows(graph, layer, tensor)
        for tensor in dict.fromkeys(node.inputs)
        if graph.tensors[tensor].data is None
    )
    made = _at_end(layer, seen.output.rows[0])
    return Access(layer, node.kernel, reads, node.output, made, 0)


def _all_rows(graph: Graph, layer: Execution, tensor: int) -> Read:
    zero = np.zeros_like(layer.first)
    return Read(tensor, zero, zero + graph.tensors[tensor].rows[0], True, False)


def _at_end(layer: Execution, height: int) -> Ints:
    """Rows that are made after each call, where the last call makes them all."""
    return np.where(layer.end == layer.node.height, height, 0)


_STYLES: dict[Style, Callable[[Graph, Execution, View], Access]] = {
    Style.WINDOW: _window,
    Style.PIXELS: _pixels,
    Style.REDUCE: _reduce,
    Style.WHOLE: _whole,
}
