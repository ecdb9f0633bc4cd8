"""What performance is claimed, and how to repeat it: `make bench`, or `python -m bench --quick` for a first look."""
