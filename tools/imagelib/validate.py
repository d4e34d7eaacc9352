"""Holds bills of materials against SPDX: python -m imagelib.validate FILE... Wants spdx-tools (.deps/deploy)."""

from __future__ import annotations

import sys

from spdx_tools.spdx.parser.error import SPDXParsingError
from spdx_tools.spdx.parser.parse_anything import parse_file
from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document


def problems(path: str) -> list[str]:
    try:
        document = parse_file(path)
    except SPDXParsingError as error:
        return [f"{path}: {message}" for message in error.get_messages()]
    return [f"{path}: {found.validation_message}" for found in validate_full_spdx_document(document)]


if __name__ == "__main__":
    wrong = [line for path in sys.argv[1:] for line in problems(path)]
    print("\n".join(wrong))
    sys.exit(1 if wrong else 0)
