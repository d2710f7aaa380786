# SPDX-License-Identifier: Apache-2.0
"""The figures of small detectors come from a command."""

import re
import subprocess
import sys

import pytest

COMMAND = [sys.executable, "-m", "mcunet_tf.cli.detector_scenes"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["boxes", "centroids"])
def test_a_line_for_each_form(kind, tmp_path):
    pytest.importorskip("tensorflow")
    flags = [f"--kind={kind}", "--scenes=64", "--test_scenes=10", "--epochs=1", "--width=8"]
    done = subprocess.run(
        [*COMMAND, *flags, f"--output_dir={tmp_path}"], capture_output=True, text=True, timeout=600
    )
    if "fashion" in done.stderr.lower() and done.returncode:
        pytest.skip("Fashion-MNIST is not installed: apt install dataset-fashion-mnist")
    assert done.returncode == 0, done.stderr
    measure = {"boxes": "ap50", "centroids": "f1"}[kind]
    lines = done.stdout.splitlines()
    for form in ("float", "int8"):
        (line,) = [line for line in lines if line.startswith(form)]
        assert 0 <= float(re.search(rf"\b{measure} (\S+?),?(?:\s|$)", line)[1]) <= 1
    assert (tmp_path / "detector_c" / "detector.h").is_file()
    assert "arena" in lines[-1]


def test_what_is_no_flag_is_one_line():
    done = subprocess.run([*COMMAND, "boxes"], capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert done.stderr.strip().count("\n") == 0 and "no flag" in done.stderr
