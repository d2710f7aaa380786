# SPDX-License-Identifier: Apache-2.0
"""What reading images anew costs: the command measures both, and refuses what it does not know."""

from __future__ import annotations

import re

import pytest

from tests.cli.forked import run_module

MODULE = "mcunet_tf.cli.reading_speed"
SMALL = ["--images=2000", "--size=16", "--rounds=1", "--steps=2", "--batch_size=16"]


@pytest.mark.parametrize(
    "flags, said",
    [
        (["--network=alexnet"], "network 'alexnet' is unknown: use one of"),
        (["more"], "'more' is no flag"),
    ],
)
def test_what_is_unknown_is_one_line(tmp_path, flags, said):
    pytest.importorskip("tensorflow")
    run = run_module(MODULE, flags, tmp_path)
    assert run.returncode == 1 and run.stdout == ""
    assert said in run.stderr and len(run.stderr.splitlines()) == 1


def test_arrays_and_pipeline_are_both_measured(tmp_path):
    pytest.importorskip("tensorflow")
    run = run_module(MODULE, SMALL, tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    rates = re.findall(r"^(arrays|pipeline) of 2,000 images +(\d+) images/s$", run.stdout, re.M)
    assert [name for name, _ in rates] == ["arrays", "pipeline"]
    assert all(int(rate) > 0 for _, rate in rates)
    assert re.search(r"gives \d+\.\d\d times the images of arrays$", run.stdout, re.M)
    assert re.search(r"^peak memory of both together: \d+\.\d\d GiB$", run.stdout, re.M)
