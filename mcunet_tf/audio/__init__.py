# SPDX-License-Identifier: Apache-2.0
"""Front ends for sound: one description, equal forms in numpy, TensorFlow and C."""

from mcunet_tf.audio.front_end import FrontEnd
from mcunet_tf.audio.listener import HeardState, Listener
from mcunet_tf.audio.log_mel import LogMel
from mcunet_tf.audio.log_mel_settings import QuantizedOutput
from mcunet_tf.audio.settings import GainControl, Int8Output, NoiseReduction
from mcunet_tf.audio.wav import read_wav

__all__ = [
    "FrontEnd",
    "GainControl",
    "HeardState",
    "Int8Output",
    "Listener",
    "LogMel",
    "NoiseReduction",
    "QuantizedOutput",
    "read_wav",
]
