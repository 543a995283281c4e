"""Start a realm, log its user in, and serve until interrupted: ``python -m tests.live.kerberos_server``."""

from tests.live.kerberos_server.realm import Realm, describe, running
from tests.live.serving import serve


def _logged_in(realm: Realm) -> str:
    realm.log_in()
    return describe(realm)


serve(running(), _logged_in)
