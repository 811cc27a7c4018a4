"""Measuring: data sets, metrics, baselines and benchmarks, in a scratch database of their own.

`shopreco_evaluate` and `shopreco_bench` are the commands that use it.
"""
