"""Post-deploy verification: look first, judge afterwards, and say so when nobody could look."""

__version__ = "0.1.0"
