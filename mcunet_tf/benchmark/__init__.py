# SPDX-License-Identifier: Apache-2.0
"""Builds, runs and counts compiled models on boards, and compares them with the reference."""
