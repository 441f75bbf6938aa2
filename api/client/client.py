"""Where a service answers and a key in, everything that the key may do in its account out."""

from types import TracebackType
from typing import Self

import httpx

from api.client.bid_runs import BidRuns
from api.client.geo_tests import GeoTests
from api.client.resources import Accounts, Datasets, Jobs, Models, Plans
from api.client.transport import Patience, Transport
from api.client.values import Account, Dataset, Job, Plan, id_of


class Client:
    """A key's view of a service.

    Example:
        with Client("http://127.0.0.1:8000", "rmo_...") as client:
            model = client.models.fit(client.datasets.upload("panel.csv", "weekly"), progress=True)
            plan = client.plans.create(model, budget=1_200_000, weeks=13)

    Args:
        url: where the service answers.
        key: `rmo_...`.
        account: id of the account; found from the key where it is one of an account.
        patience: how often a request is tried, and how long.
        http: another client of HTTP, for proxies, certificates and tests.

    Attributes:
        account: the account's id, None with a key of the installation before `in_account`.

    Raises:
        NotAuthenticated: the key is not good.
        Unreachable: nobody answers there.
    """

    def __init__(
        self,
        url: str,
        key: str,
        account: str | None = None,
        patience: Patience | None = None,
        http: httpx.Client | None = None,
    ) -> None:
        self._bind(Transport(url, key, patience or Patience(), http), account)

    def in_account(self, account: str | Account) -> "Client":
        """The same key in another account: for keys of the installation."""
        other = Client.__new__(Client)
        other._bind(self._transport, id_of(account))
        return other

    def close(self) -> None:
        """Give the connection back."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _bind(self, transport: Transport, account: str | None) -> None:
        self._transport = transport
        self.account = account or transport.json("GET", "/v1/me")["account"]
        place = f"/v1/accounts/{self.account}"
        self.accounts = Accounts(transport, "/v1/accounts", Account.of)
        self.jobs = Jobs(transport, f"{place}/jobs", Job.of)
        self.datasets = Datasets(transport, f"{place}/datasets", Dataset.of)
        self.models = Models(transport, f"{place}/models", self.jobs)
        self.plans = Plans(transport, f"{place}/plans", Plan.of)
        self.geo_tests = GeoTests(transport, f"{place}/geo-tests", self.jobs)
        self.bid_runs = BidRuns(transport, f"{place}/bid-runs", self.jobs, f"{place}/nightly-bids")
