"""A panel's file and a lock in, how the locked test runs out; the outcome is not shown."""

from pathlib import Path

from measurement.geotest.monitor_report import MonitorReport


def monitor_file(panel: Path, lock: Path, panel_map: Path | None) -> MonitorReport:
    """Read both and watch. Raises BadInput."""
    from api.services.analyze_geo_test import read_with_spend
    from measurement.geotest.lock_file import read_lock
    from measurement.geotest.monitoring import monitor

    file = read_lock(lock)
    read, _ = read_with_spend(panel, panel_map, file.lock.test.spend)
    return monitor(read, file)
