# SPDX-License-Identifier: Apache-2.0
"""The TensorFlow form equals the numpy form in pipelines, and knows its shapes."""

import numpy as np
import pytest

from mcunet_tf.audio import FrontEnd, Int8Output, LogMel
from mcunet_tf.errors import AudioError
from tests.audio.sounds import sound

tf = pytest.importorskip("tensorflow", reason="the form that is tested needs it")

FRONT_END = FrontEnd(hop_ms=20, output=Int8Output())
RECORDINGS = np.stack([sound(kind, 8000) for kind in ("noise", "bursts", "quiet")])
EXPECTED = np.stack([FRONT_END.features(samples) for samples in RECORDINGS])


def test_a_pipeline_gives_the_rows_of_each_recording():
    data = tf.data.Dataset.from_tensor_slices(RECORDINGS)
    rows = data.map(FRONT_END.of_tensor, num_parallel_calls=2)
    assert rows.element_spec.shape == (24, 40) and rows.element_spec.dtype == tf.int8
    np.testing.assert_array_equal(np.stack(list(rows.as_numpy_iterator())), EXPECTED)


def test_a_batch_is_as_many_recordings():
    rows = FRONT_END.of_tensor(tf.constant(RECORDINGS))
    np.testing.assert_array_equal(rows.numpy(), EXPECTED)
    assert rows.shape == (3, 24, 40)
    assert FRONT_END.of_tensor(tf.zeros([0, 8000], tf.int16)).shape == (0, 24, 40)


def test_recordings_may_have_any_length():
    lengths = [8000, 500, 0]
    data = tf.data.Dataset.from_generator(
        lambda: (RECORDINGS[0, :length] for length in lengths),
        output_signature=tf.TensorSpec([None], tf.int16),
    ).map(FrontEnd().of_tensor)
    assert data.element_spec.shape.as_list() == [None, 40]
    assert data.element_spec.dtype == tf.uint16
    for rows, length in zip(data.as_numpy_iterator(), lengths, strict=True):
        np.testing.assert_array_equal(rows, FrontEnd().features(RECORDINGS[0, :length]))


@pytest.mark.parametrize("samples", [np.zeros(9, np.float32), np.zeros((1, 2, 3), np.int16)])
def test_other_tensors_are_refused(samples):
    with pytest.raises(AudioError, match=r"give int16 \[count\] or \[batch, count\]"):
        FRONT_END.of_tensor(samples)


@pytest.mark.parametrize("front_end", [FRONT_END, LogMel(coefficients=10)], ids=["micro", "mfcc"])
def test_a_layer_of_keras(front_end):
    keras = pytest.importorskip("keras", reason="the layer is its own")
    heard = keras.Input([8000], dtype="int16")
    model = keras.Model(heard, front_end.as_layer()(heard))
    assert model.output_shape == (None, 24, front_end.row_values, 1)
    assert not model.trainable_weights
    made = model.predict(RECORDINGS, verbose=0)
    wanted = np.stack([front_end.features(samples) for samples in RECORDINGS]).astype(np.float32)
    if isinstance(front_end, LogMel):
        wanted = front_end.real(wanted)
    else:
        wanted -= front_end.output.zero_point
    np.testing.assert_allclose(made[..., 0], wanted, rtol=1e-6)
