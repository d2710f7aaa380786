# SPDX-License-Identifier: Apache-2.0
"""How well a cascade watches and what it takes, against what is worked out by hand."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from mcunet_tf.boards import load_board
from mcunet_tf.errors import BoardError, VisionError
from mcunet_tf.vision import (
    CascadeStage,
    cascade,
    energy,
    energy_svg,
    judge,
    list_sensors,
    load_sensor,
)
from mcunet_tf.vision.cascades import Watched
from mcunet_tf.vision.duty_plot import CURVE
from tests.vision.test_cascade import network

LEVELS = [0, 1, 2, 2, 1, 0, 0, 1, 1, 0, 2, 2]
PRESENT = [0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 0, 0]


def watched(levels, stages=2):
    levels = np.array(levels, np.int32)
    ran = np.arange(stages)[None] < np.minimum(levels + 1, stages)[:, None]
    return Watched(np.zeros(ran.shape, np.int32), ran, levels)


def test_judged_by_hand():
    found = judge(watched(LEVELS), PRESENT, 60.0)
    assert found.recall == 2 / 5 and (found.visits, found.visits_found) == (2, 1)
    assert found.awake_with == (4 / 5, 2 / 5) and found.awake_without == (4 / 7, 2 / 7)
    # In seven minutes of nobody the first stage woke three times, the second once.
    assert found.false_wakes_per_hour == pytest.approx((3 * 60 / 7, 60 / 7))
    assert found.false_alarms_per_hour == pytest.approx(60 / 7)
    assert "found in 40.0% of the moments, in 1 of 2 visits" in found.text()


def eyes(board="nrf52840dk", **larger):
    glance = CascadeStage(network(2, 8, 3, board, "glance"), (0, 1), activation="sigmoid")
    return cascade([glance, CascadeStage(None, name="server", **larger)])


def test_energy_by_hand():
    made = eyes(milliwatts=500.0, seconds=0.5)
    board, sensor = load_board("nrf52840dk"), load_sensor("hm01b0")
    found = energy(made, judge(watched(LEVELS), PRESENT, 2.0), presences=(0.1,))
    (hour,) = found.cascade
    looks, share = 1800, 0.1 * 4 / 5 + 0.9 * 4 / 7
    infer_s = looks * made.stages[0].model.report.cycles / board.clock_hz
    sense_s = looks * (1 + share) * 2 * 0.0333
    run, sleep = 3.3e-3 * 3.0, 0.00316e-3 * 3.0
    assert hour.inferring == pytest.approx(run * infer_s)
    assert hour.sensing == pytest.approx((run + 2e-3) * sense_s)
    assert hour.larger == pytest.approx(looks * share * 0.5 * 0.5)
    assert hour.asleep == pytest.approx(sleep * (3600 - infer_s - sense_s))
    assert hour.error == pytest.approx(hour.inferring * 0.2) and found.error_percent == 20
    assert found.always.larger == pytest.approx(looks * 0.25) and found.always.inferring == 0
    assert hour.joules < found.always.joules
    text = found.text()
    assert "ION_RAMON_RTC" in text and "Himax" in text and "server    500 mW for 0.5 s" in text
    assert sensor.settle_frames == 1 and "somebody there 10%" in text


def test_the_curve_is_a_picture():
    made = eyes(milliwatts=500.0, seconds=0.5)
    judged = judge(watched(LEVELS), PRESENT, 2.0)
    root = ET.fromstring(energy_svg(energy(made, judged, presences=CURVE)))
    lines = root.findall("{http://www.w3.org/2000/svg}polyline")
    always, curve = ([float(p.split(",")[1]) for p in e.get("points").split()] for e in lines)
    assert len(set(always)) == 1 and curve == sorted(curve, reverse=True)
    for presences, told in (((0.1,), "1 presences"), ((0.0, 0.1), "begins above 0")):
        with pytest.raises(VisionError, match=told):
            energy_svg(energy(made, judged, presences=presences))


def test_every_sensor_and_current_names_its_source():
    for name in list_sensors():
        sensor = load_sensor(name)
        assert sensor.seconds >= sensor.frame_s > 0 and all(map(len, sensor.sources))
    for name in ("nrf52840dk", "stm32f412", "stm32u575", "arduino-nano33ble"):
        board = load_board(name)
        assert board.run_current.milliwatts > 50 * board.sleep_current.milliwatts
        assert board.sleep_current.source and board.run_current.source


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: judge(watched(LEVELS), PRESENT[:-1], 1.0), "11 labels for 12 moments"),
        (lambda: judge(watched(LEVELS), [1] * 12, 1.0), "labels are all alike"),
        (lambda: judge(watched(LEVELS), PRESENT, 0), "period_s=0: give a number"),
        (lambda: load_sensor("eye"), "sensor 'eye' is unknown: use one of hm01b0, ov2640"),
    ],
)
def test_what_cannot_be_judged(make, told):
    with pytest.raises(VisionError, match=told):
        make()


def test_energy_that_is_not_known(tmp_path):
    judged = judge(watched(LEVELS), PRESENT, 2.0)
    larger = {"milliwatts": 1.0, "seconds": 1.0}
    for make, told in (
        (lambda: energy(eyes("qemu-m4", **larger), judged), "qemu-m4 has no currents"),
        (lambda: energy(eyes(), judged), "server: give milliwatts and seconds"),
        (
            lambda: energy(eyes(**larger), dataclasses.replace(judged, period_s=1.0)),
            "a look of all stages takes 1.1. s: look less often",
        ),
        (lambda: energy(eyes(**larger), judged, presences=(1.5,)), "presence=1.5"),
        (lambda: energy(eyes(**larger), judged, board="stm32u575"), "compiled for nrf52840dk"),
        (
            lambda: energy(eyes(**larger), judge(watched(LEVELS, 3), PRESENT, 2.0)),
            "judged 3 stages of 2",
        ),
    ):
        with pytest.raises(VisionError, match=told):
            make()
    path = tmp_path / "mine.toml"
    path.write_text('[mine]\ndescription = "x"\nmilliwatts = "2"\n')
    with pytest.raises(BoardError, match=r"mine.toml: milliwatts = '2'; it must be a number"):
        load_sensor(path)
