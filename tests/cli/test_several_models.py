# SPDX-License-Identifier: Apache-2.0
"""The command with several models."""

from __future__ import annotations

from tests.cli.test_tflite_to_tinyengine import model, refused, run, tree
from tests.ops.conv_cases import Conv, conv_model

__all__ = ["model"]


def test_several_models_become_one_firmware(tmp_path, model):
    (tmp_path / "other.tflite").write_bytes(conv_model(Conv()))
    done = run(tmp_path, model, "other.tflite", "--name=app", "--verify=1")
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("verified on this computer") == 2
    assert "app for qemu-m4: small, other" in done.stdout
    assert {"app.h", "small.c", "other.c", "app_weights.c"} <= set(
        tree(tmp_path / "app_tinyengine")
    )


def test_a_number_of_models_and_flags_that_do_not_fit(tmp_path, model):
    assert "give a model: the path of a .tflite file" in refused(tmp_path)
    assert "2 models: name the firmware that they become" in refused(tmp_path, model, model)
    assert "'small' names two parts" in refused(tmp_path, model, model, "--name=app")
    assert "--parallel goes with several models" in refused(tmp_path, model, "--parallel")
    assert "one firmware runs on one board" in refused(tmp_path, model, "--board=host,qemu-m4")
