# SPDX-License-Identifier: Apache-2.0
"""What a stage would keep alive, in closed form: hundreds of stages are weighed for each one made.

A stage grows from its last operator towards the front. How far each operator has got after every
band of the last one follows from its readers alone, so operators in front never change what is
known of those behind. Rings with one reader come out exactly as `schedule.make_stage` makes them;
where several operators read one tensor, the estimate may be some rows too high, never too low.

`README.md` beside this file draws an example.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcunet_tf.tinyengine.ir import Graph
from mcunet_tf.tinyengine.plan.profiles import Profile, Profiles
from mcunet_tf.tinyengine.schedule.calls import (
    SINGLE_ROWS,
    Calls,
    calls_for,
    read_calls,
    unbroken_calls,
)
from mcunet_tf.tinyengine.schedule.nodes import Node
from mcunet_tf.tinyengine.schedule.rings import aligned, can_replace_rows, ring_shift
from mcunet_tf.tinyengine.schedule.row_progress import Reader, RowProgress


class Member:
    """An operator of the growing stage.

    Attributes:
      node: the operator.
      profile: what it takes.
      calls: rows per kernel call.
      progress: rows made after each band of the stage's last operator.
      readers: who reads its output.
      made_inputs: those of its operands that the stage makes.
      ring_bytes: bytes of its output's ring; None where the output is a whole tensor.
    """

    __slots__ = ("calls", "made_inputs", "node", "profile", "progress", "readers", "ring_bytes")

    def __init__(
        self, node: Node, profile: Profile, calls: Calls, readers: Sequence[Member]
    ) -> None:
        self.node = node
        self.profile = profile
        self.calls = calls
        self.progress: RowProgress
        self.readers = readers
        self.made_inputs = 0
        self.ring_bytes: int | None = None

    def reader_of(self, tensor: int) -> Reader:
        """How the operator uses up one of its operands."""
        return self.progress, self.profile.reach(tensor in self.node.streamed)


class GrowingStage:
    """A stage that operators are added to from behind.

    Attributes:
      members: the last operator first.
      instructions: predicted.
      inner_bytes: rings and scratch so far.
      slack_bytes: how much `inner_bytes` may be too high, for tensors with several readers.
    """

    def __init__(self, graph: Graph, band_limit: int, effort: Profiles) -> None:
        self.graph = graph
        self.band_limit = band_limit
        self.progresses = effort.progresses
        self.members: list[Member] = []
        self.instructions = 0.0
        self.inner_bytes = 0
        self.slack_bytes = 0
        self._scratch_bytes = 0
        # Scratch of calls with a row of padding beside it, which a ring may take over.
        self._padded_bytes: list[int] = []
        # Rings, and sums that reductions keep.
        self._kept_bytes = 0

    def add(self, node: Node, profile: Profile, internal: bool, readers: Sequence[Member]) -> None:
        """Puts an operator in front.

        Args:
          node: the operator.
          profile: what it takes.
          internal: nothing outside the stage reads its output.
          readers: members that read its output.
        """
        wishes = [_wish(node, profile, reader) for reader in readers]
        calls = calls_for(node, profile.band(self.band_limit), wishes)
        member = Member(node, profile, calls, readers)
        if readers:
            member.progress = self.progresses.of_maker(
                [reader.reader_of(node.output) for reader in readers],
                node.height,
                calls,
                profile.height,
                complete=not internal,
            )
        else:
            member.progress = self.progresses.of_last(node.height, calls.band)
        self.instructions += profile.rows(member.progress.last, calls)
        self._add_scratch(member)
        self.members.append(member)
        for reader in readers:
            reader.made_inputs += 1
        if internal and readers:
            self._add_ring(member)
        shared = max([self._scratch_bytes, *self._padded_bytes])
        self.inner_bytes = aligned(shared) + self._kept_bytes

    def _add_scratch(self, member: Member) -> None:
        scratch = member.profile.scratch_bytes(member.calls.band)
        if member.profile.reduce:
            self._kept_bytes += scratch
            return
        self._scratch_bytes = max(self._scratch_bytes, scratch)
        if member.node.pad_row_bytes:
            self._padded_bytes.append(scratch + member.node.pad_row_bytes)

    def _add_ring(self, maker: Member) -> None:
        tensor, height = maker.node.output, maker.profile.height
        reader = maker.readers[0]
        alone = len(maker.readers) == 1
        shift: int | None = 0
        if alone and reader.profile.window:
            rows, shift = self._window_rows(maker, reader)
            if rows < height and shift is not None and reader.node.pad_row_bytes:
                # Rows of padding are rows of the ring.
                scratch = reader.profile.scratch_bytes(reader.calls.band)
                self._padded_bytes.remove(scratch + reader.node.pad_row_bytes)
        elif maker.node.height == 1 or any(
            tensor not in r.node.streamed or r.node.height == 1 for r in maker.readers
        ):
            rows = height
        else:
            rows, shift = self._shared_rows(maker)
        if rows >= height or shift is None:
            rows, shift = height, None
        maker.ring_bytes = aligned(rows * maker.profile.row_bytes)
        self._kept_bytes += maker.ring_bytes
        if alone and shift is not None and self._replaces_rows(reader, rows, shift):
            self._kept_bytes -= reader.ring_bytes or 0
            reader.ring_bytes = 0

    def _window_rows(self, maker: Member, reader: Member) -> tuple[int, int | None]:
        rows = self.progresses.window_rows(
            reader.profile.reach(True),
            reader.calls,
            maker.node.height,
            maker.calls,
            maker.profile.height,
        )
        unbroken = unbroken_calls(maker.node, maker.calls)
        rows = aligned(rows, unbroken[0].band if unbroken else 1)
        return rows, ring_shift(rows, unbroken)

    def _shared_rows(self, maker: Member) -> tuple[int, int | None]:
        height, readers = maker.profile.height, maker.readers
        accesses = unbroken_calls(maker.node, maker.calls)
        taken = [read_calls(r.node, r.calls) for r in readers if not r.profile.window]
        accesses += [calls for calls in taken if calls.band > 1]
        step = max((calls.band for calls in accesses), default=1)
        if len(readers) == 1:
            rows = aligned(max(maker.calls.band, taken[0].band), step)
            return rows, ring_shift(rows, accesses)
        alive = self.progresses.alive_rows(
            maker.progress, [r.reader_of(maker.node.output) for r in readers], height
        )
        rows = min(aligned(alive, step), height)
        windows = [r for r in readers if r.profile.window]
        if len(windows) > 1:
            # Windows that lag behind each other are not followed call by call: each alone would
            # need so many rows, together at most the estimate.
            least = max(min(self._window_rows(maker, r)[0], height) for r in windows)
            self.slack_bytes += (rows - least) * maker.profile.row_bytes
        return rows, ring_shift(rows, accesses)

    def _replaces_rows(self, window: Member, rows: int, shift: int) -> bool:
        """Whether a window's own output takes the slots of the rows that die in its input."""
        if window.ring_bytes is None or len(window.readers) != 1:
            return False
        after = window.readers[0]
        taken = read_calls(after.node, after.calls)
        in_step = (
            after.profile.pixels
            and taken in (window.calls, SINGLE_ROWS)
            and after.made_inputs == 1
            and window.node.output in after.node.streamed
        )
        return in_step and can_replace_rows(
            self.graph, window.node, window.calls, taken, rows, shift
        )

    def least_distance(self, views: Iterable[tuple[Member, int]]) -> int | None:
        """Bytes by which a tensor must lie above the last operator's result.

        Args:
          views: who reads the tensor, and the operand it is to that reader.

        Returns:
          None if the two cannot share memory.
        """
        writer = self.members[0]
        out = writer.profile
        at_end = out.reduce or writer.node.height == 1
        least = 0
        for member, view in views:
            if view not in member.node.streamed:
                # Read as a whole at one point: nothing may be written before.
                return None
            height, row_bytes = self.graph.tensors[view].rows
            reach = member.profile.reach(True)
            if at_end:
                unread = reach.oldest(member.progress.last, height)
                least = max(least, out.size_bytes - unread * row_bytes)
            else:
                lags = self.progresses.lags(writer.progress, member.progress, reach, height)
                least = max(least, *(w * out.row_bytes - low * row_bytes for w, low in lags))
            if member is writer:
                least = max(least, self._within(view))
        least = aligned(least)
        return least if least < out.size_bytes else None

    def _within(self, view: int) -> int:
        """The distance that the last operator's own calls need to an operand."""
        writer, tensor = self.members[0], self.graph.tensors[view]
        out = writer.profile
        if out.pixels and writer.node.kernel.reads_ahead:
            return out.size_bytes - tensor.size_bytes
        lags = self.progresses.lags_within(writer.progress, out.reach(True))
        if out.reduce or writer.node.height == 1:
            return out.size_bytes - lags[-1][1] * tensor.rows[1]
        return max(w * out.row_bytes - low * tensor.rows[1] for w, low in lags)


def _wish(node: Node, profile: Profile, reader: Member) -> tuple[Calls, bool, int]:
    """What a reader asks of its producer's calls: see `calls_for`."""
    reach = reader.profile.reach(node.output in reader.node.streamed)
    wanted = 1 if node.height == 1 else reach.ahead(reader.calls.first, profile.height)
    return read_calls(reader.node, reader.calls), not reader.profile.window, wanted
