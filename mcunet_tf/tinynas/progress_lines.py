# SPDX-License-Identifier: Apache-2.0
"""Says how far long work has come and how long it will take."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any

_REDRAW_SECONDS = 0.5


class ProgressLines:
    """Writes a line per finished step, and on a terminal redraws one within a step."""

    def __init__(self, quiet: bool = False, stream: Any = None):
        self.quiet = quiet
        self.stream = stream or sys.stdout
        self.live = not quiet and self.stream.isatty()
        self.title = ""
        self.total = 0
        self.begun = 0
        self.current = 0
        self.started = time.monotonic()
        self.drawn = 0.0

    def start(self, title: str, total: int, done: int = 0) -> None:
        """Begins work of `total` steps, `done` of which an earlier run has finished."""
        self.title, self.total, self.begun, self.current = title, total, done, done
        self.started = time.monotonic()
        if done:
            self.say(f"{title}: {done} of {total} are done already")

    def tick(self, part: int, parts: int) -> None:
        """Redraws the line within a step."""
        now = time.monotonic()
        if self.live and now - self.drawn > _REDRAW_SECONDS:
            self.drawn = now
            share = self.current + part / parts
            print(f"\r{self._head(share)}{part}/{parts}  ", end="", file=self.stream, flush=True)

    def step(self, done: int, values: Mapping[str, Any] | None = None) -> None:
        """Reports a finished step with its values."""
        self.current = done
        shown = "  ".join(_shown(key, value) for key, value in (values or {}).items())
        self.say(f"{self._head(done)}{shown}")

    def say(self, text: str) -> None:
        """Writes a line."""
        if not self.quiet:
            print(f"\r{text}" if self.live else text, file=self.stream, flush=True)

    def _head(self, done: float) -> str:
        share = (done - self.begun) / max(self.total - self.begun, 1)
        spent = time.monotonic() - self.started
        left = spent / share - spent if share > 0 else 0.0
        return f"{self.title} {int(done)}/{self.total}  ETA {_duration(left)}  "


def _shown(key: str, value: Any) -> str:
    return f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 7200 else f"{whole / 3600:.1f} h"
