# SPDX-License-Identifier: Apache-2.0
"""The example of signals: made gestures are alike in kind, and the command finds and streams."""

import subprocess
import sys

import numpy as np
import pytest

from mcunet_tf.cli.gestures import GESTURES, made_signals


def test_made_signals_are_what_they_are_called():
    x, y = made_signals(400, 3)
    assert x.shape == (400, 96, 3)
    assert set(y) == set(range(len(GESTURES)))
    moved = x - x.mean(axis=1, keepdims=True)
    power = np.sqrt((moved**2).sum(axis=2).mean(axis=1))
    rest, circle = (power[y == GESTURES.index(name)].mean() for name in ("rest", "circle"))
    assert rest < 0.5 * circle
    # A line has one direction, a circle two.
    values = np.linalg.svd(moved, compute_uv=False)
    ratio = values[:, 1] / values[:, 0]
    assert ratio[y == GESTURES.index("line")].mean() < ratio[y == GESTURES.index("circle")].mean()
    assert np.array_equal(x, made_signals(400, 3)[0])


@pytest.mark.slow
def test_gestures_are_found_and_streamed(tmp_path):
    pytest.importorskip("tensorflow")
    flags = ["--minutes=0.3", "--signals=300", f"--output_dir={tmp_path}"]
    command = [sys.executable, "-m", "mcunet_tf.cli.gestures", *flags]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "a call takes 4 samples" in done.stdout
    assert (tmp_path / "gestures_c" / "gestures.h").is_file()
