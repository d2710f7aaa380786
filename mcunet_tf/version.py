# SPDX-License-Identifier: Apache-2.0
"""The version of this package, as it is known without an installation too."""

__version__ = "1.0.0"
