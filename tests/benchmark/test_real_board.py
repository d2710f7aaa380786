# SPDX-License-Identifier: Apache-2.0
"""A real board that hangs, resets or talks nonsense costs its own row, and no more."""

import sys

import pytest

from mcunet_tf.benchmark import bench
from mcunet_tf.benchmark.bench import measure
from mcunet_tf.benchmark.flash import flash_image
from mcunet_tf.benchmark.frames import FrameKind, encode_frame
from mcunet_tf.benchmark.runner import Connection
from mcunet_tf.errors import ToolError
from tests.benchmark.test_bench import StandInReference, WithCosts
from tests.benchmark.tiny_project import tiny_project

pytest.importorskip("serial", reason="pyserial is an optional dependency")
pytest.importorskip("pty", reason="this system has no pseudo-terminals")
from tests.benchmark.fake_board import CYCLES, FakeBoard  # needs pty

pytestmark = pytest.mark.qemu  # the images are built with the cross compiler


@pytest.fixture
def models(tmp_path, monkeypatch):
    """Two models, both of which the board can run."""
    paths = [tmp_path / name for name in ("first.tflite", "second.tflite")]
    for path in paths:
        path.write_bytes(b"")
    monkeypatch.setattr(bench, "Reference", StandInReference)
    stand_in = {"tinyengine": lambda path, board, options: WithCosts(tiny_project())}
    monkeypatch.setattr(bench, "RUNTIMES", stand_in)
    return paths


def run(models, board, flash_command=""):
    connection = Connection(board.port, flash_command, timeout_s=0.5)
    return list(measure(models, ["stm32f412"], inputs=2, connection=connection))


def once(kind, answer):
    """Answers the first request of a kind wrongly."""
    seen = []

    def misbehave(board, frame):
        if frame.kind is kind and not seen:
            seen.append(frame)
            return answer
        return None

    return misbehave


def test_cycles_are_measured_and_stand_in_the_row(models):
    with FakeBoard() as board:
        first, second = run(models, board)
    for outcome in (first, second):
        assert outcome.error is None
        assert outcome.row.bit_exact
        assert not outcome.row.emulated
        assert outcome.row.instructions is None
        assert outcome.row.measured_cycles == CYCLES
        assert outcome.row.measured_latency_ms == pytest.approx(1e3 * CYCLES / 100e6)
        assert outcome.row.modelled_latency_ms is None
        assert outcome.row.energy_uj > 0
        assert outcome.row.stack_bytes == 96


def test_a_board_that_hangs_is_given_up(models):
    with FakeBoard(once(FrameKind.INVOKE, b"")) as board:
        first, second = run(models, board)
    assert "INVOKE to the board failed: no answer within" in first.row.error
    assert second.row.bit_exact


def test_a_board_that_is_reset_says_so(models):
    with FakeBoard(once(FrameKind.INVOKE, encode_frame(FrameKind.BOOT))) as board:
        first, second = run(models, board)
    assert "reset in the middle of INVOKE" in first.row.error
    assert second.row.bit_exact


def test_a_restart_before_the_first_question_is_no_error(models):
    info = None
    with FakeBoard() as board:
        board.misbehave = lambda b, f: (
            encode_frame(FrameKind.BOOT) + b._answer(f) if f.kind is FrameKind.HELLO else info
        )
        first, _ = run(models, board)
    assert first.error is None


def test_garbage_is_skipped_and_endless_garbage_ends(models):
    noise = bytes(range(256)) * 8
    with FakeBoard() as board:
        board.misbehave = lambda b, f: noise + b._answer(f)
        first, _ = run(models, board)
    assert first.row.bit_exact
    with FakeBoard(once(FrameKind.INVOKE, noise * 40)) as board:
        first, second = run(models, board)
    assert "INVOKE to the board failed" in first.row.error
    assert second.row.bit_exact


def test_a_damaged_answer_is_asked_for_again(models):
    damaged = bytearray(encode_frame(FrameKind.ERROR, (1).to_bytes(4, "little")))
    with FakeBoard(once(FrameKind.INPUT, bytes(damaged))) as board:
        first, _ = run(models, board)
        assert board.requests.count(FrameKind.INPUT) == 1 + 2 * 2
    assert first.row.bit_exact


def test_the_flash_command_gets_the_image(models, tmp_path):
    log = tmp_path / "flashed.txt"
    program = (
        f"import pathlib, sys; pathlib.Path({str(log)!r}).open('ab')"
        ".write(pathlib.Path(sys.argv[1]).read_bytes()[:4])"
    )
    script = tmp_path / "flash.py"
    script.write_text(program)
    with FakeBoard() as board:
        outcomes = run(models, board, f"{sys.executable} {script} {{image}}")
    assert all(outcome.row.bit_exact for outcome in outcomes)
    assert log.read_bytes() == b"\x7fELF" * 2


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("true", "names no image"),
        ("no-such-flasher {image}", "no-such-flasher is not installed"),
        ("false {image}", "false failed"),
    ],
)
def test_a_flash_command_that_fails_is_told(tmp_path, command, told):
    with pytest.raises(ToolError, match=told):
        flash_image(command, tmp_path / "image.elf")
