"""The annex: what the marketplace has none of, on a twin of its own, to be broken there."""
