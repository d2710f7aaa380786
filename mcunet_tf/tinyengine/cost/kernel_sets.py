# SPDX-License-Identifier: Apache-2.0
"""Chooses sets of kernels: each kernel costs flash once and time wherever it is used.

Operators that have no kernels in common are independent. Within a group of those that have, all
sets of kernels are weighed; between groups, only the sets that no other one beats in both costs are
kept.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from mcunet_tf.tinyengine.kernel_tables.table import Kernel

MAX_KERNELS = 16  # that are chosen among at once: their sets are enumerated

_Floats = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True, eq=False)
class KernelChoice:
    """An operator and the kernels that take it.

    Attributes:
      kernels: the preferred one first.
      times: of each kernel, in what costs are compared by.
      constant_bytes: weights and tables of each kernel, as packed; without a limit of flash only
        those count of which other operators might keep copies.
    """

    kernels: tuple[Kernel, ...]
    times: tuple[float, ...]
    constant_bytes: tuple[int, ...]

    def priced(self, price: float) -> KernelChoice:
        """The same, each kernel's constants as so much time per byte."""
        if not any(self.constant_bytes):
            return self
        pairs = zip(self.times, self.constant_bytes, strict=True)
        costs = tuple(time + price * size for time, size in pairs)
        return KernelChoice(self.kernels, costs, (0,) * len(costs))


@dataclasses.dataclass(frozen=True, eq=False)
class Selection:
    """Rows for some operators, and what they take together.

    Attributes:
      flash_bytes: code and constants.
      time: of one inference.
      kernels: the kernel of each operator.
    """

    flash_bytes: float
    time: float
    kernels: Mapping[int, Kernel]


def cheapest_kernels(
    choices: Sequence[KernelChoice], code_bytes: Mapping[str, int], price: float
) -> Selection:
    """The kernels of least time + price * code bytes."""
    chosen = Selection(0.0, 0.0, {})
    for group in _connected(choices):
        sets = _Sets(group, choices, code_bytes)
        best = int(np.argmin(sets.times + price * sets.code_bytes))
        chosen = _joined(chosen, sets.selection(best))
    return chosen


def fastest_kernels(
    choices: Sequence[KernelChoice], code_bytes: Mapping[str, int]
) -> list[Selection]:
    """The kernels for every budget worth having: the fastest first, each smaller than the last."""
    front = [Selection(0.0, 0.0, {})]
    for group in _connected(choices):
        sets = _Sets(group, choices, code_bytes)
        own = [sets.selection(index) for index in sets.front()]
        front = _front([_joined(a, b) for a in front for b in own])
    return front


def _joined(a: Selection, b: Selection) -> Selection:
    flash_bytes, time = a.flash_bytes + b.flash_bytes, a.time + b.time
    return Selection(flash_bytes, time, {**a.kernels, **b.kernels})


def _front(options: Sequence[Selection]) -> list[Selection]:
    """The options that no other one beats in both flash and time."""
    kept: list[Selection] = []
    for option in sorted(options, key=lambda o: (o.time, o.flash_bytes)):
        if not kept or option.flash_bytes < kept[-1].flash_bytes:
            kept.append(option)
    return kept


def _connected(choices: Sequence[KernelChoice]) -> list[list[int]]:
    """Groups of operators that have kernels in common, directly or through others."""
    groups: list[tuple[set[str], list[int]]] = []
    for index, choice in enumerate(choices):
        names = {kernel.name for kernel in choice.kernels}
        joined = [group for group in groups if group[0] & names]
        groups = [group for group in groups if not group[0] & names]
        names = names.union(*(group[0] for group in joined))
        groups.append((names, sorted([index, *(i for group in joined for i in group[1])])))
    return [members for _, members in groups]


class _Sets:
    """All sets of kernels for a group of operators: what each would take.

    Attributes:
      code_bytes: [sets].
      times: [sets]; infinite where an operator has no kernel in the set.
      constant_bytes: [sets].
    """

    def __init__(
        self, group: Sequence[int], choices: Sequence[KernelChoice], code_bytes: Mapping[str, int]
    ) -> None:
        self.group = group
        self.choices = choices
        self.names = _row_names(group, choices, code_bytes)
        count = 1 << len(self.names)
        members = np.arange(count)
        self.code_bytes = np.zeros(count)
        for bit, name in enumerate(self.names):
            self.code_bytes += np.where(members >> bit & 1, code_bytes[name], 0)
        self.times = np.zeros(count)
        self.constant_bytes = np.zeros(count)
        for index in group:
            times, constants = self._best(choices[index], members)
            self.times += times
            self.constant_bytes += constants

    def _best(
        self, choice: KernelChoice, members: npt.NDArray[np.int64]
    ) -> tuple[_Floats, _Floats]:
        """The fastest kernel of each set for one operator."""
        fastest = np.full(len(members), np.inf)
        constants = np.zeros(len(members))
        # A later kernel must be faster to replace an earlier one: the table's order breaks ties.
        for kernel, time, size in zip(
            choice.kernels, choice.times, choice.constant_bytes, strict=True
        ):
            if kernel.name not in self.names:
                continue
            better = (members >> self.names.index(kernel.name) & 1 > 0) & (time < fastest)
            fastest = np.where(better, time, fastest)
            constants = np.where(better, size, constants)
        return fastest, constants

    def front(self) -> list[int]:
        """The sets that no other one beats, the fastest first."""
        flash = self.code_bytes + self.constant_bytes
        kept, least = [], np.inf
        for index in np.lexsort((flash, self.times)):
            if np.isfinite(self.times[index]) and flash[index] < least:
                kept.append(int(index))
                least = flash[index]
        return kept

    def selection(self, index: int) -> Selection:
        """The kernels of one set."""
        inside = {name for bit, name in enumerate(self.names) if index >> bit & 1}
        kernels = {}
        for op in self.group:
            choice = self.choices[op]
            pairs = zip(choice.times, range(len(choice.kernels)), strict=True)
            usable = [pair for pair in pairs if choice.kernels[pair[1]].name in inside]
            kernels[op] = choice.kernels[min(usable)[1]]
        flash = float(self.code_bytes[index] + self.constant_bytes[index])
        return Selection(flash, float(self.times[index]), kernels)


def _row_names(
    group: Sequence[int], choices: Sequence[KernelChoice], code_bytes: Mapping[str, int]
) -> list[str]:
    """The kernels to choose among, in the tables' order.

    If they are too many, those that are fastest or smallest somewhere come first.
    """
    names = list(dict.fromkeys(kernel.name for i in group for kernel in choices[i].kernels))
    if len(names) <= MAX_KERNELS:
        return names
    fastest = [choices[i].kernels[int(np.argmin(choices[i].times))].name for i in group]
    smallest = []
    for choice in (choices[i] for i in group):
        pairs = zip(choice.kernels, choice.constant_bytes, strict=True)
        sizes = [code_bytes[kernel.name] + constants for kernel, constants in pairs]
        smallest.append(choice.kernels[int(np.argmin(sizes))].name)
    kept = list(dict.fromkeys([*fastest, *smallest, *names]))[:MAX_KERNELS]
    return [name for name in names if name in kept]
