# SPDX-License-Identifier: Apache-2.0
"""Names of models: whatever the file is called, the project builds; what is given is kept."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcunet_tf.errors import ModelError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.emit.names import LONGEST, checked_name, derived_name
from tests.tinyengine.small_models import small_network

LONG = "benchmark__training__visual_wake_words__trained_models__vww_96_int8"
HOSTILE = ("main", "String", "stdint", "all", "test", "int", "class", "kernels_common_rows")


@pytest.mark.parametrize("name", ["kws", "Kws_2", "a__b", "n" * LONGEST, "person_detect_int8"])
def test_a_fit_name_stays_as_it_is(name):
    assert checked_name(name) == name


@pytest.mark.parametrize("name", ["a__b", "_x_", "x--y", "kws_", "person detect.int8"])
def test_names_of_files_are_made_of_words(name):
    assert re.fullmatch(r"[a-z0-9]+(_[a-z0-9]+)*", derived_name(name))


@pytest.mark.parametrize("name", [*HOSTILE, "", "_x", "2nd", "café", "x y", "x\n", "n" * 200])
def test_an_unfit_name_is_refused_in_one_line(name):
    with pytest.raises(ModelError, match="choose another --name") as caught:
        checked_name(name)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 250


def test_a_long_name_keeps_the_words_at_its_end():
    name = derived_name(LONG)
    assert re.fullmatch(r"[a-z_]*vww_96_int8_[0-9a-f]{4}", name) and len(name) <= 40
    assert name == derived_name(LONG) != derived_name(f"a{LONG}")


@given(st.text(max_size=300))
@settings(derandomize=True, max_examples=300, deadline=None)
def test_every_file_name_gives_a_fit_name(stem):
    name = derived_name(stem)
    assert checked_name(name) == name
    assert derived_name(name) == name


def test_the_file_decides_where_no_name_is_given(tmp_path):
    path = tmp_path / f"{LONG}.tflite"
    path.write_bytes(small_network())
    assert compile_tflite(path, "portable").name == derived_name(LONG)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("stem", [*HOSTILE, "café", "2nd-model", "n" * 200, LONG])
def test_projects_of_hostile_names_build(stem, tmp_path):
    if shutil.which("cmake") is None:
        pytest.skip("cmake is not installed: apt install cmake")
    path = tmp_path / f"{stem}.tflite"
    path.write_bytes(small_network())
    compiled = compile_tflite(path, "portable", output_dir=tmp_path / "project")
    build = tmp_path / "build"
    flag = f"-D{compiled.name.upper()}_EXAMPLE=ON"
    for command in (
        ["cmake", "-S", str(tmp_path / "project"), "-B", str(build), flag],
        ["cmake", "--build", str(build)],
    ):
        subprocess.run(command, check=True, capture_output=True, timeout=300)
    subprocess.run([str(build / f"{compiled.name}_example")], check=True, timeout=60)
