"""Runs over time: what is kept of each, when silence is an alarm, who is told, and whether a release may go on."""
