"""Settings in, everything that requests and workers share out: tables, files, loaded models, rates."""

from dataclasses import dataclass
from typing import Self

from api.admission import Admission
from api.rates import Rates
from api.refusals import BadSettings
from api.services.planner import Planner
from api.services.stored_models import StoredModels
from api.settings import Settings, is_loopback
from api.store.engine import Store, make_engine
from api.store.files import Files
from api.store.keys import any_good_key
from api.store.schema import upgrade


@dataclass(frozen=True)
class Service:
    """What one process of the service holds open."""

    settings: Settings
    store: Store
    files: Files
    models: StoredModels
    planner: Planner
    rates: Rates
    admission: Admission

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Make what is not there yet, bring the tables up to date, open them. Raises SchemaTooNew."""
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        settings.scratch.mkdir(exist_ok=True, mode=0o700)
        store = Store(make_engine(settings.database))
        try:
            upgrade(store.engine)
        except BaseException:
            store.close()
            raise
        files = Files(settings.files, settings.scratch)
        models = StoredModels(files, settings.scratch, settings.cached_models)
        return cls(settings, store, files, models, Planner(settings, models), Rates(settings), Admission())

    def has_key(self) -> bool:
        """Whether anybody could be let in.

        Raises:
            BadSettings: nobody could, and the service would listen to other machines.
        """
        with self.store.reading() as session:
            if any_good_key(session):
                return True
        if not is_loopback(self.settings.host):
            raise BadSettings(
                f"host {self.settings.host} can be reached from other machines, and nobody has a key yet: make the "
                "first one with rmo admin create-key --installation, then start again"
            )
        return False

    def close(self) -> None:
        """Give everything back."""
        self.planner.close()
        self.store.close()
