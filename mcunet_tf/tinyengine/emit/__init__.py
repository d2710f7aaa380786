# SPDX-License-Identifier: Apache-2.0
"""C text: the project that a planned model becomes."""
