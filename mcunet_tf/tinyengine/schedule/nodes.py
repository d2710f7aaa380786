# SPDX-License-Identifier: Apache-2.0
"""Operators with their kernels, seen as producers and consumers of rows."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterable

from mcunet_tf.errors import UnsupportedError
from mcunet_tf.tinyengine.ir import ITEM_BYTES, Graph, Op
from mcunet_tf.tinyengine.kernel_tables.table import ALL_INPUTS, Kernel, Struct, Style
from mcunet_tf.tinyengine.ops import SPECS
from mcunet_tf.tinyengine.ops.common import Padding
from mcunet_tf.tinyengine.ops.spec import View, view
from mcunet_tf.tinyengine.schedule.reach import Reach, Window

ROW_SOURCE = "ROWS"


@dataclasses.dataclass(frozen=True, eq=False)
class Node:
    """One operator to run.

    Attributes:
      index: position in the graph's order; also the layer number in reports.
      inputs: tensors the kernel reads, in the order it takes them.
      streamed: those of them that are read row by row in step with the output.
      height: output rows (REDUCE: input rows); 1 where the kernel takes everything at once.
      window: rows that a streamed input is read by, in one way by all of them.
      pad_row_bytes: scratch for one row of zero points, if the window looks beyond the image.
      leaner: the same operator with kernels that take less scratch and more time, from which the
        plan chooses where it runs alone and its scratch counts.
    """

    index: int
    op: Op
    view: View
    kernel: Kernel
    inputs: tuple[int, ...]
    streamed: tuple[int, ...]
    output: int
    height: int
    window: Window
    pad_row_bytes: int
    leaner: tuple[Node, ...] = ()

    def scratch_bytes(self, rows: int) -> int:
        """Scratch of one kernel call that makes `rows` output rows, in multiples of 4."""
        return -(-self.kernel.scratch_bytes(self.view, rows) // 4) * 4

    def reach(self, tensor: int) -> Reach:
        """Which rows of one of its operands the operator reads."""
        return self.reach_of(tensor in self.streamed)

    def reach_of(self, streamed: bool) -> Reach:
        """The same for an operand that comes row by row, or as a whole."""
        return self._reaches[streamed]

    @functools.cached_property
    def arguments(self) -> Struct:
        """The kernel's constants; packing them takes time, so it is done once."""
        return self.kernel.arguments(self.view)

    @functools.cached_property
    def _reaches(self) -> tuple[Reach, Reach]:
        w, window = self.window, is_window(self)
        as_whole, by_rows = (
            Reach(w.stride, w.pad_top, w.extent, not window and whole, self.height, w.growth)
            for whole in (True, self.height == 1)
        )
        return as_whole, by_rows

    @property
    def at_end(self) -> bool:
        """Whether nothing of the result is there before the last row is made."""
        return self.height == 1 or self.kernel.style is Style.REDUCE


def storage_roots(graph: Graph) -> dict[int, int]:
    """The tensor whose memory each tensor uses: a RESHAPE is a view of its input."""
    roots: dict[int, int] = {}
    for op in graph.ops:
        if op.kind == "RESHAPE":
            roots[op.outputs[0]] = roots.get(op.inputs[0], op.inputs[0])
    return roots


def make_node(
    graph: Graph, index: int, op: Op, kernel: Kernel, leaner: Iterable[Kernel] = ()
) -> Node:
    """Describes one operator with the kernel chosen for it, and with leaner ones."""
    seen = view(graph, op)
    inputs, streamed = _operands(op, kernel)
    height = seen.output.rows[0] if kernel.style is not Style.WHOLE else 1
    if kernel.style is Style.REDUCE:
        height = seen.input(0).rows[0]
    window = Window()
    if kernel.style is Style.WINDOW:
        window = _window(seen)
    elif kernel.style is Style.PIXELS and height > 1:
        window = Window(growth=_growth(graph, seen, kernel, streamed))
        if not window.growth:
            window, height = Window(), 1
    padded = window.pad_top > 0 or window.pad_bottom > 0
    pad_row_bytes = 0
    if padded and op.kind in ("CONV_2D", "DEPTHWISE_CONV_2D"):
        pad_row_bytes = seen.input(0).rows[1]
    return Node(
        index=index,
        op=op,
        view=seen,
        kernel=kernel,
        inputs=inputs,
        streamed=streamed,
        output=op.outputs[0],
        height=height,
        window=window,
        pad_row_bytes=pad_row_bytes,
        leaner=tuple(make_node(graph, index, op, other) for other in leaner),
    )


def move_node(node: Node, index: int, op: Op) -> Node:
    """The same work for an operator of the same shape in another place, maybe of another graph."""
    inputs, streamed = _operands(op, node.kernel)
    return dataclasses.replace(
        node,
        index=index,
        op=op,
        inputs=inputs,
        streamed=streamed,
        output=op.outputs[0],
        leaner=tuple(move_node(other, index, op) for other in node.leaner),
    )


def make_row_source(graph: Graph) -> Node:
    """The application as a producer of rows: what `<name>_push_row` stands for in a plan.

    Raises:
      UnsupportedError: the model does not have exactly one image as its input.
    """
    tensor = graph.tensors[graph.inputs[0]]
    if len(graph.given) != 1 or tensor.rows[0] < 2:
        shapes = ", ".join(str(list(graph.tensors[i].shape)) for i in graph.given)
        raise UnsupportedError(
            f"{graph.name}: rows can be pushed into one image [1, h, w, c] only; the inputs are "
            f"{shapes}: leave out --input=rows"
        )
    op = Op(ROW_SOURCE, tensor.name, (), (graph.inputs[0],))
    return Node(
        index=-1,
        op=op,
        view=View(op, (), (tensor,)),
        kernel=Kernel("push_row", "", "portable", Style.PIXELS, lambda _: Struct("", {})),
        inputs=(),
        streamed=(),
        output=graph.inputs[0],
        height=tensor.rows[0],
        window=Window(),
        pad_row_bytes=0,
    )


def is_row_source(node: Node) -> bool:
    """Whether the node stands for the application that pushes rows."""
    return node.op.kind == ROW_SOURCE


def is_window(node: Node) -> bool:
    """Whether the node's kernel takes rows by pointers."""
    return node.kernel.style is Style.WINDOW


def _operands(op: Op, kernel: Kernel) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Tensors that the kernel takes pointers to, and those of them that are read row by row."""
    taken = tuple(index for index in kernel.operands(op.inputs) if index >= 0)
    if kernel.data_inputs == ALL_INPUTS:
        return taken, taken if kernel.style is Style.PIXELS else ()
    return taken, tuple(op.inputs[p] for p in kernel.streamed_inputs)


def _growth(graph: Graph, seen: View, kernel: Kernel, streamed: tuple[int, ...]) -> int:
    """Rows of the output that a pixel kernel makes from one row of each input; 0: it cannot."""
    height, row_bytes = seen.output.rows
    row_values = row_bytes // ITEM_BYTES[seen.output.dtype]
    pixel = kernel.pixel_values(seen)
    if pixel % row_values and row_values % pixel:
        return 0
    growth = max(pixel // row_values, 1)
    in_step = all(graph.tensors[tensor].rows[0] * growth == height for tensor in streamed)
    return growth if in_step else 0


def pixels_of(node: Node, rows: int) -> int:
    """What a pixel kernel counts as pixels, of so many output rows."""
    values = node.view.output.elements // node.height
    return rows * values // node.kernel.pixel_values(node.view)


def _window(seen: View) -> Window:
    attributes = seen.attributes
    padding: Padding = attributes.padding
    if hasattr(attributes, "kernel_height"):
        extent = attributes.kernel_height
    else:
        extent = (seen.input(1).shape[1] - 1) * attributes.dilation_height + 1
    return Window(extent, attributes.stride_height, padding.top, padding.bottom)


def node_macs(node: Node) -> int:
    """Multiply-accumulates of one inference."""
    return SPECS[node.op.kind].macs(node.view)
