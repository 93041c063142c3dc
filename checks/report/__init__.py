"""Ways to tell what a run saw."""
