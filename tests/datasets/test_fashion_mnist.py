# SPDX-License-Identifier: Apache-2.0
"""Fashion-MNIST as Debian packages it, and what happens when its files are bad."""

import gzip

import numpy as np
import pytest

from mcunet_tf.datasets import ImageDataset, fashion_mnist, load_fashion_mnist
from mcunet_tf.datasets.idx import read_idx
from mcunet_tf.errors import DataError

FILES = fashion_mnist._FILES


def idx_bytes(array: np.ndarray) -> bytes:
    header = bytes([0, 0, 8, array.ndim])
    return header + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.tobytes()


@pytest.fixture
def folder(tmp_path):
    """A data set of five training and three test images."""
    rng = np.random.default_rng(1)
    for name, shape in zip(FILES, ((5, 28, 28), (5,), (3, 28, 28), (3,)), strict=True):
        array = rng.integers(0, 10, shape).astype(np.uint8)
        (tmp_path / name).write_bytes(gzip.compress(idx_bytes(array)))
    return tmp_path


def test_debian_package_holds_balanced_classes():
    if not fashion_mnist.DEBIAN_FOLDER.is_dir():
        pytest.skip("Debian's dataset-fashion-mnist is not installed")
    data = load_fashion_mnist()
    assert data.train_images.shape == (60000, 28, 28, 1)
    assert data.test_images.shape == (10000, 28, 28, 1)
    assert np.array_equal(np.bincount(data.train_labels), [6000] * 10)
    assert np.array_equal(np.bincount(data.test_labels), [1000] * 10)
    assert data.train_images.max() == 255
    trousers = data.train_images[data.train_labels == 1].mean(axis=(0, 3))
    assert trousers[:, 12:16].mean() > 3 * trousers[:, :4].mean(), "trousers stand in the middle"


def test_reads_a_named_folder(folder):
    data = load_fashion_mnist(folder)
    assert data.train_images.shape == (5, 28, 28, 1)
    assert data.train_images.dtype == np.uint8
    assert data.test_labels.dtype == np.int64
    raw = gzip.decompress((folder / FILES[0]).read_bytes())
    assert data.train_images.tobytes() == raw[16:]


def test_missing_file_is_named_with_the_remedy(folder):
    (folder / FILES[2]).unlink()
    with pytest.raises(DataError, match=r"t10k-images-idx3-ubyte.gz.*dataset-fashion-mnist"):
        load_fashion_mnist(folder)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no gzip at all",
        gzip.compress(b""),
        gzip.compress(b"\0\0\x0d\1\0\0\0\1\0\0\0\0"),  # float32 elements
        gzip.compress(idx_bytes(np.zeros((5, 28, 28), np.uint8))[:-1]),
        gzip.compress(idx_bytes(np.zeros((5, 28, 28), np.uint8)))[:-12],
        gzip.compress(b"\0\0\x08\xff\0\0\0\1\0"),
    ],
    ids=["empty", "not-gzip", "no-header", "float", "short", "cut-gzip", "255-dimensions"],
)
def test_damaged_file_is_named(folder, content):
    (folder / FILES[0]).write_bytes(content)
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte.gz"):
        load_fashion_mnist(folder)


def test_images_and_labels_must_agree(folder):
    labels = np.zeros(4, np.uint8)
    (folder / FILES[1]).write_bytes(gzip.compress(idx_bytes(labels)))
    with pytest.raises(DataError, match="5 train images come with 4 labels"):
        load_fashion_mnist(folder)


def test_labels_must_name_a_class(folder):
    (folder / FILES[3]).write_bytes(gzip.compress(idx_bytes(np.full(3, 10, np.uint8))))
    with pytest.raises(DataError, match="there are 10 classes"):
        load_fashion_mnist(folder)


def test_images_must_be_uint8():
    with pytest.raises(DataError, match="must be uint8"):
        ImageDataset(
            name="set",
            train_images=np.zeros((1, 2, 2, 1), np.float32),
            train_labels=np.zeros(1, np.int64),
            test_images=np.zeros((1, 2, 2, 1), np.uint8),
            test_labels=np.zeros(1, np.int64),
            class_names=("only",),
        )


def test_read_idx_keeps_the_element_order(tmp_path):
    array = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(idx_bytes(array)))
    assert np.array_equal(read_idx(path), array)
