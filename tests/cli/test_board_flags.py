# SPDX-License-Identifier: Apache-2.0
"""Boards on the command line: their list, and one that is its own witness."""

from __future__ import annotations

import pytest

from tests.cli.test_tflite_to_tinyengine import run
from tests.tinyengine.small_models import small_network


@pytest.fixture
def model(tmp_path):
    path = tmp_path / "small.tflite"
    path.write_bytes(small_network())
    return path


@pytest.mark.qemu
@pytest.mark.parametrize("board", ["rpi-pico", "qemu-rv32"])
@pytest.mark.sampled(2)
def test_verify_on_a_board_itself(tmp_path, model, board):
    done = run(tmp_path, model, f"--board={board}", "--verify=2", f"--verify_on={board}")
    assert done.returncode == 0, done.stderr
    assert f"verified on {board}, emulated" in done.stdout + done.stderr


def test_boards_are_listed(tmp_path):
    done = run(tmp_path, "--board=list")
    assert (done.returncode, done.stderr, list(tmp_path.iterdir())) == (0, "", [])
    assert "rpi-pico           cortex-m0plus" in done.stdout
