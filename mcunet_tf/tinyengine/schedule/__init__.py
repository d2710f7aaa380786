# SPDX-License-Identifier: Apache-2.0
"""Operators as producers and consumers of rows: what a band needs, who runs when, what is kept.

The planner, the cost model and the emitted C ask here; the validator does not.
"""
