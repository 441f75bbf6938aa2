"""Geo-holdout tests: a panel and what was tried where and when in, what it sold with an honest interval out."""
