# SPDX-License-Identifier: Apache-2.0
"""A folder of models is scored one by one; none of them can end the others."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from mcunet_tf.benchmark import score
from mcunet_tf.benchmark.score import (
    Trial,
    read_rows,
    score_apart,
    score_folder,
    score_model,
    score_table,
)
from mcunet_tf.errors import ModelError, OutputError, VerificationError
from tests.benchmark.small_net import small_net

TRIAL = Trial(boards=("qemu-m4",), inputs=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    models = tmp_path / "models"
    (models / "deep").mkdir(parents=True)
    (models / "a.tflite").write_bytes(small_net())
    (models / "deep" / "b.tflite").write_bytes(b"no model")
    return models


def test_a_folder_is_scored_once(folder: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    out = tmp_path / "rows.jsonl"
    rows = score_folder(folder, out, TRIAL, lines.append)
    assert [(row["file"], row["verdict"]) for row in rows] == [
        ("a.tflite", "exact"), ("b.tflite", "refused")
    ]  # fmt: skip
    assert len(lines) == 2
    board = rows[0]["boards"]["qemu-m4"]
    assert board["macs"] > 0 and board["instructions"] > 0
    assert board["layer_by_layer_bytes"] >= board["arena_bytes"] > 0
    again = score_folder(folder, out, TRIAL, lines.append)
    assert again == rows and len(lines) == 2
    assert read_rows(out) == [json.loads(json.dumps(row)) for row in rows]


def test_the_table_counts(folder: Path, tmp_path: Path) -> None:
    rows = score_folder(folder, tmp_path / "rows.jsonl", TRIAL, lambda _: None)
    slow = dict(rows[0]["boards"]["qemu-m4"], macs=100_000, portable_macs=3_000)
    slow |= {"instructions": 150_000, "cmsis_nn_instructions": 0.9, "cmsis_nn_sram": 2.0}
    table = score_table([*rows, {**rows[0], "boards": {"qemu-m4": slow}}])
    assert "3 models: 2 exact, 1 refused" in table
    assert "1 models of 20,000 MACs or more; 1 with more than 2 %" in table
    assert "median 1.50" in table
    assert "CMSIS-NN / ours, instructions: geometric mean 0.90, 0.90 to 0.90; 1 of 1" in table


def _crash(path: Path, trial: Trial) -> dict:
    os.kill(os.getpid(), signal.SIGSEGV)
    raise AssertionError("not reached")


def _hang(path: Path, trial: Trial) -> dict:
    time.sleep(60)
    raise AssertionError("not reached")


def _answer_with(function, pipe, path, trial) -> None:
    pipe.send(function(path, trial))


@pytest.mark.parametrize("function, timeout_s, verdict, note", [
    (_crash, 60.0, "crash", "SIGSEGV"),
    (_hang, 3.0, "timeout", ""),
])  # fmt: skip
def test_a_crash_and_a_hang_are_verdicts(monkeypatch, function, timeout_s, verdict, note) -> None:
    import functools

    monkeypatch.setattr(score, "_answer", functools.partial(_answer_with, function))
    row = score_apart(Path("m.tflite"), Trial(timeout_s=timeout_s))
    assert row["verdict"] == verdict
    assert note in row["note"]


def test_a_wrong_number_is_said(monkeypatch, folder: Path) -> None:
    def differ(*_, **__):
        raise VerificationError("2 of 3 values differ")

    monkeypatch.setattr(score, "verify_on_host", differ)
    row = score_model(folder / "a.tflite", TRIAL)
    assert row["verdict"] == "differs" and "2 of 3" in row["note"]


def test_bad_input_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"no \.tflite files there; name a folder"):
        score_folder(tmp_path, tmp_path / "rows.jsonl", TRIAL, print)
    other = tmp_path / "other.txt"
    other.write_text("mine\n")
    (tmp_path / "m.tflite").write_bytes(small_net())
    with pytest.raises(OutputError, match="holds no rows of scores"):
        score_folder(tmp_path, other, TRIAL, print)
    assert other.read_text() == "mine\n"
    with pytest.raises(OutputError, match="cannot write"):
        score_folder(tmp_path, tmp_path / "none" / "rows.jsonl", TRIAL, lambda _: None)
