# SPDX-License-Identifier: Apache-2.0
"""Searches for streams: what a call costs, strides in time, signals, and words that are heard."""

import dataclasses
import json

import numpy as np
import pytest

import mcunet_tf
from mcunet_tf import zoo
from mcunet_tf.audio import FrontEnd, LogMel
from mcunet_tf.audio.stored import front_end_of, front_end_settings
from mcunet_tf.boards import load_board
from mcunet_tf.datasets.spoken_words import SpokenWords
from mcunet_tf.errors import AudioError, BudgetError, DataError, SearchError, UnsupportedError
from mcunet_tf.tinyengine import compile_tflite
from mcunet_tf.tinynas import SearchResult, Space, SpaceStage, all_spaces, candidate_cost
from mcunet_tf.tinynas.contenders import KNOWN, own_contenders
from mcunet_tf.tinynas.cost import Budget, keeps
from mcunet_tf.tinynas.layer import pair
from mcunet_tf.tinynas.options import SearchOptions
from mcunet_tf.tinynas.reading import read_images
from mcunet_tf.tinynas.recipe import Recipe
from mcunet_tf.tinynas.stored import read_ear
from tests.tinynas.tiny import EFFORT

BOARD = load_board("qemu-m4")


def time_stride(arch):
    strides = [arch.stem_stride, *(block.stride for block in arch.blocks)]
    return int(np.prod([pair(stride)[0] for stride in strides]))


def test_a_call_costs_less_than_a_window():
    arch = zoo.arch("ds-cnn")
    whole, call = (candidate_cost(arch, 12, BOARD, None, hop) for hop in (None, 2))
    assert call.hop == 2
    assert call.macs < 0.05 * whole.macs
    assert call.instructions < 0.08 * whole.instructions
    assert call.weights_bytes <= 1.2 * whole.weights_bytes
    with pytest.raises(UnsupportedError, match="the smallest hop is 2"):
        candidate_cost(arch, 12, BOARD, None, 1)
    limits = {"sram_bytes": call.sram_bytes, "instructions": call.instructions, "hop": 2}
    assert keeps(arch, 12, BOARD, Budget(**limits))
    for name in ("sram_bytes", "instructions"):
        assert not keeps(arch, 12, BOARD, Budget(**{**limits, name: limits[name] - 1}))
    assert not keeps(arch, 12, BOARD, Budget(**{**limits, "hop": 1}))


@pytest.mark.parametrize("hop", [1, 2])
@pytest.mark.parametrize("shape", [(49, 10, 1), (60, 1, 3)])
@pytest.mark.slow
def test_strides_in_time_divide_the_hop(shape, hop):
    budget = Budget(100_000, 400_000, None, 1_000_000, hop)

    def fits(arch):
        return keeps(arch, 4, BOARD, budget)

    rng = np.random.default_rng(0)
    space = all_spaces(shape, (224,), (0.5,), hop=hop)
    found = [own.arch for own in own_contenders(shape, 4, fits, budget, 1e6, rng, space)]
    for arch in [*found, space[0].arch(space[0].largest())]:
        assert hop % time_stride(arch) == 0
        if shape[1] == 1:
            assert {pair(block.kernel)[1] for block in arch.blocks} == {1}
    assert found


def test_strides_by_axis_are_checked():
    with pytest.raises(SearchError, match="equal strides along both axes: give these strides"):
        Space((9, 9, 1), 1.0, 8, (1, 2), 0, (SpaceStage(8, (1, 2)),))
    with pytest.raises(SearchError, match=r"give one number, or \(height, width\)"):
        SpaceStage(8, (1, 2, 3))
    for changes, said in (({"hop": 0}, "hop = 0"), ({"hop": 1.5}, "hop = 1.5")):
        with pytest.raises(SearchError, match=said):
            SearchOptions(**changes)
    with pytest.raises(BudgetError, match="instructions = 0"):
        SearchOptions(instructions=0)


def test_series_are_columns():
    rng = np.random.default_rng(0)
    x, y = rng.random((30, 16, 3), np.float32), np.arange(30) % 3
    assert read_images((x, y), series=True).image_shape == (16, 1, 3)
    assert read_images((x, y)).image_shape == (16, 3, 1)

    def samples():
        yield from zip(x, y, strict=True)

    piped = read_images(samples, (x, y), series=True)
    assert piped.image_shape == (16, 1, 3)
    assert piped.count == 30
    with pytest.raises(DataError, match="holds NaN"):
        read_images((np.full_like(x, np.nan), y), series=True)


@pytest.mark.parametrize("ear", [FrontEnd(hop_ms=20), LogMel(coefficients=10), LogMel.librosa()])
def test_front_ends_are_written_and_read(ear):
    assert front_end_of(json.loads(json.dumps(front_end_settings(ear)))) == ear


def test_what_is_no_front_end_is_refused():
    with pytest.raises(AudioError, match="there is no front end 'Ear'"):
        front_end_of({"kind": "Ear"})
    with pytest.raises(AudioError, match="no settings of LogMel"):
        front_end_of({"kind": "LogMel", "colour": 3})


def tones(count=60, seconds=0.4):
    """Two "words" of one tone each, in noise, as `load_spoken_words` gives them."""
    rng = np.random.default_rng(0)
    time = np.arange(round(16_000 * seconds)) / 16_000
    made, targets = {}, {}
    for part, size in (("train", count), ("validation", 20), ("test", 20)):
        targets[part] = np.arange(size) % 2
        hertz = np.where(targets[part] == 1, 2500, 500)[:, None] * rng.uniform(0.9, 1.1, (size, 1))
        waves = 6000 * np.sin(2 * np.pi * hertz * time) + rng.normal(0, 600, (size, len(time)))
        made[part] = np.round(waves).astype(np.int16)
    noise = rng.normal(0, 300, 32_000).astype(np.int16)
    return SpokenWords(("low", "high"), made, targets, noise, LogMel(coefficients=10))


ASKED = {
    "board": BOARD,
    "minutes": 0.2,
    "effort": EFFORT,
    "recipe": Recipe(batch_size=32),
    "verbose": False,
}


@pytest.mark.slow
def test_words_from_search_to_spotter(tmp_path):
    """What is found streams by the hop, within the limits of a call, behind its own front end."""
    pytest.importorskip("tensorflow")
    words = dataclasses.replace(tones(), copies=1)
    limits = {"hop": 2, "sram_bytes": 20_000, "flash_bytes": 64_000, "instructions": 200_000}
    found = mcunet_tf.search(words, workdir=tmp_path, **ASKED, **limits)
    assert found.cost.hop == 2
    assert found.cost.instructions <= 200_000
    assert found.cost.sram_bytes <= 20_000
    assert 2 % time_stride(found.arch) == 0
    compiled = compile_tflite(found.flatbuffer, BOARD, name="m", input_mode="stream", hop=2)
    assert found.cost.sram_bytes >= compiled.state_bytes
    assert found.compile(tmp_path / "c").stream.hop == 2
    _, ear, hop = read_ear(tmp_path)
    assert (ear.front_end, ear.labels, hop) == (words.front_end, words.labels, 2)
    loaded = SearchResult.load(tmp_path)
    spotter = loaded.spotter()
    assert spotter.rows == 2
    assert spotter.detector.labels == ("low", "high")
    assert loaded.evaluate(*words.arrays("test"), on="float").scores["accuracy"] > 0.7


@pytest.mark.slow
def test_series_from_search_to_prediction():
    pytest.importorskip("tensorflow")
    rng = np.random.default_rng(0)
    y = np.arange(120) % 2
    t = np.arange(64)
    waves = np.sin(t * np.where(y, 0.9, 0.3)[:, None])[..., None]
    x = (waves + rng.normal(0, 0.2, (120, 64, 3))).astype(np.float32)
    found = mcunet_tf.search((x, y), series=True, hop=4, sram_bytes=8000, **ASKED)
    assert found.arch.input_shape == (64, 1, 3)
    assert found.predict(x[:5]).shape == (5, 2)
    assert found.evaluate(x, y, on="float").scores["accuracy"] > 0.7
    assert found.standings[0].family != KNOWN or found.cost.hop == 4
    with pytest.raises(AudioError, match="was not searched with spoken words"):
        found.spotter()
