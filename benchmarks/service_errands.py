"""In the child: what the benchmarks' jobs do. Imports nothing, so that a child's start is what is measured."""

import time
from collections.abc import Mapping
from typing import Any


def wait(asked: Mapping[str, Any], tell: Any) -> dict[str, Any]:
    """In the child."""
    end = time.monotonic() + asked["seconds"]
    while (left := end - time.monotonic()) > 0:
        tell({"stage": "waiting", "seconds_left": round(left, 1)})
        time.sleep(min(left, 0.5))
    return {"waited": asked["seconds"]}


def night(asked: Mapping[str, Any], tell: Any) -> dict[str, Any]:
    """In the child: an account's night, as far as its cost goes."""
    if asked["light"]:
        return {"run": None}
    import api.services.propose_bids  # noqa: F401  what loading it costs

    end = time.process_time() + asked["seconds"]
    while time.process_time() < end:
        pass
    return {"run": None}
