# SPDX-License-Identifier: Apache-2.0
"""A search whose process is killed, wherever it is, ends as if it had not been."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SEARCH = """
import dataclasses, sys
import mcunet_tf
from mcunet_tf.tinynas.recipe import Recipe
from tests.tinynas.tiny import EFFORT, SPACES, images

mcunet_tf.search(
    images(),
    board="stm32f412",
    sram_bytes=6000,
    flash_bytes=60_000,
    epochs=2,
    supernet_epochs=3,
    workdir=sys.argv[1],
    spaces=SPACES,
    effort=dataclasses.replace(EFFORT, samples=300),
    recipe=Recipe(batch_size=64, augmentation="none"),
    verbose=False,
)
"""
# (kill as soon as this file is there, when this one cannot be): the stages of a search.
MOMENTS = {
    "search spaces": ("search.json", "supernet-00001.ckpt"),
    "supernet": ("supernet-00001.ckpt", "supernet-00003.ckpt"),
    "evolution": ("evaluations.json", "final-00001.ckpt"),
    "final training": ("final-00001.ckpt", "model.keras"),
    "int8": ("model.keras", "model.tflite"),
}
RESULT = ("arch.json", "model.tflite", "evaluations.json", "spaces.json")


def start(workdir):
    return subprocess.Popen(
        [sys.executable, "-c", SEARCH, str(workdir)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )


def finish(workdir):
    process = start(workdir)
    _, complaint = process.communicate(timeout=600)
    assert process.returncode == 0, complaint[-3000:]
    return {name: (workdir / name).read_bytes() for name in RESULT}


DEADLINE_S = 900


def kill_when(workdir, present, absent):
    process = start(workdir)
    deadline = time.monotonic() + DEADLINE_S
    while not (workdir / present).exists():
        assert process.poll() is None, process.stderr.read()[-3000:]
        if time.monotonic() > deadline:
            process.kill()
            pytest.fail(f"{present} was not there after {DEADLINE_S} s")
        time.sleep(0.002)
    process.kill()
    process.communicate()
    assert not (workdir / absent).exists(), f"the kill came after {absent}"


@pytest.mark.slow
def test_a_search_survives_kills_at_every_stage(tmp_path):
    pytest.importorskip("tensorflow")
    expected = finish(tmp_path / "whole")
    killed = tmp_path / "killed"
    for present, absent in MOMENTS.values():
        kill_when(killed, present, absent)
    assert finish(killed) == expected
