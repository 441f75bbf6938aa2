"""What bids are proposed from, on both databases: the account.toml in force, pulls newest first, to each its own."""

import pytest

from api.paging import PageRequest
from api.refusals import NotFound, WrongStep
from api.store.bid_inputs import (
    account_file,
    add_pull,
    find_pull,
    list_pulls,
    set_account_file,
)
from api.store.engine import Store
from api.store.references import files_of
from api.store.tables import Account

MINE, OTHERS = f"acc_{1:026}", f"acc_{2:026}"


@pytest.fixture
def accounts(store: Store) -> Store:
    with store.writing() as session:
        for account in (MINE, OTHERS):
            session.add(Account(id=account, name=account, currency="USD", time_zone="UTC"))
    return store


def test_the_file_in_force_and_the_newest_pull(accounts: Store) -> None:
    with accounts.writing() as session:
        with pytest.raises(WrongStep, match=r"account\.toml"):
            account_file(session, MINE)
        with pytest.raises(WrongStep, match="reports"):
            find_pull(session, MINE, None)
        set_account_file(session, MINE, "a" * 64)
        set_account_file(session, MINE, "b" * 64)
        pulls = [add_pull(session, MINE, [{"name": "x.csv", "sha256": sha * 64, "bytes": 1}]).id for sha in "cde"]
    with accounts.reading() as session:
        assert account_file(session, MINE).sha256 == "b" * 64
        assert find_pull(session, MINE, None).id == pulls[-1]
        assert find_pull(session, MINE, pulls[0]).files["files"][0]["sha256"] == "c" * 64
        page = list_pulls(session, MINE, PageRequest(2))
        assert [row.id for row in page.items] == pulls[:0:-1]
        assert files_of(session, MINE) == {letter * 64 for letter in "bcde"}


def test_another_accounts_are_not_there(accounts: Store) -> None:
    with accounts.writing() as session:
        set_account_file(session, OTHERS, "a" * 64)
        pull = add_pull(session, OTHERS, []).id
        with pytest.raises(WrongStep):
            account_file(session, MINE)
        with pytest.raises(NotFound):
            find_pull(session, MINE, pull)
        assert files_of(session, MINE) == set()
        session.delete(session.get(Account, OTHERS))
        session.flush()
        session.expire_all()
        with pytest.raises(NotFound):
            find_pull(session, OTHERS, pull)
