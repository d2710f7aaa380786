# SPDX-License-Identifier: Apache-2.0
"""Which constants are worth a fast memory that cannot hold all of them.

A memory of wait states costs with every byte that is read of it, so what counts is how often an
inference reads each byte of an array: once in a fully connected layer, once for every output
position (or every few, by the kernel's tile) in a convolution. The arrays that are read most often
for their size go first, and smaller ones behind them fill what is left.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from mcunet_tf.tinyengine.emit.library import Arena
from mcunet_tf.tinyengine.emit.project import Project
from mcunet_tf.tinyengine.kernel_tables.table import Blob
from mcunet_tf.tinyengine.schedule.nodes import node_macs


@dataclasses.dataclass(frozen=True)
class HotWeights:
    """What goes into the fast memory.

    Attributes:
      symbols: C names of the arrays.
      size_bytes: what they take, gaps that align them included.
      limit_bytes: what there is.
      share: their share, 0 to 1, of all bytes of constants that an inference reads.
      section: where they go.
    """

    symbols: frozenset[str] = frozenset()
    size_bytes: int = 0
    limit_bytes: int = 0
    share: float = 0.0
    section: str = ""

    def text(self, arrays: int) -> str:
        """One sentence, for a model of so many arrays of constants."""
        return (
            f"{len(self.symbols)} of {arrays} arrays of constants are in {self.section}: "
            f"{self.size_bytes:,} of {self.limit_bytes:,} bytes there, and about "
            f"{100 * self.share:.0f} % of the bytes of constants that an inference reads"
        )


def hot_weights(projects: Sequence[Project], memories: Mapping[str, int]) -> HotWeights | None:
    """Chooses what goes into the section of hot weights, or None where none was named.

    Args:
      projects: the models of one firmware; each runs as often as the others.
      memories: bytes of "arena" and "state", which may lie in the same memory.
    """
    place = projects[0].place
    if "hot_weights" not in place.sections:
        return None
    limit = max(place.hot_bytes - sum(memories.get(kind, 0) for kind in place.beside_hot), 0)
    arrays = {symbol: blob for p in projects for symbol, blob in p.pool.arrays.items()}
    reads: dict[str, float] = {}
    for project in projects:
        for symbol, count in bytes_read(project).items():
            reads[symbol] = reads.get(symbol, 0.0) + count
    chosen, used = [], 0
    for symbol in sorted(arrays, key=lambda s: (-reads[s] / arrays[s].size_bytes, s)):
        taken = _aligned(arrays[symbol])
        if used + taken <= limit:
            chosen.append(symbol)
            used += taken
    share = sum(reads[s] for s in chosen) / (sum(reads.values()) or 1.0)
    return HotWeights(frozenset(chosen), used, limit, share, place.sections["hot_weights"])


def memory_sizes(arenas: Sequence[Arena]) -> dict[str, int]:
    """Bytes of "arena", all of them together, and of "state"."""
    sizes = {"arena": 0, "state": 0}
    for arena in arenas:
        sizes["state" if arena.name == "state" else "arena"] += arena.size_bytes
    return sizes


def bytes_read(project: Project) -> dict[str, float]:
    """About how many bytes of each array of constants an inference reads, by symbol."""
    pool = project.pool
    found: dict[str, float] = {}
    for node in project.nodes:
        struct = pool.structs[node.index]
        symbols = {pool.fields[node.index][name]: blob for name, blob in struct.blobs().items()}
        values = sum(blob.values.size for blob in symbols.values())
        # Of layers that multiply, every weight once for each product that it is a factor of. Of
        # others, a table has an entry read for each output.
        work = node_macs(node) or project.graph.tensors[node.output].elements
        times = max(work / values, 1.0) if values else 0.0
        for symbol, blob in symbols.items():
            found[symbol] = found.get(symbol, 0.0) + times * blob.size_bytes
        for tensor in node.inputs:
            if tensor in pool.operands:
                operand = pool.operands[tensor]
                size = project.graph.tensors[tensor].size_bytes
                found[operand] = found.get(operand, 0.0) + size
    return found


def _aligned(blob: Blob) -> int:
    """Bytes of an array with the most that a linker adds in front of it."""
    return -(-blob.size_bytes // 8) * 8


def placed_notes(project: Project) -> tuple[str, ...]:
    """What the report of one model says of its hot weights."""
    hot = hot_weights([project], memory_sizes(project.arenas))
    return () if hot is None else (hot.text(len(project.pool.arrays)),)
