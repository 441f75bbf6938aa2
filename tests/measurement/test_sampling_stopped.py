"""A sampling process that dies ends in one message, not in a broken pool."""

import subprocess
import sys
from pathlib import Path

SCRIPT = """
from measurement.fit import fit_model
from measurement.simulate import WorldKind, WorldSpec, simulate

fit_model(simulate(WorldSpec(WorldKind.PLAIN, geos=2, weeks=40, channels=3, seed=1)).panel)
"""


def test_a_script_without_its_guard_is_told_what_to_write(tmp_path: Path) -> None:
    script = tmp_path / "unguarded.py"
    script.write_text(SCRIPT)
    ended = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=300)
    assert ended.returncode == 1
    last = ended.stderr.strip().splitlines()[-1]
    assert last.startswith("measurement.errors.SamplingStopped: ")
    assert 'if __name__ == "__main__":' in last
