# SPDX-License-Identifier: Apache-2.0
"""Folders of words become features in three parts, and are changed as they are told to be."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from mcunet_tf.audio import FrontEnd, LogMel
from mcunet_tf.datasets import Augmentation, load_spoken_words
from mcunet_tf.datasets.spoken_words import change_clip, mask
from mcunet_tf.errors import AudioError, DataError
from tests.audio.sounds import voice

EAR = LogMel(coefficients=6, bands=20)
SPEAKERS = 40
STILL = Augmentation(0, 0, 0, 0, (0, 0), 0, 0, 0, 0)


def write(path: Path, samples: np.ndarray, rate: int = 16000) -> None:
    path.parent.mkdir(exist_ok=True, parents=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("words")
    for number, word in enumerate(("yes", "no", "cat", "dog")):
        for speaker in range(SPEAKERS):
            samples = voice(12000 + 200 * speaker, 100 * number + speaker)
            write(root / word / f"{speaker:08x}_nohash_0.wav", samples)
    write(root / "_background_noise_" / "fan.wav", np.random.default_rng(1).normal(0, 300, 50000))
    return root


@pytest.fixture(scope="module")
def words(folder):
    return load_spoken_words(folder, ("yes", "no"), EAR, silence=0.2, unknown=0.25)


def test_what_is_read(words):
    assert words.labels == ("yes", "no", "_unknown_", "_silence_")
    counts = sum(np.bincount(words.targets[part], minlength=4) for part in words.targets)
    assert list(counts) == [SPEAKERS, SPEAKERS, 20, 20]
    assert all(len(set(words.targets[part])) >= 2 for part in words.targets)
    x, y = words.arrays("train")
    assert x.shape == (len(y), 49, 6, 1) and x.dtype == np.float32
    np.testing.assert_array_equal(x[3, :, :, 0], EAR.real(EAR.features(words.clips["train"][3])))


def test_no_speaker_is_in_two_parts(folder, words):
    again = load_spoken_words(folder, ("yes", "no"), EAR, silence=0, unknown=0)
    sizes = {part: np.bincount(again.targets[part], minlength=2) for part in again.targets}
    assert all(a == b for a, b in sizes.values()), "each speaker says each word once"
    assert again.labels == ("yes", "no")


def test_lists_of_the_data_set_are_kept(folder, tmp_path):
    for word in ("yes", "no"):
        for speaker in range(3):
            write(tmp_path / word / f"{speaker}_nohash_0.wav", voice(8000, speaker))
    (tmp_path / "testing_list.txt").write_text("yes/2_nohash_0.wav\nno/2_nohash_0.wav\n")
    (tmp_path / "validation_list.txt").write_text("yes/1_nohash_0.wav\n")
    found = load_spoken_words(tmp_path, ("yes", "no"), EAR, silence=0, unknown=0)
    assert {part: list(y) for part, y in found.targets.items()} == {
        "train": [0, 1, 1],
        "validation": [0],
        "test": [0, 1],
    }


def test_features_of_other_front_ends(folder):
    found = load_spoken_words(folder, ("yes", "no"), FrontEnd(hop_ms=20), unknown=0)
    assert found.arrays("test")[0].shape[1:] == (49, 40, 1)


CLIP = np.where(np.arange(16000) == 8000, 20000, 0).astype(np.int16)


def test_changes():
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 100, 40000).astype(np.int16)
    np.testing.assert_array_equal(change_clip(CLIP, noise, 16000, STILL, rng), CLIP)
    shifted = [
        int(
            change_clip(
                CLIP, noise, 16000, Augmentation(shift_ms=50, speed=0, gain_db=0, noise=0), rng
            ).argmax()
        )
        - 8000
        for _ in range(50)
    ]
    assert 600 < max(map(abs, shifted)) <= 800 and min(shifted) < 0 < max(shifted)
    tone = (8000 * np.sin(np.arange(16000) * 2 * np.pi * 1000 / 16000)).astype(np.int16)
    how = Augmentation(shift_ms=0, speed=0.2, gain_db=0, noise=0)
    heard = {
        int(np.abs(np.fft.rfft(change_clip(tone, noise, 16000, how, rng))).argmax())
        for _ in range(20)
    }
    assert 800 <= min(heard) < 950 and 1050 < max(heard) <= 1200
    how = Augmentation(shift_ms=0, speed=0, gain_db=12, noise=0)
    levels = [np.abs(change_clip(tone // 8, noise, 16000, how, rng)).max() for _ in range(40)]
    assert 240 < min(levels) < 500 and 2000 < max(levels) < 4100


def test_noise_is_as_far_below_as_was_said():
    rng = np.random.default_rng(2)
    noise = rng.normal(0, 1000, 40000).astype(np.int16)
    tone = (8000 * np.sin(np.arange(16000) * 0.3)).astype(np.int16)
    how = Augmentation(0, 0, 0, 1.0, (20.0, 20.0), 0, 0, 0, 0)
    rest = change_clip(tone, noise, 16000, how, rng).astype(float) - tone
    below = 20 * np.log10(np.sqrt(np.mean(tone.astype(float) ** 2)) / np.sqrt(np.mean(rest**2)))
    assert below == pytest.approx(20, abs=0.2)
    silent = change_clip(np.zeros(16000, np.int16), noise, 16000, how, rng)
    assert 900 < silent.std() < 1100


def test_masks():
    features = np.random.default_rng(3).normal(size=(49, 10, 1)).astype(np.float32)
    how = Augmentation(time_masks=1, time_width=8, band_masks=1, band_width=3)
    rows, bands = set(), set()
    for seed in range(60):
        masked = mask(features, how, np.random.default_rng(seed))[..., 0] != features[..., 0]
        rows.add(int(masked.all(axis=1).sum()))
        bands.add(int(masked.all(axis=0).sum()))
    assert rows == set(range(9)) and bands == set(range(4))


def test_a_seed_gives_the_same_and_each_epoch_another(words):
    one, two, other = (words.arrays("test", Augmentation(), 2, seed)[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)
    assert not np.array_equal(one[: len(one) // 2], one[len(one) // 2 :])
    pytest.importorskip("tensorflow", reason="the pipelines are its own")
    data = words.dataset("test", Augmentation())
    assert len(data) == len(words.targets["test"])
    epochs = [list(data.as_numpy_iterator()) for _ in range(2)]
    assert [x.shape for x, _ in epochs[0]] == [(49, 6, 1)] * len(data)
    assert sorted(y for _, y in epochs[0]) == sorted(words.targets["test"])
    assert not np.array_equal(epochs[0][0][0], epochs[1][0][0])


def test_what_is_wrong_is_named(folder, tmp_path):
    with pytest.raises(DataError, match=r"maybe holds no \.wav files"):
        load_spoken_words(folder, ("yes", "maybe"), EAR)
    with pytest.raises(DataError, match=r"seconds=0.01 is less than a window of 30 ms"):
        load_spoken_words(folder, ("yes", "no"), EAR, seconds=0.01)
    write(tmp_path / "yes" / "a.wav", voice(8000), rate=8000)
    write(tmp_path / "no" / "a.wav", voice(8000))
    with pytest.raises(AudioError, match="has 8000 samples per second, not 16000"):
        load_spoken_words(tmp_path, ("yes", "no"), EAR)
    with pytest.raises(DataError, match="speed=2"):
        Augmentation(speed=2)
    with pytest.raises(DataError, match="there is no part 'all'"):
        load_spoken_words(folder, ("yes", "no"), EAR).arrays("all")
