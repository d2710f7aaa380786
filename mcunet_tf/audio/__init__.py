# SPDX-License-Identifier: Apache-2.0
"""Sound: front ends in equal forms (numpy, TensorFlow, C), and words that networks hear in it."""

from mcunet_tf.audio.detector import Detector
from mcunet_tf.audio.front_end import FrontEnd
from mcunet_tf.audio.listener import HeardState, Listener
from mcunet_tf.audio.log_mel import LogMel
from mcunet_tf.audio.log_mel_settings import QuantizedOutput
from mcunet_tf.audio.settings import GainControl, Int8Output, NoiseReduction
from mcunet_tf.audio.spotter import Spotter, join
from mcunet_tf.audio.wav import read_wav

__all__ = [
    "Detector",
    "FrontEnd",
    "GainControl",
    "HeardState",
    "Int8Output",
    "Listener",
    "LogMel",
    "NoiseReduction",
    "QuantizedOutput",
    "Spotter",
    "join",
    "read_wav",
]
