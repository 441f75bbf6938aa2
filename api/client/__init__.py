"""The service from Python: `from api.client import Client`, then `Client(url, key).plans.create(...)`."""

from api.client.client import Client
from api.client.errors import (
    Conflict,
    Forbidden,
    Invalid,
    JobCancelled,
    JobFailed,
    NotAuthenticated,
    NotFound,
    Problem,
    ServerFault,
    ServiceError,
    StillRunning,
    TooLarge,
    TooMany,
    Unreachable,
)
from api.client.values import Account, BidRun, Dataset, GeoTest, Job, Model, Plan

__all__ = [
    "Account",
    "BidRun",
    "Client",
    "Conflict",
    "Dataset",
    "Forbidden",
    "GeoTest",
    "Invalid",
    "Job",
    "JobCancelled",
    "JobFailed",
    "Model",
    "NotAuthenticated",
    "NotFound",
    "Plan",
    "Problem",
    "ServerFault",
    "ServiceError",
    "StillRunning",
    "TooLarge",
    "TooMany",
    "Unreachable",
]
