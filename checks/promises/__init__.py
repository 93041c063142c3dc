"""The rooms: one subject each, strangers to one another."""
