"""Measuring: data sets, protocols, baselines and benchmarks, in scratch databases.

`shopreco_evaluate`, `shopreco_bench` and `shopreco_tune` are the commands. Each subcommand is a
subject (`base.Subject`), found by name in a registry: `subjects.SUBJECTS`,
`benchmarks.subjects.BENCHMARKS` and `tunings.TUNINGS`.
"""
