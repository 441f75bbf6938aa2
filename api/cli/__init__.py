"""The `rmo` command."""
