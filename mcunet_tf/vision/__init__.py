# SPDX-License-Identifier: Apache-2.0
"""What lies around a network that sees: cameras and decoders, in numpy and C."""

from mcunet_tf.vision.beside import with_parts
from mcunet_tf.vision.boxes import BOX, detect
from mcunet_tf.vision.camera import Camera, path_to, read_camera, see
from mcunet_tf.vision.cascade_stage import CascadeStage
from mcunet_tf.vision.cascades import Cascade, Watched, cascade
from mcunet_tf.vision.decoder import Decoder, read_decoder
from mcunet_tf.vision.duty_cycle import Energy, Sensor, energy, list_sensors, load_sensor
from mcunet_tf.vision.duty_plot import CURVE, energy_svg
from mcunet_tf.vision.emit_boxes import box_part
from mcunet_tf.vision.emit_camera import camera_part
from mcunet_tf.vision.heads import Head
from mcunet_tf.vision.judging import Judged, judge

__all__ = [
    "BOX",
    "CURVE",
    "Camera",
    "Cascade",
    "CascadeStage",
    "Decoder",
    "Energy",
    "Head",
    "Judged",
    "Sensor",
    "Watched",
    "box_part",
    "camera_part",
    "cascade",
    "detect",
    "energy",
    "energy_svg",
    "judge",
    "list_sensors",
    "load_sensor",
    "path_to",
    "read_camera",
    "read_decoder",
    "see",
    "with_parts",
]
