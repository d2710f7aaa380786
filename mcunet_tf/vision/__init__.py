# SPDX-License-Identifier: Apache-2.0
"""What lies around a network that sees: cameras and decoders, in numpy and C."""

from mcunet_tf.vision.beside import with_parts
from mcunet_tf.vision.boxes import BOX, detect
from mcunet_tf.vision.camera import Camera, path_to, read_camera, see
from mcunet_tf.vision.decoder import Decoder, read_decoder
from mcunet_tf.vision.emit_boxes import box_part
from mcunet_tf.vision.emit_camera import camera_part
from mcunet_tf.vision.heads import Head

__all__ = [
    "BOX",
    "Camera",
    "Decoder",
    "Head",
    "box_part",
    "camera_part",
    "detect",
    "path_to",
    "read_camera",
    "read_decoder",
    "see",
    "with_parts",
]
