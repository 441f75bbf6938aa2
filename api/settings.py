"""What the HTTP front is told when it starts."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """Settings of the service.

    Attributes:
        models: folder that holds the stored models, one folder each; its name is the model's id.
        host: address to listen on; loopback unless told otherwise.
        port: port to listen on.
        cached_models: how many models, with their curves, are kept in memory.
    """

    models: Path
    host: str = "127.0.0.1"
    port: int = 8000
    cached_models: int = 4

    @property
    def url(self) -> str:
        """Where the service answers."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"
