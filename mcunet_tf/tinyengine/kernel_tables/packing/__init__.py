# SPDX-License-Identifier: Apache-2.0
"""How constants are laid out for kernels, and the proofs that a kernel may take them."""
