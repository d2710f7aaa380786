# SPDX-License-Identifier: Apache-2.0
"""The chosen space is the one whose fitting sub-networks compute the most; figures are honest."""

import dataclasses
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mcunet_tf import zoo
from mcunet_tf.boards import load_board
from mcunet_tf.errors import BudgetError
from mcunet_tf.tinynas import baselines
from mcunet_tf.tinynas.cost import Budget, keeps, planned_cost, streamed_bytes
from mcunet_tf.tinynas.plots import cdf_svg
from mcunet_tf.tinynas.space import Space, make_space
from mcunet_tf.tinynas.statistics import choose_space, measure_space, measure_spaces
from tests.tinynas.tiny import SPACES

BOARD = load_board("qemu-m4")


def test_without_limits_everything_fits_and_the_widest_space_wins():
    statistics = measure_spaces(SPACES, 3, BOARD, Budget(), samples=30, processes=1)
    assert all(s.fitting_share == 1.0 and s.planned == 0 for s in statistics)
    assert choose_space(statistics).space == SPACES[1]
    assert all(len(s.macs) == 30 and list(s.macs) == sorted(s.macs) for s in statistics)


def test_a_tight_flash_makes_the_narrow_space_win():
    wide = measure_space(SPACES[1], 3, BOARD, Budget(), samples=30)
    assert wide.fitting_share == 1.0
    statistics = measure_spaces(SPACES, 3, BOARD, Budget(None, 21_000), samples=30, processes=1)
    assert statistics[1].fitting_share < 1.0
    assert statistics[1].fitting_share <= statistics[0].fitting_share


def test_nothing_that_fits_is_an_error_of_one_sentence():
    statistics = measure_spaces(SPACES, 3, BOARD, Budget(50), samples=5, plans=1, processes=1)
    with pytest.raises(BudgetError, match="none holds sub-networks that fit"):
        choose_space(statistics)


def test_spaces_that_are_known_are_not_measured_again():
    arguments = (SPACES, 3, BOARD, Budget())
    seen = []
    whole = measure_spaces(*arguments, samples=5, processes=1)
    rest = measure_spaces(
        *arguments, samples=5, processes=1, known=whole[:1], report=lambda f: seen.append(len(f))
    )
    assert rest == whole
    assert seen == [2]


def test_a_space_without_a_small_enough_sub_network_is_not_sampled():
    statistics = measure_space(SPACES[0], 3, BOARD, Budget(None, 100), samples=7)
    assert (statistics.samples, statistics.planned, statistics.macs) == (7, 0, ())


@pytest.mark.slow
def test_processes_find_what_one_finds():
    arguments = (SPACES, 3, BOARD, Budget(4000, 60_000))
    alone = measure_spaces(*arguments, samples=10, plans=2, processes=1)
    assert measure_spaces(*arguments, samples=10, plans=2, processes=2) == alone


class DeadlySpace(Space):
    """Ends every worker that measures it, as a full memory would; not the test's own process."""

    def smallest(self):
        if multiprocessing.parent_process() is not None:
            os._exit(9)
        return super().smallest()


def test_a_worker_that_dies_loses_no_space():
    spaces = (SPACES[0], DeadlySpace(**vars(SPACES[1])), SPACES[0])
    arguments = (3, BOARD, Budget(4000, 60_000))
    told = []
    found = measure_spaces(
        spaces, *arguments, samples=4, processes=2, report=lambda f: told.append(len(f))
    )
    assert [s.space for s in found] == list(spaces)
    assert told == [1, 2, 3]
    assert found[0] == measure_space(SPACES[0], *arguments, samples=4)


SCRIPT = """
from mcunet_tf.boards import load_board
from mcunet_tf.tinynas.cost import Budget
from mcunet_tf.tinynas.statistics import measure_spaces
from tests.tinynas.tiny import SPACES

print("run")
found = measure_spaces(SPACES, 4, load_board("qemu-m4"), Budget(), samples=2, processes=2)
print("measured", len(found), __file__ is not None)
"""


def test_a_script_without_a_guard_runs_once(tmp_path):
    """Spawned processes import the main module; one that searches would search in each of them."""
    script = tmp_path / "search.py"
    script.write_text(SCRIPT)
    command = [sys.executable, str(script)]
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["run", f"measured {len(SPACES)} True"]


@pytest.mark.parametrize("choice", ["smallest", "largest"])
def test_the_simple_plan_is_never_better_than_the_planner(choice):
    """What is accepted without the planner is accepted by it."""
    space = SPACES[1]
    arch = space.arch(getattr(space, choice)())
    simple = streamed_bytes(arch, 3, BOARD)
    assert planned_cost(arch, 3, BOARD, simple).arena_bytes <= simple
    assert keeps(arch, 3, BOARD, Budget(simple))


def test_the_plot_shows_every_space():
    statistics = measure_spaces(SPACES, 3, BOARD, Budget(), samples=10, processes=1)
    picture = cdf_svg(statistics, 1)
    assert picture.count("<polyline") == len(SPACES)
    assert "width 2.0" in picture


@pytest.mark.parametrize("layout", baselines.LAYOUTS)
@pytest.mark.parametrize("family", baselines.FAMILIES)
def test_scaled_networks_keep_their_layout(family, layout):
    arch = baselines.scaled(family, (32, 32, 3), 0.35, layout)
    published = zoo.arch(baselines.FAMILIES[family][0])
    strided = [published.stem_stride, *(block.stride for block in published.blocks)].count(2)
    strides = [arch.stem_stride, *(block.stride for block in arch.blocks)]
    assert strides.count(2) == min(strided, 3)
    assert arch.layers(10)[-2].height == 32 >> min(strided, 3)


def test_few_strides_on_large_images_make_a_longer_one_in_the_stem():
    arch = baselines.scaled("resnet_8", (160, 120, 3), 1.0)
    assert arch.stem_stride == 2
    assert [block.stride for block in arch.blocks] == [1, 2, 2]


@pytest.mark.parametrize("family", baselines.FAMILIES)
def test_the_widest_network_that_fits_is_found(family):
    def fits(arch):
        return arch.macs(10) < 4e6

    arch = baselines.widest_fitting(family, (32, 32, 3), fits)
    assert fits(arch)
    assert arch.macs(10) > 2e6
    assert baselines.widest_fitting(family, (32, 32, 3), lambda arch: False) is None


def test_a_baseline_at_its_published_size_is_the_published_one():
    scaled = baselines.scaled("proxyless_mobile", (224, 224, 3), 1.0)
    assert scaled == dataclasses.replace(scaled, head_channels=1280)
    assert (round(scaled.macs(1000) / 1e6, 1), scaled.stem_stride) == (320.4, 2)


def test_the_best_fitting_baseline_fits():
    def fits(arch):
        return arch.macs(10) < 2e6

    found = baselines.best_fitting("mobilenet_v2", (32, 32, 3), 10, fits)
    assert set(found) == set(baselines.LAYOUTS)
    assert all(1e6 < arch.macs(10) < 2e6 for arch in found.values())
    with pytest.raises(BudgetError, match="no scaled mobilenet_v2 fits"):
        baselines.best_fitting("mobilenet_v2", (32, 32, 3), 10, lambda arch: False)


def test_spaces_are_measured_with_the_same_choices():
    space = make_space((16, 16, 1), 1.0, 0.2)
    first = measure_space(space, 3, BOARD, Budget(), samples=5, seed=2)
    assert measure_space(space, 3, BOARD, Budget(), samples=5, seed=2) == first
