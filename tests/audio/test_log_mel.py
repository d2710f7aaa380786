# SPDX-License-Identifier: Apache-2.0
"""Log-mel bands and MFCC are what tf.signal and librosa define, and bad settings are named."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from mcunet_tf.audio import LogMel, QuantizedOutput
from mcunet_tf.audio.wide import wide_log2, wide_magnitudes
from mcunet_tf.errors import AudioError
from tests.audio.sounds import sound, voice

SPEECH = np.concatenate([voice(24000, seed) for seed in range(3)])
TF_SIGNAL = {
    "bands": LogMel(),
    "energies": LogMel(power=2),
    "mfcc": LogMel(coefficients=10),
    "many": LogMel(window_ms=25, hop_ms=10, bands=64, lower_hz=125.0, upper_hz=7500.0, offset=1e-3),
    "slow": LogMel(sample_rate=8000, window_ms=64, hop_ms=32, bands=20, upper_hz=3800.0),
}


def tf_signal(front_end: LogMel, samples: np.ndarray) -> np.ndarray:
    tf = pytest.importorskip("tensorflow", reason="its tf.signal is the definition")
    size, hop, points = (
        front_end.window_samples,
        front_end.hop_samples,
        front_end.transform_points,
    )
    spectra = tf.abs(tf.signal.stft(samples.astype(np.float32) / 32768, size, hop, points))
    weights = tf.signal.linear_to_mel_weight_matrix(
        front_end.bands,
        points // 2 + 1,
        front_end.sample_rate,
        front_end.lower_hz,
        front_end.upper_hz,
    )
    logs = tf.math.log(spectra**front_end.power @ weights + front_end.offset)
    if front_end.coefficients:
        logs = tf.signal.mfccs_from_log_mel_spectrograms(logs)[:, : front_end.coefficients]
    return logs.numpy()


def librosa_bands(front_end: LogMel, samples: np.ndarray) -> np.ndarray:
    """`librosa.feature.melspectrogram` and `power_to_db`, by their documentation.

    Slaney's scale is linear to 1 kHz, and 27 steps for each factor of 6.4 above it.
    """
    size, hop, points = (
        front_end.window_samples,
        front_end.hop_samples,
        front_end.transform_points,
    )
    frames = np.lib.stride_tricks.sliding_window_view(samples / 32768, size)[::hop]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    power = np.abs(np.fft.rfft(frames * window, points)) ** 2
    top = 15 + np.log(front_end.upper_hz / 1000) / np.log(6.4) * 27
    mels = np.linspace(0, top, front_end.bands + 2)
    edges = np.where(mels < 15, mels * 200 / 3, 1000 * 6.4 ** ((mels - 15) / 27))
    hertz = np.arange(points // 2 + 1) * front_end.sample_rate / points
    rising = (hertz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - hertz) / (edges[2:] - edges[1:-1])[:, None]
    weights = np.maximum(0, np.minimum(rising, falling)) * (2 / (edges[2:] - edges[:-2]))[:, None]
    decibel = 10 * np.log10(np.maximum(power @ weights.T, 1e-10))
    if not front_end.coefficients:
        return decibel
    count = front_end.bands
    places = np.arange(front_end.coefficients)[:, None] * (np.arange(count) + 0.5)
    matrix = np.cos(np.pi * places / count) * np.sqrt(2 / count)
    matrix[0] /= np.sqrt(2)
    return decibel @ matrix.T


def check(front_end: LogMel, wanted: np.ndarray) -> None:
    """int8 over the values' range: within a step for 999 in 1000, and most are equal."""
    scale = float(wanted.max() - wanted.min()) / 255
    zero = int(np.clip(np.round(-128 - wanted.min() / scale), -128, 127))
    scaled = dataclasses.replace(front_end, output=QuantizedOutput(scale, zero))
    got = scaled.features(SPEECH).astype(int)
    rounded = np.clip(np.round(wanted / scale) + zero, -128, 127)
    assert got.shape == rounded.shape and len(np.unique(got)) > 100
    assert np.mean(np.abs(got - rounded) <= 1) > 0.999
    assert np.mean(got == rounded) > 0.98
    assert np.mean(np.abs(front_end.real(front_end.features(SPEECH)) - wanted) < scale) > 0.999
    assert np.mean(np.abs(scaled.real(got) - wanted) <= 0.51 * scale) > 0.95


@pytest.mark.parametrize("name", TF_SIGNAL)
def test_bands_are_those_of_tf_signal(name):
    check(TF_SIGNAL[name], tf_signal(TF_SIGNAL[name], SPEECH))


@pytest.mark.parametrize("changed", [{}, {"coefficients": 13}, {"window_ms": 32, "bands": 64}])
def test_bands_are_those_of_librosa(changed):
    front_end = LogMel.librosa(**changed)
    check(front_end, librosa_bands(front_end, SPEECH))


def test_quiet_sound_keeps_its_spectrum():
    samples = sound("quiet", 480)[None]
    window = LogMel().window
    exact = np.abs(np.fft.rfft(samples * window.astype(float), 512))[:, :256] / 512
    assert (
        exact.mean() < 2000
        and np.abs(wide_magnitudes(samples, window, 512) - exact)[:, 1:].max() < 4
    )


def test_logarithms():
    values = np.array([1, 2, 3, 1000, 2**53 + 1, 2**60 - 1, 2**64 - 1], np.uint64)
    np.testing.assert_allclose(wide_log2(values) / 65536, np.log2(values.astype(float)), atol=4e-5)
    assert wide_log2(np.zeros(1, np.uint64))[0] == 0


def test_pieces_of_any_length_give_the_same_rows():
    front_end, state, rows = LogMel(coefficients=10), LogMel().begin(), []
    for piece in np.split(SPEECH[:9000], [1, 480, 481, 2000, 7777]):
        found, state = front_end.hear(state, piece)
        rows.append(found)
    np.testing.assert_array_equal(np.concatenate(rows), front_end.features(SPEECH[:9000]))


def test_the_form_of_tensorflow_is_equal():
    tf = pytest.importorskip("tensorflow", reason="the form that is tested needs it")
    front_end = LogMel(coefficients=10, output=QuantizedOutput(0.58, 83))
    rows = tf.data.Dataset.from_tensors(SPEECH).map(front_end.of_tensor)
    assert rows.element_spec.shape[1] == 10 and rows.element_spec.dtype == tf.int8
    np.testing.assert_array_equal(next(rows.as_numpy_iterator()), front_end.features(SPEECH))


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"bands": 1}, "bands=1: give a whole number from 2 to 128"),
        ({"points": 500}, "points=500: give a power of two"),
        ({"points": 256}, "a transform of 256 points for windows of 480 samples"),
        ({"coefficients": 41}, "coefficients=41: give a whole number from 1 to 40, the bands"),
        ({"scale": "bark"}, "scale='bark': give htk or slaney"),
        ({"upper_hz": 9000.0}, "upper_hz=9000.0: give a number from 0 to 8000 Hz"),
        ({"bands": 128}, "holds no bin of 31.25 Hz: give fewer bands or more points"),
        ({"least": 1e-3}, "give one of them"),
        ({"power": 3}, "power=3: give a whole number from 1 to 2"),
        ({"offset": float("nan")}, "offset=nan: give a number"),
        ({"output": 3}, "output is a int: give a QuantizedOutput or None"),
    ],
)
def test_settings_that_cannot_be_computed(settings, told):
    with pytest.raises(AudioError) as caught:
        LogMel(**settings)
    assert told in str(caught.value) and "\n" not in str(caught.value)
