"""A machine that is none of a pool's: it has a token, and shares neither a configuration nor a folder with the pool."""

import os
from collections.abc import Mapping
from pathlib import Path

from tests.live.condor_server.pool import Pool
from tests.live.condor_server.user import identity


class Client:
    """HTCondor's commands there; which pool and which queue is meant, they have to be told."""

    def __init__(self, folder: Path, pool: Pool) -> None:
        self._folder = folder
        self._pool = pool

    @property
    def environment(self) -> Mapping[str, str]:
        """By which they are found."""
        return {
            "CONDOR_CONFIG": str(self._folder / "condor_config"),
            "PATH": f"{self._pool.programs}:{os.environ['PATH']}",
        }

    def prepare(self) -> None:
        """With a token for whatever the pool's own user may do."""
        self._tokens.mkdir(mode=0o700, parents=True)
        self.take_token()
        (self._folder / "condor_config").write_text(
            "".join(f"{name} = {value}\n" for name, value in self._configuration().items())
        )

    def take_token(self, *rights: str) -> None:
        """For these rights only, if any are named, and in place of any other."""
        words = [word for right in rights for word in ("-authz", right)]
        token = self._pool.run("condor_token_create", "-identity", identity(), *words)
        (self._tokens / "pool").write_text(f"{token}\n")
        (self._tokens / "pool").chmod(0o600)

    @property
    def _tokens(self) -> Path:
        return self._folder / "tokens.d"

    def _configuration(self) -> dict[str, object]:
        return {
            "RELEASE_DIR": self._pool.release,
            "LIBEXEC": self._pool.release / "libexec" / "condor",
            "LOCAL_DIR": self._folder,
            "LOCAL_CONFIG_FILE": "",
            "LOCAL_CONFIG_DIR": "",
            "COLLECTOR_HOST": "",
            "NETWORK_INTERFACE": "127.0.0.1",
            "BIND_ALL_INTERFACES": False,
            "ENABLE_IPV6": False,
            "UID_DOMAIN": "elsewhere.test",
            "FILESYSTEM_DOMAIN": "elsewhere.test",
            "SEC_DEFAULT_AUTHENTICATION": "REQUIRED",
            "SEC_DEFAULT_AUTHENTICATION_METHODS": "IDTOKENS",
            "SEC_CLIENT_AUTHENTICATION_METHODS": "IDTOKENS",
            "SEC_TOKEN_DIRECTORY": self._tokens,
            "SEC_PASSWORD_DIRECTORY": self._folder / "none",
        }
