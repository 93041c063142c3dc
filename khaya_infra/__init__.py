"""The Khaya deployment: its stacks, its package, its site, and the one deployer for AWS and for the twin."""

__version__ = "0.1.0"
