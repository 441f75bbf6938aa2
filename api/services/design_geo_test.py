"""A panel's file and a question in, designs of a geo test out."""

from pathlib import Path

from measurement.geotest.design_question import DesignAnswer, DesignQuestion


def design_file(panel: Path, panel_map: Path | None, question: DesignQuestion) -> DesignAnswer:
    """Read the panel for a geo test and design on it. Raises BadInput."""
    from measurement.geotest.design import design_geo_test
    from measurement.panel_map import read_panel_map
    from measurement.reading import Purpose, read_panel

    given = read_panel_map(panel_map) if panel_map else None
    return design_geo_test(read_panel(panel, panel_map=given, purpose=Purpose.GEO_TEST), question)
