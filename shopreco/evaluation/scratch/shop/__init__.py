"""The shop of a benchmark: as large as wanted, and made up."""
