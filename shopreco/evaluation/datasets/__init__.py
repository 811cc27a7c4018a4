"""Data sets: readers of public file formats. No Django models here."""
