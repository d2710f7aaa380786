# SPDX-License-Identifier: Apache-2.0
"""A search on every core of one machine, and what is said where that comes too late."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mcunet_tf.errors import SearchError

ROOT = Path(__file__).resolve().parents[2]

SCRIPT = """
import sys
from mcunet_tf.tinynas.replicas import one_replica_per_core
strategy = one_replica_per_core(64, 2)
from tests.tinynas.test_search import run
for folder in sys.argv[1:]:
    found = run(folder, strategy=strategy)
    losses = [round(row["loss"], 4) for row in found.history]
    replicas = strategy.num_replicas_in_sync
    print("RESULT", replicas, found.accuracy > 0.6, found.arch.macs(3), losses)
"""


@pytest.mark.slow
def test_two_replicas_search_and_repeat_themselves(tmp_path):
    pytest.importorskip("tensorflow")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *(str(tmp_path / name) for name in "aab")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    rows = [line for line in done.stdout.splitlines() if line.startswith("RESULT")]
    assert len(rows) == 3 and len(set(rows)) == 1, rows
    assert rows[0].startswith("RESULT 2 True")
    assert (tmp_path / "a" / "model.tflite").read_bytes() == (
        tmp_path / "b" / "model.tflite"
    ).read_bytes()


def test_what_comes_too_late_is_said():
    tf = pytest.importorskip("tensorflow")
    from mcunet_tf.tinynas.replicas import one_replica_per_core

    assert float(tf.constant(1.0) + 1.0) == 2.0
    with pytest.raises(SearchError, match="call one_replica_per_core before"):
        one_replica_per_core(64, 2)
