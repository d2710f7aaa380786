# SPDX-License-Identifier: Apache-2.0
"""Contests by minutes: what is run, what is kept, and what the page says of them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mcunet_tf.cli import contests
from mcunet_tf.cli.contest_table import contest_tables
from tests.cli.forked import run_module


def _row(entrant, seed, int8, **changes):
    return {
        "data": "cifar10",
        "budget": "32k-128k",
        "minutes": 12.0,
        "minutes_used": 11.9,
        "seed": seed,
        "entrant": entrant,
        "limits": "",
        "network": entrant,
        "metric": "accuracy",
        "float": int8 + 0.001,
        "int8": int8,
        "test_images": 10_000,
        "macs": 6_000_000,
        "instructions": 5_000_000 + seed,
        "sram_bytes": 17_504,
        "flash_bytes": 117_742,
        **changes,
    }


def test_the_page_compares_seed_by_seed():
    rows = [_row("search", seed, 0.80 + 0.01 * seed) for seed in range(3)]
    rows += [_row("resnet-8", seed, 0.78 + 0.012 * seed) for seed in range(2)]
    rows += [_row("mobilenet-v1", 0, 0.70)]
    text = "\n".join(contest_tables(rows))
    lines = [line for line in text.splitlines() if line.startswith("| ")][1:]
    assert [line.split(" | ")[0] for line in lines] == ["| search", "| resnet-8", "| mobilenet-v1"]
    assert "| 0 1 2 | **81.00** (80.00..82.00) |" in text
    # Differences of the two seeds that both have: 2.0 and 1.8 points.
    assert "search against resnet-8: +1.90 (2 seeds, 95 %: +0.63..+3.17) points" in text


def test_contests_stand_apart_and_one_seed_says_so():
    rows = [
        _row("search", 0, 0.8, limits="within ds-cnn"),
        _row("ds-cnn", 0, 0.7),
        _row("search", 0, 0.9, minutes=60.0),
    ]
    text = "\n".join(contest_tables(rows))
    assert text.count("### ") == 2
    assert "- search (within ds-cnn) against ds-cnn: +10.00 (one seed) points." in text
    assert contest_tables([]) == []


@pytest.mark.parametrize(
    "flags, said",
    [
        (["--budget=big"], "budget 'big': say SRAM and flash, such as 32k-128k"),
        (["--data=none.npz"], "none.npz cannot be read as .npz"),
        (["--data=half.npz"], "half.npz has no array x_test, y_test"),
        (["--data=tiny.npz", "--seeds=0,x"], "--seeds: 'x' is no whole number: give some such as"),
        (["--data=tiny.npz", "--results=half.npz/a"], "cannot make folder half.npz/a: "),
        (["--data=tiny.npz", "--networks=vgg"], "'vgg' does not fit, or is unknown: "),
    ],
)
def test_what_cannot_be_run_is_said_in_one_line(tmp_path, flags, said):
    pytest.importorskip("tensorflow")
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (8, 16, 16, 3)).astype(np.uint8), np.arange(8) % 2
    np.savez(tmp_path / "half.npz", x_train=x, y_train=y)
    np.savez(tmp_path / "tiny.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    run = run_module("mcunet_tf.cli.contests", ["--nosearch", *flags], tmp_path)
    assert (run.returncode, run.stdout) == (1, "")
    assert said in run.stderr and len(run.stderr.splitlines()) == 1
    assert not (tmp_path / "results").exists()


@pytest.mark.slow
def test_a_contest_is_run_once(tmp_path):
    pytest.importorskip("tensorflow")
    rng = np.random.default_rng(0)
    y = np.arange(400) % 2
    x = rng.integers(0, 100, (400, 16, 16, 3)) + 100 * y[:, None, None, None]
    x = x.astype(np.uint8)
    np.savez(tmp_path / "tiny.npz", x_train=x, y_train=y, x_test=x[:50], y_test=y[:50])
    flags = ["--data=tiny.npz", "--minutes=0.2", "--seeds=3", "--networks=resnet-8"]
    flags += ["--within=resnet-8"]
    first = run_module("mcunet_tf.cli.contests", flags, tmp_path)
    assert first.returncode == 0, first.stderr
    files = sorted((tmp_path / "results" / "contests").iterdir())
    names = [path.name for path in files]
    assert names == [
        "tiny-32k-128k-0.2m-3-resnet-8.json",
        "tiny-32k-128k-0.2m-3-search-within-resnet-8.json",
    ]
    figures = json.loads(files[1].read_text())
    assert figures["int8"] > 0.8 and figures["standings"]
    alone = json.loads(files[0].read_text())
    assert figures["flash_bytes"] <= alone["flash_bytes"]
    assert figures["instructions"] <= alone["instructions"]
    again = run_module("mcunet_tf.cli.contests", flags, tmp_path)
    assert [line for line in again.stdout.splitlines() if line.startswith("---")] == []


def test_minutes_of_a_run_that_was_interrupted_count(tmp_path, monkeypatch):
    clock = iter([0.0, 90.0, 1000.0, 1030.0])
    monkeypatch.setattr(contests.time, "process_time", lambda: next(clock))
    with pytest.raises(KeyboardInterrupt), contests._minutes(tmp_path):
        raise KeyboardInterrupt
    with contests._minutes(tmp_path) as spent:
        pass
    assert spent.minutes == 2.0


def test_a_run_that_did_not_begin_leaves_no_folder(tmp_path):
    with pytest.raises(ValueError), contests._minutes(tmp_path / "none"):
        raise ValueError
    assert not (tmp_path / "none").exists()
