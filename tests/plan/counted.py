# SPDX-License-Identifier: Apache-2.0
"""Counts calls: how work grows is told by them, where times would depend on the machine."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator

import pytest


@contextlib.contextmanager
def counted_calls(owner: type, *names: str) -> Iterator[Counter[str]]:
    """Counts the calls of some methods of a class, by name; they do what they did."""
    counts: Counter[str] = Counter()
    with pytest.MonkeyPatch.context() as patch:
        for name in names:
            method = getattr(owner, name)

            def counting(self, *arguments, name=name, method=method):
                counts[name] += 1
                return method(self, *arguments)

            patch.setattr(owner, name, counting)
        yield counts
