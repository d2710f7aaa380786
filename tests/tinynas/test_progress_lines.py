# SPDX-License-Identifier: Apache-2.0
"""Lines of progress: on terminals, in files, and where nobody can be told any more."""

import io
import os
import sys

import pytest

from mcunet_tf.tinynas import progress_lines
from mcunet_tf.tinynas.progress_lines import ProgressLines


class Terminal(io.StringIO):
    def isatty(self):
        return True


def worked(stream, steps=3, parts=4):
    lines = ProgressLines(stream=stream)
    lines.start("training", steps)
    for step in range(steps):
        for part in range(parts):
            lines.tick(part + 1, parts)
        lines.step(step + 1, {"loss": 0.5})
    lines.say("done")
    return lines


def test_a_file_gets_whole_lines_without_control_characters():
    stream = io.StringIO()
    worked(stream)
    assert "\r" not in stream.getvalue() and "\x1b" not in stream.getvalue()
    assert stream.getvalue().splitlines()[-1] == "done"


def test_many_fast_steps_are_few_lines_in_a_file():
    stream = io.StringIO()
    worked(stream, steps=500)
    shown = stream.getvalue().splitlines()
    assert len(shown) <= 4
    assert any(line.startswith("training 500/500") for line in shown)


def test_slow_steps_are_told_each(monkeypatch):
    times = iter(range(0, 10**6, 11))
    monkeypatch.setattr(progress_lines.time, "monotonic", lambda: next(times))
    stream = io.StringIO()
    worked(stream, steps=5, parts=0)
    assert len(stream.getvalue().splitlines()) == 6


@pytest.mark.parametrize("columns", [1, 20, 200])
def test_a_redrawn_line_never_wraps(monkeypatch, columns):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(progress_lines, "_REDRAW_SECONDS", 0.0)
    stream = Terminal()
    worked(stream)
    redrawn = [part for part in stream.getvalue().split("\r") if not part.endswith("\n")]
    assert len(redrawn) > 3
    assert all(len(part.removesuffix("\x1b[K")) <= max(1, columns - 1) for part in redrawn)


def test_a_dumb_terminal_is_not_redrawn(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    stream = Terminal()
    worked(stream)
    assert "\r" not in stream.getvalue()


class Gone(io.StringIO):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def write(self, text):
        raise self.error


@pytest.mark.parametrize(
    "error", [BrokenPipeError(), OSError(5, "I/O error"), ValueError("closed")]
)
def test_where_nothing_can_be_written_work_goes_on(error):
    assert worked(Gone(error)).quiet


def test_a_closed_stream_and_none_at_all_are_quiet(monkeypatch):
    closed = io.StringIO()
    closed.close()
    assert worked(closed).quiet
    monkeypatch.setattr(sys, "stdout", None)
    assert worked(None).quiet


def test_a_pipe_that_nobody_reads_ends_the_lines_only():
    reading, writing = os.pipe()
    os.close(reading)
    with pytest.raises(BrokenPipeError), os.fdopen(writing, "w") as stream:
        assert worked(stream).quiet


def test_all_works_are_foretold(monkeypatch):
    """Two of four steps took 20 s: two are left, and three more of later works."""
    now = [0.0]
    monkeypatch.setattr(progress_lines.time, "monotonic", lambda: now[0])
    stream = io.StringIO()
    lines = ProgressLines(stream=stream)
    lines.following = 3
    lines.start("supernet", 4)
    for step in (1, 2):
        now[0] += 10
        lines.step(step)
    assert stream.getvalue().splitlines()[-1] == "supernet 2/4  ETA 20 s, in all 50 s"
    lines.following = 0
    lines.ends_in(310)
    now[0] += 10
    lines.step(3)
    assert stream.getvalue().splitlines()[-1].endswith(", in all 5 min")
