# SPDX-License-Identifier: Apache-2.0
"""The parts of make_golden.py, one module for each kind of golden file."""
