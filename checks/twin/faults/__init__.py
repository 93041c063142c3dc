"""Deliberate breakages of a twin, each with the promise that must catch it: who checks the checks.

A fault chooses what it breaks from the plan of whatever is deployed, so the same faults measure anybody's promises.
"""
