"""Files of events: each format reads lines into events, as senders write them."""

from shopreco.behaviour.files.base import EventFileError, FileEvent, Reader
from shopreco.behaviour.files.csv import read_csv
from shopreco.behaviour.files.ga4 import read_json_lines
from shopreco.behaviour.files.inter import read_inter

READERS: dict[str, Reader] = {
    "csv": read_csv,
    "jsonl": read_json_lines,
    "inter": read_inter,
}
"""What reads a file, by the end of its name."""

__all__ = ["READERS", "EventFileError", "FileEvent", "Reader"]
