"""Exports of advertising platforms in, one checked `Snapshot` out."""
