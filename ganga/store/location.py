"""URLs of stores on a server: which there are, and that they hold no secret."""

from typing import Final
from urllib.parse import parse_qs, urlsplit

from ganga.errors import ConfigurationError
from ganga.model.ids import shortened

#: What libpq takes for its own.
SCHEMES: Final = frozenset({"postgresql", "postgres"})

_SECRETS: Final = frozenset({"password", "sslpassword"})


def check_url(url: str, where: str) -> None:
    """Raise `ConfigurationError`, which begins with `where`, for a URL of another kind of server, or with a password.

    The text does not repeat the URL: others may read it.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise ConfigurationError(f"{where} cannot be read; expected postgresql://HOST/DATABASE") from error
    if parts.scheme not in SCHEMES:
        raise ConfigurationError(
            f"{where}: there is no kind of store for {shortened(parts.scheme)}://...; "
            "expected postgresql://HOST/DATABASE"
        )
    if parts.password is not None or _SECRETS & parse_qs(parts.query).keys():
        raise ConfigurationError(
            f"{where} holds a password, which others could read there; put it into ~/.pgpass, PGPASSWORD, "
            "or a service file"
        )
