# SPDX-License-Identifier: Apache-2.0
"""What a model can be built with, to be measured on the same board by the same runner."""
