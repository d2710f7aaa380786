# SPDX-License-Identifier: Apache-2.0
"""C and assembler kernels; a package only so that wheels and editable installs carry them."""
