# SPDX-License-Identifier: Apache-2.0
"""ESP-IDF itself builds the component and its example, for the target that runs on a computer."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from mcunet_tf.tinyengine import compile_tflite
from tests.formats.projects import check_told, needed
from tests.tinyengine.small_models import small_network

BUILD_SECONDS = 900.0
RUN_SECONDS = 30.0


@pytest.mark.slow
def test_esp_idf_builds_and_runs_the_example(tmp_path):
    """Wants IDF_PATH, and a Python with ESP-IDF's core packages first in PATH."""
    if "IDF_PATH" not in os.environ:
        pytest.skip("IDF_PATH names no ESP-IDF: https://docs.espressif.com/projects/esp-idf")
    needed("cmake", "apt install cmake")
    needed("ninja", "apt install ninja-build")
    # "esp32-c3" is what a user says; the target of the build is chosen where it is built.
    compiled = compile_tflite(small_network(), "esp32-c3", name="kws", formats="esp-idf")
    compiled.write(tmp_path / "kws")
    example, build = tmp_path / "kws" / "examples" / "esp_idf", tmp_path / "build"
    settings = ["-DIDF_TARGET=linux", "-DPYTHON_DEPS_CHECKED=1"]
    variables = {**os.environ, "IDF_TARGET": "linux"}
    configure = ["cmake", "-G", "Ninja", "-S", str(example), "-B", str(build), *settings]
    for command in (configure, ["cmake", "--build", str(build)]):
        done = subprocess.run(
            command, env=variables, capture_output=True, text=True, timeout=BUILD_SECONDS
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    check_told(_first_lines(build / "kws_example.elf", tmp_path / "log"), compiled)


def _first_lines(program: Path, log: Path) -> str:
    """What an example that never ends says until it has said a class."""
    with log.open("w") as out, subprocess.Popen([str(program)], stdout=out, stderr=out) as child:
        deadline = time.monotonic() + RUN_SECONDS
        while "value" not in log.read_text() and time.monotonic() < deadline:
            time.sleep(0.1)
        child.kill()
    return log.read_text()
