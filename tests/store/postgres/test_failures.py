import psycopg
import pytest
from psycopg import errors

from ganga.errors import StoreDamaged, StoreUnavailable
from ganga.store.postgres.failures import is_passing, translated


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errors.DiskFull("x"), "its disk is full"),
        (errors.TooManyConnections("x"), "max_connections"),
        (errors.InsufficientPrivilege("x"), "`ganga rights admit ROLE`"),
        (errors.InvalidPassword("x"), "~/.pgpass"),
        (errors.LockNotAvailable("x"), "is locked by another process"),
        (errors.DeadlockDetected("x"), "try again"),
        (errors.CheckViolation("x"), "keeps no text or number as large as this; shorten it"),
        (errors.ProgramLimitExceeded("too many notifications"), "a limit of the server"),
        (errors.ReadOnlySqlTransaction("x"), "standby"),
        (psycopg.OperationalError("gone\n away"), "cannot be reached; try again (gone away)"),
    ],
)
def test_what_may_pass_is_told_with_what_to_do(error: psycopg.Error, words: str) -> None:
    told = translated(error, "here")
    assert isinstance(told, StoreUnavailable)
    assert "here" in str(told)
    assert words in str(told)


@pytest.mark.parametrize("error", [errors.UndefinedTable("x"), errors.DataCorrupted("x"), errors.InternalError_("x")])
def test_what_cannot_be_is_damage(error: psycopg.Error) -> None:
    assert isinstance(translated(error, "here"), StoreDamaged)


@pytest.mark.parametrize(
    ("error", "passing"),
    [
        (errors.DeadlockDetected(), True),
        (errors.SerializationFailure(), True),
        (errors.AdminShutdown(), True),
        (errors.ReadOnlySqlTransaction(), True),
        (errors.UniqueViolation(), False),
        (errors.LockNotAvailable(), False),
        (psycopg.OperationalError("connection refused"), True),
        (psycopg.OperationalError("FATAL:  the database system is starting up"), True),
        (psycopg.OperationalError("FATAL:  terminating connection due to administrator command"), True),
        (psycopg.OperationalError("FATAL:  password authentication failed"), False),
        (psycopg.InterfaceError("the connection is closed"), False),
    ],
)
def test_only_what_passes_by_itself_is_tried_again(error: psycopg.Error, *, passing: bool) -> None:
    assert is_passing(error) is passing
