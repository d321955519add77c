"""What the hub costs: one run, one table. `make bench`; budgets in `bench/table.py`."""
