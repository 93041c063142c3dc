"""Ways in: each brings a target, a world and a plan together, and decides nothing."""
