# SPDX-License-Identifier: Apache-2.0
"""Prepares the next batches while the network trains on this one."""

from __future__ import annotations

import collections
import concurrent.futures
from collections.abc import Generator, Iterable
from typing import TypeVar

Item = TypeVar("Item")

_WAITING = 2
"""Batches that are ready or in work at a time: their memory is the price."""


def ahead(items: Iterable[Item]) -> Generator[Item]:
    """Gives the same items in the same order; a thread of its own makes them before they are asked.

    What the source raises is raised here, when its turn has come. Close the iterator where it is
    left early.
    """
    source, end = iter(items), object()
    with concurrent.futures.ThreadPoolExecutor(1, "batches") as thread:
        # One thread alone: a generator cannot run in two.
        waiting = collections.deque(thread.submit(next, source, end) for _ in range(_WAITING))
        while (item := waiting.popleft().result()) is not end:
            waiting.append(thread.submit(next, source, end))
            yield item  # type: ignore[misc]  # `end` is never given
