# SPDX-License-Identifier: Apache-2.0
"""What lies around a network that sees: decoders of detectors, in numpy and C."""

from mcunet_tf.vision.beside import with_parts
from mcunet_tf.vision.boxes import BOX, detect
from mcunet_tf.vision.decoder import Decoder, read_decoder
from mcunet_tf.vision.emit_boxes import box_part
from mcunet_tf.vision.heads import Head

__all__ = ["BOX", "Decoder", "Head", "box_part", "detect", "read_decoder", "with_parts"]
