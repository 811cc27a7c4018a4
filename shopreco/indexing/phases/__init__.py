"""The phases of the pipeline, one file each: read → link → plan → encode → write.

Each takes a `Batch` and returns another one; `write` returns the report.
"""
