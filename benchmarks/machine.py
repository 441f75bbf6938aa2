"""What machine and which versions a table was made with."""

import os
import platform
from importlib.metadata import version

LIBRARIES = ("pymc", "nutpie", "jax", "numpy", "ortools")


def describe_machine() -> str:
    """One line: cores, Python and the libraries that matter for figures."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, {libraries}"
