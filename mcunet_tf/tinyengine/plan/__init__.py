# SPDX-License-Identifier: Apache-2.0
"""Memory: stages of operators, rows that are kept, and where every byte lies.

`README.md` beside this file draws an example.
"""
