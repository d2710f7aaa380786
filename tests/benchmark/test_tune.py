# SPDX-License-Identifier: Apache-2.0
"""Kernels are counted once and remembered; what is fitted to the counts is the best fit."""

from __future__ import annotations

import itertools
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcunet_tf.benchmark import kernels, tune
from mcunet_tf.benchmark.fit import (
    COEFFICIENTS_PATH,
    Sample,
    fit_samples,
    read_coefficients,
    write_coefficients,
)
from mcunet_tf.benchmark.kernel_case import OpCase
from mcunet_tf.benchmark.nonnegative import nonnegative_least_squares
from mcunet_tf.benchmark.tune import count_model, read_costs, tuned_costs, write_costs
from mcunet_tf.boards import load_board
from mcunet_tf.errors import BoardError, OutputError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinyengine.compiler import read_graph
from mcunet_tf.tinyengine.cost import CallCost, cost_key, cost_model
from mcunet_tf.tinyengine.cost.call_counts import feed_counts, whole_calls
from mcunet_tf.tinyengine.cost.model import weigh
from tests.benchmark.small_net import small_net
from tests.cli.forked import run_module

# Least squares


@st.composite
def systems(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    """Tall, square and wide systems, of any scales, with equal and empty columns among them."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    samples, features = draw(st.integers(1, 8)), draw(st.integers(1, 5))
    matrix = rng.normal(0, 1, (samples, features)) + draw(st.sampled_from([0.0, 1.0]))
    if draw(st.booleans()):
        matrix[:, rng.integers(features)] = matrix[:, 0]
    if draw(st.booleans()):
        matrix[:, rng.integers(features)] = 0.0
    matrix *= 10.0 ** rng.integers(-3, 4, features)
    return matrix, rng.normal(draw(st.sampled_from([0.0, 2.0])), 1, samples)


@settings(max_examples=150)
@given(systems())
def test_the_solution_meets_the_conditions_of_an_optimum(system):
    """Kuhn and Tucker's: no step that stays non-negative comes closer."""
    matrix, target = system
    solution = nonnegative_least_squares(matrix, target)
    assert (solution >= 0).all()
    norms = np.linalg.norm(matrix, axis=0)
    scale = np.where(norms > 0, norms, 1.0)
    gradient = (matrix / scale).T @ (matrix @ solution - target)
    tolerance = 1e-6 * (1 + np.linalg.norm(target))
    assert (gradient >= -tolerance).all()
    assert (np.abs(gradient[solution * scale > 1e-6]) <= tolerance).all()


@settings(max_examples=80)
@given(systems())
def test_no_set_of_coefficients_comes_closer(system):
    """Against the least squares of every set of columns whose coefficients are not negative."""
    matrix, target = system
    found = np.linalg.norm(matrix @ nonnegative_least_squares(matrix, target) - target)
    best = np.linalg.norm(target)
    columns = range(matrix.shape[1])
    for count in range(1, matrix.shape[1] + 1):
        for chosen in itertools.combinations(columns, count):
            part = matrix[:, chosen]
            trial = np.linalg.lstsq(part, target, rcond=None)[0]
            if (trial >= 0).all():
                best = min(best, np.linalg.norm(part @ trial - target))
    assert found <= best + 1e-6 * (1 + best)


def test_known_solutions():
    matrix = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    exact = matrix @ [3.0, 0.5]
    np.testing.assert_allclose(nonnegative_least_squares(matrix, exact), [3.0, 0.5])
    np.testing.assert_array_equal(nonnegative_least_squares(matrix, -exact), [0.0, 0.0])
    # without the bound the second would be -1
    bounded = nonnegative_least_squares(np.array([[1.0, 1.0], [1.0, 2.0]]), np.array([2.0, 1.0]))
    np.testing.assert_allclose(bounded, [1.5, 0.0])


def test_a_fit_finds_the_weights_that_made_the_counts():
    """Relative errors: the small sample is met as well as the large one."""
    samples = [
        Sample(f"s{n}", {"call": calls, "value": n}, 40 * calls + 3 * n, 90 * calls + 5 * n)
        for calls, n in ((1, 1), (2, 50), (1, 4000), (7, 900_000))
    ]
    fit = fit_samples(samples)
    assert fit.weights["call"] == pytest.approx((40, 90))
    assert fit.weights["value"] == pytest.approx((3, 5))
    assert fit.worst < 1e-6
    bent = [*samples[:-1], Sample("s900000", samples[-1].counts, 2_000_000, 5_000_000)]
    assert 0.05 < fit_samples(bent).worst < 0.5


def test_the_shipped_coefficients_are_as_the_fit_writes_them(tmp_path):
    write_coefficients(read_coefficients(), tmp_path / "written.json")
    assert (tmp_path / "written.json").read_bytes() == COEFFICIENTS_PATH.read_bytes()
    assert read_coefficients(tmp_path / "none.json") == {"cores": {}}


# Measured costs


@pytest.fixture(scope="module")
def cache(tmp_path_factory) -> Path:
    """The costs of the small network's kernels, counted on the M4."""
    path = tmp_path_factory.mktemp("tune") / "deep" / "costs.json"
    tuned_costs(read_graph(small_net()), load_board("qemu-m4"), path)
    return path


@pytest.fixture
def no_board(monkeypatch) -> None:
    """Whatever would be measured fails."""

    def refuse(programs, board):
        raise AssertionError(f"{len(programs)} kernels were measured again on {board.name}")

    monkeypatch.setattr(tune, "count_programs", refuse)


@pytest.mark.qemu
def test_a_second_run_measures_nothing(cache, no_board):
    before = cache.read_bytes(), cache.stat().st_mtime_ns
    graph = read_graph(small_net())
    costs = tuned_costs(graph, load_board("qemu-m4"), cache)
    assert (cache.read_bytes(), cache.stat().st_mtime_ns) == before
    assert len(costs.table) >= 8
    # A real board's kernels are counted on its emulated twin: known as well, if it is the same.
    with pytest.raises(AssertionError, match="measured again on qemu-m7"):
        tuned_costs(graph, load_board("stm32f746"), cache)


@pytest.mark.qemu
def test_the_costs_are_those_of_the_board(cache, no_board):
    """The measured kernels of every layer, and some code around each, are the whole count."""
    board = load_board("qemu-m4")
    costs = tuned_costs(read_graph(small_net()), board, cache)
    compiled = compile_tflite(small_net(), board, name="m", optimize="speed", costs=costs)
    counted = count_model(compiled, board).report
    model = cost_model(board.core.cost_model)
    assert model is not None
    measured = 0
    for stage in compiled.plan.stages:
        for position, node in enumerate(stage.nodes):
            calls = whole_calls(node)
            cost = costs.kernel(node.kernel, node.view, calls)
            layer = counted.layers[node.index]
            assert cost is not None and layer.measured_instructions is not None
            if cost_key(node.kernel, node.view, calls) not in costs.table:
                continue
            measured += 1
            # The limit is for loops that depend on values (inputs are others than were measured),
            # and for small layers, where the compiler unrolls what stands around their calls.
            whole = cost.plus(weigh(model.feed, feed_counts(stage, position))).instructions
            assert layer.measured_instructions == pytest.approx(whole, rel=0.12, abs=60)
            predicted = model.kernel(node.kernel, node.view, calls)
            if cost.instructions > 1000 and node.kernel.isa != "portable":
                assert predicted.instructions == pytest.approx(cost.instructions, rel=0.10)
    assert measured == len(compiled.report.layers)
    assert f"{counted.measured_instructions:,}    instructions on qemu-m4" in counted.text()


@pytest.mark.qemu
def test_only_what_is_new_is_measured(cache, tmp_path, monkeypatch):
    path = tmp_path / "costs.json"
    path.write_bytes(cache.read_bytes())
    measured = []

    def one(programs, board):
        measured.extend(program.graph.ops[0].kind for program in programs)
        return count(programs, board)

    count = tune.count_programs
    monkeypatch.setattr(tune, "count_programs", one)
    tuned_costs(read_graph(small_net(last="LOGISTIC")), load_board("qemu-m4"), path)
    assert measured == ["LOGISTIC"]
    old, new = (json.loads(p.read_bytes())["costs"] for p in (cache, path))
    assert old.items() < new.items()
    assert len(new) == len(old) + 1


@pytest.mark.qemu
def test_a_damaged_file_is_remade(cache, tmp_path, capsys):
    path = tmp_path / "costs.json"
    path.write_bytes(cache.read_bytes()[:-20])
    tuned_costs(read_graph(small_net()), load_board("qemu-m4"), path)
    assert capsys.readouterr().err == f"{path} is not a file of kernel costs: measuring anew\n"
    assert path.read_bytes() == cache.read_bytes()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00",
        b"[1, 2]",
        b'{"cost": {}}',
        b'{"costs": 3}',
        b'{"costs": {"a": [1]}}',
        b'{"costs": {"a": ["x", 2]}}',
        b'{"costs": {"a": null}}',
    ],
)
def test_files_that_hold_no_costs(tmp_path, capsys, content):
    path = tmp_path / "costs.json"
    path.write_bytes(content)
    assert read_costs(path) == {}
    assert capsys.readouterr().err == f"{path} is not a file of kernel costs: measuring anew\n"
    write_costs(path, {"a": CallCost(1.5, 2.0)})
    assert read_costs(path) == {"a": CallCost(1.5, 2.0)}
    assert [entry.name for entry in tmp_path.iterdir()] == ["costs.json"]


def test_a_file_that_is_not_there_is_no_failure(tmp_path, capsys):
    assert read_costs(tmp_path / "none.json") == {}
    assert capsys.readouterr() == ("", "")


def test_a_file_that_cannot_be_written(tmp_path):
    """Neither below a file nor over a folder; nothing is left behind."""
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder" / "full").mkdir(parents=True)
    for path in (tmp_path / "file" / "costs.json", tmp_path / "folder"):
        with pytest.raises(OutputError, match=r"cannot write .*; name another file"):
            write_costs(path, {})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder"]


def test_boards_that_cannot_be_measured(tmp_path):
    with pytest.raises(BoardError, match="kernels cannot be measured on board host"):
        tuned_costs(read_graph(small_net()), load_board("host"), tmp_path / "costs.json")


# The command


def run(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs the command on the small network."""
    (folder / "net.tflite").write_bytes(small_net())
    given = ["net.tflite", *map(str, arguments)]
    return run_module("mcunet_tf.cli.tflite_to_tinyengine", given, folder)


@pytest.mark.qemu
def test_the_command_tunes_and_verifies(cache, tmp_path):
    before = cache.read_bytes()
    flags = ("--tune=qemu-m4", f"--tune_cache={cache}", "--flash_budget=10000", "--verify=2")
    done = run(tmp_path, *flags)
    assert done.returncode == 0, done.stderr
    assert "instructions on qemu-m4; the prediction is " in done.stdout
    assert "output values of 2 inputs equal" in done.stderr
    assert (tmp_path / "net_tinyengine" / "report.txt").read_text() in done.stdout
    assert cache.read_bytes() == before


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--flash_budget=2000",), "B of flash at the least, over the budget of 2,000 B"),
        (("--flash_budget=9999", "--board=host"), "name a Cortex-M board"),
        (("--tune=qemu-m55",), "--tune=qemu-m55 is a cortex-m55, board qemu-m4 a cortex-m4"),
        (("--tune_cache=costs.json",), "--tune_cache goes with --tune=BOARD"),
    ],
)
def test_the_command_refuses_in_one_line(tmp_path, flags, told):
    done = run(tmp_path, *flags)
    assert (done.returncode, done.stdout) == (1, "")
    assert told in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["net.tflite"]


# The kernel benchmark

SHAPES = (OpCase("CONV_2D", (5, 3, 8), 6), OpCase("SOFTMAX", (5,)))


@pytest.mark.qemu
def test_kernels_are_measured_on_their_shapes(monkeypatch):
    monkeypatch.setattr(kernels, "CASES", SHAPES)
    rows = kernels.measure_kernels(load_board("qemu-m4"))
    assert all(row.bit_exact for row in rows)
    by_name = {row.kernel: row for row in rows}
    fast, slow = by_name["conv2d_s8_1x1_dsp"], by_name["conv2d_s8_1x1_portable"]
    assert fast.macs == slow.macs == 5 * 3 * 8 * 6
    assert fast.instructions < slow.instructions
    assert fast.per_mac == pytest.approx(fast.instructions / fast.macs, abs=1e-4)
    softmax = by_name["softmax_s8_portable"]
    assert (softmax.macs, softmax.outputs) == (0, 5)
    assert softmax.per_mac == pytest.approx(softmax.instructions / 5, abs=1e-4)
    lines = kernels.format_rows(rows, "").splitlines()
    (line,) = (line for line in lines if " softmax_s8_portable " in line)
    assert line.split()[-4:] == [
        "yes",
        f"{softmax.instructions:,}",
        f"{softmax.per_mac:.3f}",
        f"{softmax.cycles_per_mac:.3f}",
    ]


@pytest.mark.qemu
def test_the_kernel_benchmark_writes_its_rows(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(kernels, "CASES", SHAPES)
    path = tmp_path / "rows.json"
    assert kernels.main(["--board=qemu-m4", "--kernel=softmax*", f"--json={path}"]) == 0
    (row,) = json.loads(path.read_text())
    assert f"{row['instructions']:,}" in capsys.readouterr().out
    assert (row["kernel"], row["board"], row["bit_exact"]) == (
        "softmax_s8_portable",
        "qemu-m4",
        True,
    )


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--kernel=nothing*"], "no kernel of qemu-m4 matches 'nothing*'"),
        (["--board=host"], "kernels are counted on emulated boards: host is none"),
        (["--board=abacus"], "unknown board 'abacus'"),
    ],
)
def test_the_kernel_benchmark_refuses(monkeypatch, capsys, flags, told):
    monkeypatch.setattr(kernels, "CASES", SHAPES)
    assert kernels.main(flags) == 1
    assert told in capsys.readouterr().err.splitlines()[-1]
