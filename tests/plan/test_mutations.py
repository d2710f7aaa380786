# SPDX-License-Identifier: Apache-2.0
"""Faults planted in the planner: every plan whose C is wrong is refused."""

from __future__ import annotations

import pytest

from tests.plan.mutations import DSP, FAULTS, HOST
from tests.plan.planted import plant, wrong

# A network for each fault that its C gives wrong outputs for.
SEEDS = {
    "a band needs a row less": 1,
    "a band waits for a row less": 1,
    "a pushed band needs a row less": 1,
    "a pushed band waits for a row less": 1,
    "the C pulls a row more than the trace": 1,
    "rows are given up one too early": 1,
    "rows in place are given up one too early": 1,
    "a window's ring has a slot less": 1,
    "a shared ring has a slot less": 1,
    "a ring in place lags by a row": 1,
    "rows in place of rows that do not fit": 9,
    "bands may wrap around their ring": 1,
    "a result reaches a row too far": 4,
    "a result in place reaches a row too far": 4,
    "a result lies over what is read again": 18,
    "a buffer starts 16 bytes too low": 1,
    "row counters lie over rows": 5,
    "padding is lost": 1,
    "padding in the slots of rows that are kept": 4,
    "no room for a row of padding": 4,
    "sums lie in the scratch of all": -1,
    "scratch of half the size": 216,
    "chunks of twice the rows": 22,
    "scratch for half a chunk": 4,
    "lives end a stage too early": 7,
    "two stages in the wrong order": 1,
    "rows that are owed are forgotten": 61,
    "the first band ends like the others": 1,
    "bands are a row longer than in the trace": 1,
    "windows start a row too late": 1,
    "windows are a row too short": 1,
    "windows step a row too far": 1,
    "images grow by another factor": 7,
    "operands change places": 4,
}
# The same with int16 activations, or now int8, now int16: rows of other bytes.
WIDER_SEEDS = {
    "a band needs a row less": ("int16", 1),
    "a band waits for a row less": ("mixed", 1),
    "a pushed band needs a row less": ("int16", 1),
    "a pushed band waits for a row less": ("mixed", 1),
    "the C pulls a row more than the trace": ("int16", 1),
    "rows are given up one too early": ("mixed", 1),
    "rows in place are given up one too early": ("int16", 1),
    "a window's ring has a slot less": ("mixed", 1),
    "a shared ring has a slot less": ("int16", 1),
    "rows in place of rows that do not fit": ("mixed", 1),
    "a result reaches a row too far": ("int16", 0),
    "a result in place reaches a row too far": ("mixed", 1),
    "a ring in place lags by a row": ("mixed", 7),
    "bands may wrap around their ring": ("mixed", 7),
}
SWEPT = range(200, 240)


def parameters(board: str, *marks: pytest.MarkDecorator) -> list:
    names = [name for name, fault in FAULTS.items() if fault.board == board]
    return [pytest.param(name, marks=marks) for name in names]


EVERY_FAULT = parameters(HOST) + parameters(DSP, pytest.mark.qemu)
WIDER_FAULTS = [fault for fault in EVERY_FAULT if fault.values[0] in WIDER_SEEDS]


@pytest.mark.parametrize("name", EVERY_FAULT)
@pytest.mark.sampled(4)
def test_a_fault_that_makes_the_c_wrong_is_refused(name):
    """The network is chosen so that the fault shows: were it harmless, nothing would be proved."""
    fault = FAULTS[name]
    planted = plant(fault, SEEDS[name])
    assert planted is not None, "the fault changes nothing"
    assert wrong([planted], fault.board) == [planted], "the C is right all the same"
    assert planted.refused


@pytest.mark.parametrize("name", WIDER_FAULTS)
@pytest.mark.sampled(6)
def test_a_fault_in_int16_that_makes_the_c_wrong_is_refused(name):
    fault, (dtype, seed) = FAULTS[name], WIDER_SEEDS[name]
    planted = plant(fault, seed, dtype)
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
