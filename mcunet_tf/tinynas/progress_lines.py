# SPDX-License-Identifier: Apache-2.0
"""Says how far long work has come and how long it will take."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Mapping
from typing import Any

_REDRAW_SECONDS = 0.5
_LINE_SECONDS = 10.0
"""Steps that follow each other faster are told of once in so long, where nothing is redrawn."""


class ProgressLines:
    """Writes a line per finished step, and on a terminal redraws one within a step.

    Each says how long the work will take, and all of the works where that is known: what follows
    as steps of this one's length (`following`), or when all is to end (`ends_in`).

    What cannot be written (a terminal that was closed, a pipe that nobody reads any more, a full
    disk behind a log) ends the lines, never the work.
    """

    def __init__(self, quiet: bool = False, stream: Any = None):
        """Prepares to write.

        Args:
            quiet: whether nothing is written at all.
            stream: where to write; None takes what standard output is now, if there is any.
        """
        self.stream = stream if stream is not None else sys.stdout
        self.quiet = quiet or self.stream is None
        self.live = not self.quiet and self._is_terminal()
        self.title = ""
        self.total = 0
        self.begun = 0
        self.current = 0
        self.started = time.monotonic()
        self.drawn = 0.0
        self.told = -_LINE_SECONDS
        self.following = 0.0
        self.end: float | None = None

    def ends_in(self, seconds: float) -> None:
        """Says when all works are to end."""
        self.end = time.monotonic() + seconds

    def start(self, title: str, total: int, done: int = 0) -> None:
        """Begins work.

        Args:
            title: what the work is called.
            total: number of its steps.
            done: steps that an earlier run has finished.
        """
        self.title, self.total, self.begun, self.current = title, total, done, done
        self.started = time.monotonic()
        self.told = -_LINE_SECONDS
        if done:
            self.say(f"{title}: {done} of {total} are done already")

    def tick(self, part: int, parts: int) -> None:
        """Redraws the line within a step, `part` of whose `parts` are done."""
        now = time.monotonic()
        if self.live and now - self.drawn > _REDRAW_SECONDS:
            self.drawn = now
            text = f"{self._head(self.current + part / parts)}{part}/{parts}"
            self._write(f"\r{self._cut(text)}\x1b[K", end="")

    def step(self, done: int, values: Mapping[str, Any] | None = None) -> None:
        """Reports a finished step with its values; of many fast ones only some, and the last."""
        self.current = done
        now = time.monotonic()
        if not self.live and done < self.total and now - self.told < _LINE_SECONDS:
            return
        self.told = now
        shown = "  ".join(_shown(key, value) for key, value in (values or {}).items())
        self.say(f"{self._head(done)}{shown}".rstrip())

    def say(self, text: str) -> None:
        """Writes a line."""
        self._write(f"\r{text}\x1b[K" if self.live else text, end="\n")

    def _write(self, text: str, end: str) -> None:
        if self.quiet:
            return
        try:
            print(text, end=end, file=self.stream, flush=True)
        except (OSError, ValueError):
            self.quiet, self.live = True, False

    def _is_terminal(self) -> bool:
        try:
            return bool(self.stream.isatty()) and os.environ.get("TERM", "dumb") != "dumb"
        except (AttributeError, OSError, ValueError):  # closed, or no file at all
            return False

    def _cut(self, text: str) -> str:
        """A line that is redrawn must not wrap: the next one would not cover it."""
        return text[: max(1, shutil.get_terminal_size().columns - 1)]

    def _head(self, done: float) -> str:
        share = (done - self.begun) / max(self.total - self.begun, 1)
        spent = time.monotonic() - self.started
        left = spent / share - spent if share > 0 else 0.0
        return f"{self.title} {int(done)}/{self.total}  ETA {_duration(left)}{self._all(left)}  "

    def _all(self, left: float) -> str:
        """What is left of all works, where that is more than what is left of this one."""
        if self.end is not None:
            return f", in all {_duration(max(self.end - time.monotonic(), left))}"
        if not self.following or self.current <= self.begun:
            return ""
        each = (time.monotonic() - self.started) / (self.current - self.begun)
        return f", in all {_duration(left + self.following * each)}"


def _shown(key: str, value: Any) -> str:
    return f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min" if whole < 7200 else f"{whole / 3600:.1f} h"
