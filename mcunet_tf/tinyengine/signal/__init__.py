# SPDX-License-Identifier: Apache-2.0
"""Arithmetic of sound in integers, as `kernels/audio/` has it: spectra and features of bands.

Front ends of `mcunet_tf.audio` and the Signal operators of models are made of it.
"""
