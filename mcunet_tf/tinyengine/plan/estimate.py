# SPDX-License-Identifier: Apache-2.0
"""What a stage would keep alive, in closed form: hundreds of stages are weighed for each one made.

A stage grows from its last operator towards the front. How far each operator has got after every
band of the last one follows from its readers alone, so operators in front never change what is
known of those behind. Rings with one reader come out exactly as `schedule.make_stage` makes them;
where several operators read one tensor, the estimate may be some rows too high, never too low.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.kernels.table import Style
from mcunet_tf.tinyengine.plan.effort import Effort
from mcunet_tf.tinyengine.plan.nodes import Node
from mcunet_tf.tinyengine.plan.schedule import aligned, band_of, can_replace_rows, unbroken_rows

Rows = npt.NDArray[np.int64]


@dataclasses.dataclass(frozen=True, eq=False)
class _Member:
    """An operator of the growing stage.

    Attributes:
      node: the operator.
      band: rows per kernel call.
      done: rows made after each band of the stage's last operator.
    """

    node: Node
    band: int
    done: Rows


class GrowingStage:
    """A stage that operators are added to from behind.

    Attributes:
      instructions: predicted.
      slack_bytes: by so much `inner_bytes` may be too high, for tensors with several readers.
    """

    def __init__(
        self, graph: Graph, roots: Mapping[int, int], band_limit: int, effort: Effort
    ) -> None:
        self.graph = graph
        self.roots = roots
        self.band_limit = band_limit
        self.members: list[_Member] = []  # last operator first
        self.ring_bytes: dict[int, int] = {}
        self.shared_bytes = 0
        self.kept_bytes = 0
        self.effort = effort
        self.instructions = 0.0
        self.slack_bytes = 0

    @property
    def inner_bytes(self) -> int:
        """Rings and scratch so far."""
        return aligned(self.shared_bytes) + self.kept_bytes + sum(self.ring_bytes.values())

    def add(self, node: Node, internal: bool) -> None:
        """Puts an operator in front; `internal`: nothing outside the stage reads its output."""
        band = band_of(node, self.band_limit, streamed=True)
        readers = [m for m in self.members if node.output in m.node.inputs]
        if not self.members:
            done = np.minimum(np.arange(band, node.height + band, band), node.height)
        else:
            done = self._demand(node, band, readers)
            if not internal:
                done[-1] = node.height
        member = _Member(node, band, done)
        self.instructions += self.effort.rows(node, int(done[-1]), band)
        padded = node.pad_row_bytes
        if node.kernel.style is Style.REDUCE:
            self.kept_bytes += node.scratch_bytes(band)
            padded = 0
        else:
            self.shared_bytes = max(self.shared_bytes, node.scratch_bytes(band) + padded)
        self.members.append(member)
        if internal and readers:
            self._add_ring(member, readers)

    def _demand(self, node: Node, band: int, readers: Sequence[_Member]) -> Rows:
        height = self.graph.tensors[node.output].rows[0]
        wanted = np.zeros_like(self.members[0].done)
        for reader in readers:
            wanted = np.maximum(wanted, _rows_read(reader.node, node, reader.done, height))
        made = np.minimum(-(-wanted // band) * band, node.height)
        return np.maximum.accumulate(made)

    def _add_ring(self, maker: _Member, readers: Sequence[_Member]) -> None:
        tensor = maker.node.output
        height, row_bytes = self.graph.tensors[tensor].rows
        if len(readers) == 1 and readers[0].node.kernel.style is Style.WINDOW:
            rows = self._window_rows(maker, readers[0], height)
            if rows < height:
                self._release_pad_row()
        elif maker.node.height == 1 or any(_reads_whole(tensor, r.node) for r in readers):
            rows = height
        else:
            rows = self._shared_rows(maker, readers, height)
        self.ring_bytes[tensor] = aligned(rows * row_bytes)
        if len(readers) == 1:
            self._replace_rows(maker, readers[0], rows, height)

    def _window_rows(self, maker: _Member, reader: _Member, height: int) -> int:
        window, node = reader.node.window, reader.node
        first = np.arange(0, node.height, reader.band)
        end = np.minimum(first + reader.band, node.height)
        oldest = first * window.stride - window.pad_top
        ahead = (end - 1) * window.stride - window.pad_top + window.extent
        made = np.clip(ahead, 0, height)
        if maker.node.height > 1:
            made = np.minimum(-(-made // maker.band) * maker.band, height)
        rows = int((np.maximum(made, ahead) - oldest).max())
        rows = aligned(rows, unbroken_rows(maker.node, maker.band))
        return min(rows, height)

    def _shared_rows(self, maker: _Member, readers: Sequence[_Member], height: int) -> int:
        pixel = [r.band for r in readers if r.node.kernel.style is Style.PIXELS]
        step = max([unbroken_rows(maker.node, maker.band), *pixel])
        if len(readers) == 1:
            return min(aligned(max(maker.band, readers[0].band), step), height)
        windows = [r for r in readers if r.node.kernel.style is Style.WINDOW]
        # Windows that lag behind each other are not followed call by call: each alone would need
        # so many rows, together at most the estimate.
        alone = max([1, *(self._window_rows(maker, r, height) for r in windows)])
        oldest = np.full_like(maker.done, height)
        for reader in readers:
            before = np.concatenate([[0], reader.done[:-1]])
            window = reader.node.window
            low = np.clip(before * window.stride - window.pad_top, 0, height)
            oldest = np.minimum(oldest, np.where(before < reader.node.height, low, height))
        rows = min(aligned(int((maker.done - oldest).max()), step), height)
        if len(windows) > 1:
            self.slack_bytes += (rows - alone) * self.graph.tensors[maker.node.output].rows[1]
        return rows

    def _release_pad_row(self) -> None:
        """Padding moves into the ring: its row is not needed in the scratch any more."""
        made = {m.node.output for m in self.members}
        self.shared_bytes = max(
            (
                m.node.scratch_bytes(m.band)
                + (0 if self._pads_in_ring(m, made) else m.node.pad_row_bytes)
                for m in self.members
                if m.node.kernel.style is not Style.REDUCE
            ),
            default=0,
        )

    def _pads_in_ring(self, member: _Member, made: set[int]) -> bool:
        source = member.node.inputs[0] if member.node.inputs else -1
        readers = sum(source in m.node.inputs for m in self.members)
        return source in made and readers == 1

    def _replace_rows(self, maker: _Member, reader: _Member, rows: int, height: int) -> None:
        """The reader's own output takes the slots of the rows that die, where it may."""
        result = reader.node.output
        after = [m for m in self.members if result in m.node.inputs]
        if result not in self.ring_bytes or len(after) != 1 or rows >= height:
            return
        made = {m.node.output for m in self.members}
        in_step = (
            after[0].node.kernel.style is Style.PIXELS
            and after[0].band == reader.band
            and len(made.intersection(after[0].node.inputs)) == 1
            and result in after[0].node.streamed
        )
        if in_step and can_replace_rows(self.graph, reader.node, reader.band, rows):
            self.ring_bytes[result] = 0

    def least_distance(self, source: int, result: int) -> int | None:
        """Bytes by which `source` must lie above `result`; None: they cannot share memory."""
        tensor, made = self.graph.tensors[source], self.graph.tensors[result]
        writer = self.members[0]
        if writer.node.output != result:
            # Written on the way, when the last operator asks for it: not followed here.
            return None
        written = _written(writer, made.size_bytes, made.rows[1])
        live = np.full_like(written, tensor.size_bytes)
        within = 0
        for member in self.members:
            views = [t for t in member.node.inputs if self.roots.get(t, t) == source]
            for view in views:
                height, row_bytes = self.graph.tensors[view].rows
                if view not in member.node.streamed:
                    # Read as a whole at one point: nothing may be written before.
                    return None
                window = member.node.window
                low = np.clip(member.done * window.stride - window.pad_top, 0, height)
                unread = member.done < member.node.height
                live = np.minimum(live, np.where(unread, low * row_bytes, tensor.size_bytes))
                if member is writer:
                    within = max(within, self._within(member, view, row_bytes, made.rows[1]))
        least = aligned(max(int((written - live).max()), within, 0))
        return least if least < made.size_bytes else None

    def _within(self, member: _Member, view: int, in_bytes: int, out_bytes: int) -> int:
        node = member.node
        first, end = _before(member), member.done
        if node.kernel.style is Style.PIXELS and node.kernel.reads_ahead:
            growth = out_bytes - in_bytes
            if node.height == 1:
                before, after = self.graph.tensors[view], self.graph.tensors[node.output]
                return max(0, after.size_bytes - before.size_bytes)
            return int(max((first * growth).max(), (end * growth).max()))
        low = np.clip(first * node.window.stride - node.window.pad_top, 0, None) * in_bytes
        size = self.graph.tensors[node.output].size_bytes
        return int((_written(member, size, out_bytes) - low).max())


def _before(member: _Member) -> Rows:
    return np.concatenate([[0], member.done[:-1]])


def _written(member: _Member, size_bytes: int, row_bytes: int) -> Rows:
    done = member.done
    if member.node.kernel.style is Style.REDUCE:
        return np.where(done == member.node.height, size_bytes, 0)
    return done * row_bytes if member.node.height > 1 else np.full_like(done, size_bytes)


def _reads_whole(tensor: int, reader: Node) -> bool:
    return tensor not in reader.streamed or reader.height == 1


def _rows_read(reader: Node, maker: Node, done: Rows, height: int) -> Rows:
    """Rows of the maker that a reader has used up once it has made `done` rows."""
    if maker.height == 1:
        return np.minimum(done, 1)
    if _reads_whole(maker.output, reader) and reader.kernel.style is not Style.WINDOW:
        return np.where(done > 0, height, 0)
    window = reader.window
    ahead = (done - 1) * window.stride - window.pad_top + window.extent
    return np.where(done > 0, np.clip(ahead, 0, height), 0)
