"""Measurements that are run by hand, beside another version of the package."""
