# SPDX-License-Identifier: Apache-2.0
"""Faults planted in the planner: every plan whose C is wrong is refused."""

from __future__ import annotations

import pytest

from tests.plan.mutations import DSP, FAULTS, HOST
from tests.plan.planted import plant, wrong

# A network for each fault that its C gives wrong outputs for.
SEEDS: dict[str, int] = {}
SWEPT = range(200, 240)


def parameters(board: str, *marks: pytest.MarkDecorator) -> list:
    names = [name for name, fault in FAULTS.items() if fault.board == board]
    return [pytest.param(name, marks=marks) for name in names]


EVERY_FAULT = parameters(HOST) + parameters(DSP, pytest.mark.qemu)


@pytest.mark.parametrize("name", EVERY_FAULT)
def test_a_fault_that_makes_the_c_wrong_is_refused(name):
    """The network is chosen so that the fault shows: were it harmless, nothing would be proved."""
    fault = FAULTS[name]
    planted = plant(fault, SEEDS[name])
    assert planted is not None, "the fault changes nothing"
    assert wrong([planted], fault.board) == [planted], "the C is right all the same"
    assert planted.refused


@pytest.mark.slow
@pytest.mark.parametrize("name", EVERY_FAULT)
def test_over_many_networks_every_wrong_one_is_refused(name):
    fault = FAULTS[name]
    found = [planted for seed in SWEPT if (planted := plant(fault, seed))]
    spoiled = wrong(found, fault.board)
    assert [planted.seed for planted in spoiled if not planted.refused] == []
    print(f"{name}: {len(found)} plans, C wrong of {len(spoiled)}, all of those refused")


def test_there_are_enough_faults():
    assert len(FAULTS) > 12
    assert set(SEEDS) == set(FAULTS)
