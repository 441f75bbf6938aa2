"""HTTP routes; each keeps its schemas beside its handlers."""
