# SPDX-License-Identifier: Apache-2.0
"""Command-line front ends: flags in, one call into the package, one line per error."""
