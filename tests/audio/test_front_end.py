# SPDX-License-Identifier: Apache-2.0
"""The micro front end equals TF-Lite Micro's, and TensorFlow's own for any settings."""

import ctypes
import ctypes.util
import dataclasses
import math

import numpy as np
import pytest

from mcunet_tf.audio import FrontEnd, GainControl, Int8Output, NoiseReduction, tables
from mcunet_tf.audio.settings import MICRO_FEATURE_SCALE
from mcunet_tf.errors import AudioError
from tests.audio.sounds import KINDS, sound

SECOND = 16000


def libm_log1p(x):
    """This computer's log1pf, which pymicro-features calls."""
    library = ctypes.CDLL(ctypes.util.find_library("m"))
    library.log1pf.restype, library.log1pf.argtypes = ctypes.c_float, [ctypes.c_float]
    values = np.asarray(x, np.float32)
    found = [library.log1pf(float(value)) for value in values.reshape(-1)]
    return np.array(found, np.float32).reshape(values.shape)


def micro_features(samples):
    micro = pytest.importorskip("pymicro_features", reason="the oracle is not installed")
    oracle, rows = micro.MicroFrontend(), []
    for start in range(0, len(samples) - 159, 160):
        features = oracle.process_samples(samples[start : start + 160].tobytes()).features
        if features:
            rows.append([round(value / MICRO_FEATURE_SCALE) for value in features])
    return np.array(rows)


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_equal_pymicro_features(kind, monkeypatch):
    samples = sound(kind, 20 * SECOND)
    expected = micro_features(samples)
    monkeypatch.setattr(tables, "log1p_float32", libm_log1p)
    rows = FrontEnd().features(samples)
    assert rows.dtype == np.uint16
    np.testing.assert_array_equal(rows, expected)
    assert len(np.unique(rows)) > 3


def test_log1p_is_that_of_devices():
    """fdlibm's value and the nearest float32 differ here; devices have the first."""
    x = np.float32(3) / np.float32(700) * np.arange(1, 2500, dtype=np.float32)
    nearest = np.log1p(x.astype(np.float64)).astype(np.float32)
    ours = tables.log1p_float32(x)
    assert 0 < (ours != nearest).sum() < 300
    assert np.abs(ours.astype(np.float64) / np.log1p(x.astype(np.float64)) - 1).max() < 2**-22
    if np.array_equal(libm_log1p(x), nearest):
        pytest.skip("this computer's log1pf rounds to nearest: it is no witness")
    np.testing.assert_array_equal(ours, libm_log1p(x))


@pytest.fixture
def tables_in_double(monkeypatch):
    """TensorFlow's operator computes its tables in float64 where TF-Lite Micro has float32."""

    def mel(hertz):
        ratio = np.asarray(hertz, np.float32).astype(np.float64) / 700.0
        return (1127.0 * np.log1p(ratio)).astype(np.float32)

    def window(size):
        step = float(np.float32(2 * math.pi / size))
        values = (0.5 - 0.5 * np.cos(step * (np.arange(size) + 0.5))).astype(np.float32)
        return np.floor(values * np.float32(4096) + np.float32(0.5)).astype(np.int16)

    monkeypatch.setattr(tables, "_mel", mel)
    monkeypatch.setattr(tables, "hann_window", window)


ALL_OF_THE_SIGNAL = NoiseReduction(8, 1.0, 0.0, 1.0)
SETTINGS = (
    FrontEnd(hop_ms=20, gain_control=None),
    FrontEnd(log_shift=None),
    FrontEnd(window_ms=25, bands=32, gain_control=None, log_shift=11),
    FrontEnd(sample_rate=8000, window_ms=32, hop_ms=32, bands=13, upper_hz=3900.0),
    FrontEnd(sample_rate=11025, window_ms=20, hop_ms=7, bands=64, lower_hz=0.0, upper_hz=5000.0),
    FrontEnd(sample_rate=44100, window_ms=40, hop_ms=10, bands=8, upper_hz=20000.0),
    FrontEnd(sample_rate=16000, window_ms=3, hop_ms=1, bands=4),
    FrontEnd(noise_reduction=ALL_OF_THE_SIGNAL, gain_control=GainControl(0.5, 20.0, 22)),
    FrontEnd(noise_reduction=NoiseReduction(12, 0.3, 0.002, 0.0), bands=1, log_shift=0),
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("front_end", SETTINGS, ids=range(len(SETTINGS)))
def test_any_settings_equal_tensorflow(front_end, kind, tables_in_double):
    tf = pytest.importorskip("tensorflow", reason="its operator is the oracle")
    from tensorflow.lite.experimental.microfrontend.python.ops import audio_microfrontend_op

    front_end = dataclasses.replace(front_end)  # tables are made once for each
    noise, gain = front_end.noise_reduction, front_end.gain_control or GainControl()
    samples = sound(kind, front_end.sample_rate)
    expected = audio_microfrontend_op.audio_microfrontend(
        tf.constant(samples),
        sample_rate=front_end.sample_rate,
        window_size=front_end.window_ms,
        window_step=front_end.hop_ms,
        num_channels=front_end.bands,
        lower_band_limit=front_end.lower_hz,
        upper_band_limit=front_end.upper_hz,
        smoothing_bits=noise.smoothing_bits,
        even_smoothing=noise.even_smoothing,
        odd_smoothing=noise.odd_smoothing,
        min_signal_remaining=noise.min_signal_remaining,
        enable_pcan=front_end.gain_control is not None,
        pcan_strength=gain.strength,
        pcan_offset=gain.offset,
        gain_bits=gain.gain_bits,
        enable_log=front_end.log_shift is not None,
        scale_shift=front_end.log_shift or 0,
    ).numpy()
    np.testing.assert_array_equal(front_end.features(samples), expected)


def test_without_noise_reduction_nothing_is_subtracted():
    kept = FrontEnd(noise_reduction=NoiseReduction(10, 0.0, 0.0, 0.0), gain_control=None).features(
        sound("bursts", SECOND)
    )
    without = FrontEnd(noise_reduction=None, gain_control=None).features(sound("bursts", SECOND))
    np.testing.assert_array_equal(without, kept)


@pytest.mark.parametrize("front_end", [FrontEnd(), SETTINGS[3], FrontEnd(output=Int8Output())])
def test_samples_come_in_any_pieces(front_end, monkeypatch):
    samples = sound("bursts", 3 * SECOND)
    whole = front_end.features(samples)
    rng = np.random.default_rng(1)
    state, rows, start = front_end.begin(), [], 0
    while start < len(samples):
        count = int(rng.choice([0, 1, 7, 159, 160, 161, 4000]))
        found, state = front_end.hear(state, samples[start : start + count])
        rows.append(found)
        start += count
    assert len(whole) > 50
    np.testing.assert_array_equal(np.concatenate(rows), whole)
    monkeypatch.setattr("mcunet_tf.audio.listener._ROWS_AT_ONCE", 7)
    np.testing.assert_array_equal(front_end.features(samples), whole)


def test_int8_rows_are_those_of_micro_speech():
    samples = sound("bursts", SECOND)
    features = FrontEnd().features(samples).astype(int)
    rows = FrontEnd(output=Int8Output()).features(samples)
    assert rows.dtype == np.int8
    np.testing.assert_array_equal(rows, np.clip((features * 256 + 333) // 666 - 128, -128, 127))
    assert len(np.unique(rows)) > 50


def test_an_inputs_scale_becomes_a_fraction():
    output = Int8Output.of_input(0.10196078568696976, -128)
    values = np.arange(2000)
    exact = values * MICRO_FEATURE_SCALE / 0.10196078568696976
    ours = (values * output.multiplier + output.divisor // 2) // output.divisor
    assert np.abs(ours - exact).max() <= 0.5 + 1e-3


def test_too_little_sound_gives_no_row():
    rows = FrontEnd().features(sound("noise", 479))
    assert rows.shape == (0, 40) and rows.dtype == np.uint16
    assert FrontEnd().features(sound("noise", 480)).shape == (1, 40)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"sample_rate": 16000.5}, "sample_rate=16000.5: give a whole number from 1000 to 96000"),
        ({"sample_rate": True}, "sample_rate=True: give a whole number"),
        ({"window_ms": 0}, "window_ms=0: give a whole number from 1 to 1000 milliseconds"),
        ({"window_ms": 200}, "200 is 3200 samples at 16000 Hz: give a window of 33 to 2048"),
        ({"hop_ms": 31}, "hop_ms=31: give a whole number from 1 to 30 milliseconds, the window"),
        ({"bands": 0}, "bands=0: give a whole number from 1 to 128"),
        ({"lower_hz": float("nan")}, "lower_hz=nan: give a number from 0 to 8000 Hz"),
        ({"upper_hz": 9000.0}, "upper_hz=9000.0: give a number from 0 to 8000 Hz"),
        ({"upper_hz": 100.0}, "upper_hz=100 must lie above lower_hz=125"),
        ({"upper_hz": 8000.0}, "do not end below the last of 256 bins of 31.25 Hz"),
        ({"lower_hz": 130.0, "upper_hz": 140.0}, "or hold none of them"),
        ({"noise_reduction": None}, "gain_control divides by the averages of noise_reduction"),
        ({"noise_reduction": 3}, "noise_reduction is a int: give a NoiseReduction or None"),
        ({"output": "int8"}, "output is a str: give a Int8Output or None"),
        ({"log_shift": 12}, "log_shift=12: give a whole number from 0 to 11"),
        ({"window_ms": 3, "hop_ms": 1, "gain_control": GainControl(gain_bits=16)}, None),
        ({"window_ms": 100, "gain_control": GainControl(gain_bits=16)}, "gain_bits=16 leaves no"),
    ],
)
def test_settings_that_cannot_be_computed_are_named(settings, message):
    if message is None:
        FrontEnd(**settings)
        return
    with pytest.raises(AudioError) as caught:
        FrontEnd(**settings)
    assert message in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: NoiseReduction(smoothing_bits=16), "smoothing_bits=16: give a whole number"),
        (lambda: NoiseReduction(odd_smoothing=1.1), "odd_smoothing=1.1: give a number from 0 to 1"),
        (lambda: GainControl(offset=0.0), "offset=0.0: give a number from 1"),
        (lambda: GainControl(strength="1"), "strength='1': give a number"),
        (lambda: Int8Output(divisor=0), "divisor=0: give a whole number from 1"),
        (lambda: Int8Output.of_input(0.0, 0), "scale=0.0: give a number"),
        (lambda: FrontEnd().features(np.zeros(9)), "samples are float64 of shape [9]: give int16"),
        (lambda: FrontEnd().features(np.zeros((2, 9), np.int16)), "shape [2, 9]: give int16"),
    ],
)
def test_bad_values_are_named(make, message):
    with pytest.raises(AudioError) as caught:
        make()
    assert message in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.slow
def test_an_hour_of_sound_equals_pymicro_features(monkeypatch):
    micro = pytest.importorskip("pymicro_features", reason="the oracle is not installed")
    monkeypatch.setattr(tables, "log1p_float32", libm_log1p)
    oracle, front_end, heard = micro.MicroFrontend(), FrontEnd(), 0
    state = front_end.begin()
    for minute in range(60):
        samples = sound(KINDS[minute % len(KINDS)], 60 * SECOND, seed=minute)
        rows, state = front_end.hear(state, samples)
        found = [
            oracle.process_samples(samples[start : start + 160].tobytes()).features
            for start in range(0, len(samples), 160)
        ]
        expected = np.array([features for features in found if features]) / MICRO_FEATURE_SCALE
        np.testing.assert_array_equal(rows, np.rint(expected))
        heard += len(rows)
    assert heard == 360_000 - 2
