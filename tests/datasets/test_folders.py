# SPDX-License-Identifier: Apache-2.0
"""Folders of images and words, CIFAR-10 files: read as they lie, refused in one sentence."""

import wave

import numpy as np
import pytest

from mcunet_tf.audio import LogMel
from mcunet_tf.datasets import load_cifar10, load_image_folder, load_spoken_words
from mcunet_tf.errors import DataError


def write_bmp(path, pixels):
    """A 24-bit BMP of uint8 `[h, w, 3]` RGB, its rows a multiple of four bytes long."""
    height, width, _ = pixels.shape
    body = pixels[::-1, :, ::-1].tobytes()
    header = b"BM" + (54 + len(body)).to_bytes(4, "little") + bytes(4) + (54).to_bytes(4, "little")
    sizes = b"".join(v.to_bytes(4, "little") for v in (40, width, height))
    header += sizes + (1).to_bytes(2, "little") + (24).to_bytes(2, "little") + bytes(24)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(header + body)


def write_wav(path, samples, rate=16_000):
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())


def test_images_lie_in_folders_of_their_classes(tmp_path):
    for part, count in (("train", 3), ("test", 2)):
        for shade, name in ((20, "dark"), (230, "light")):
            for index in range(count):
                image = np.full((16, 16, 3), shade, np.uint8)
                write_bmp(tmp_path / part / name / f"{index}.bmp", image)
    data = load_image_folder(tmp_path, 8)
    assert data.class_names == ("dark", "light")
    assert data.train_images.shape == (6, 8, 8, 3)
    assert data.test_images.shape == (4, 8, 8, 3)
    np.testing.assert_array_equal(data.train_images[data.train_labels == 1], 230)
    assert load_image_folder(tmp_path, 8, 1).train_images.shape[-1] == 1


def test_without_a_test_folder_some_are_set_aside_for_good(tmp_path):
    for name in ("a", "b"):
        for index in range(40):
            write_bmp(tmp_path / name / f"{index}.bmp", np.full((4, 4, 3), index, np.uint8))
    first, again = load_image_folder(tmp_path, 4), load_image_folder(tmp_path, 4)
    assert len(first.train_images) + len(first.test_images) == 80
    assert 0 < len(first.test_images) < 24
    np.testing.assert_array_equal(first.test_images, again.test_images)


def test_what_is_no_image_is_named(tmp_path):
    for name in ("a", "b"):
        write_bmp(tmp_path / "test" / name / "0.bmp", np.zeros((4, 4, 3), np.uint8))
        write_bmp(tmp_path / "train" / name / "0.bmp", np.zeros((4, 4, 3), np.uint8))
    (tmp_path / "train" / "b" / "1.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"1\.png is no image"):
        load_image_folder(tmp_path, 8)


@pytest.mark.parametrize("loader", [lambda p: load_image_folder(p, 8), load_spoken_words])
def test_folders_without_classes_are_refused(tmp_path, loader):
    with pytest.raises(DataError, match="is no folder"):
        loader(tmp_path / "missing")
    with pytest.raises(DataError, match="one per class"):
        loader(tmp_path)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with pytest.raises(DataError, match="holds no"):
        loader(tmp_path)


def test_all_folders_are_words_and_speakers_stay_apart(tmp_path):
    time = np.arange(8_000) / 16_000
    for hertz, word in ((400, "low"), (3000, "high")):
        for speaker in range(40):
            tone = 8000 * np.sin(2 * np.pi * hertz * time)
            write_wav(tmp_path / word / f"s{speaker:03d}_nohash_0.wav", tone)
    data = load_spoken_words(tmp_path, front_end=LogMel(), silence=0, seconds=0.5)
    assert data.labels == ("high", "low")
    x, y = data.arrays("validation")
    assert x.shape[1:] == (24, 40, 1)
    peaks = [x[y == c].mean(axis=(0, 1, 3)).argmax() for c in (0, 1)]
    assert peaks[0] > peaks[1], "the higher tone lies in the higher band"
    listing = tmp_path / "testing_list.txt"
    listing.write_text("low/s003_nohash_0.wav\nhigh/s004_nohash_0.wav\n")
    assert len(load_spoken_words(tmp_path, silence=0).targets["test"]) == 2
    with pytest.raises(DataError, match="give a list of words"):
        load_spoken_words(tmp_path, "low")


def test_cifar10_is_read_from_a_file(tmp_path):
    rng = np.random.default_rng(0)
    arrays = {
        "x_train": rng.integers(0, 256, (20, 32, 32, 3), dtype=np.uint8),
        "y_train": np.arange(20)[:, None] % 10,
        "x_test": rng.integers(0, 256, (10, 32, 32, 3), dtype=np.uint8),
        "y_test": np.arange(10),
    }
    np.savez(tmp_path / "cifar.npz", **arrays)
    data = load_cifar10(tmp_path / "cifar.npz")
    assert (len(data.train_images), len(data.test_images)) == (20, 10)
    arrays.pop("y_test")
    np.savez(tmp_path / "part.npz", **arrays)
    with pytest.raises(DataError, match="lacks the arrays y_test"):
        load_cifar10(tmp_path / "part.npz")
    (tmp_path / "torn.npz").write_bytes(b"PK torn")
    with pytest.raises(DataError, match="cannot be read"):
        load_cifar10(tmp_path / "torn.npz")
