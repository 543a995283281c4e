"""JSON schemas as judges of reports."""

from collections.abc import Mapping

from jsonschema import Draft202012Validator  # type: ignore[import-untyped] # its stubs are no part of it


class Schema:
    """A schema that is one itself; formats such as ``uri`` count where the machine can judge them."""

    def __init__(self, schema: Mapping[str, object]) -> None:
        Draft202012Validator.check_schema(schema)
        self._validator = Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER)

    def complaints(self, answer: object) -> list[str]:
        """What is wrong with the answer; nothing if it is valid."""
        return [error.message for error in self._validator.iter_errors(answer)]
