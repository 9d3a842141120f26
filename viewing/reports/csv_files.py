"""CSV files: UTF-8, one header row, lines ended by CRLF (RFC 4180), streamed, and nothing in them runs.

Numbers and times are written as in the JSON, None as nothing.
"""

import csv
import re
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from io import StringIO
from typing import Any, Final

from django.core.serializers.json import DjangoJSONEncoder
from django.http import StreamingHttpResponse

# With it a spreadsheet reads the file as UTF-8; without, as the language's old code page.
BOM: Final = "\ufeff"
# What makes a spreadsheet take a cell for a formula; in some languages the wide forms do too.
FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")
# Where a spreadsheet may begin a cell of its own inside ours: it is set to split at `;` or tab, or ignores our quotes
# at the end of a line. Quotes that it finds there it takes off.
_FORMULA_INSIDE: Final = re.compile(r'([;\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029]"*)(?=[=+\-@＝＋－＠])')


def response(
    name: str, columns: Sequence[str], parts: AsyncIterator[str], *, for_spreadsheet: bool
) -> StreamingHttpResponse:
    """A download of that name: the header, then `parts`, which come from `lines`.

    `for_spreadsheet`: a person opens it, so it begins with a byte order mark. Programs parse the bytes as they are.
    """

    async def text() -> AsyncIterator[str]:
        yield (BOM if for_spreadsheet else "") + ",".join(columns) + "\r\n"
        async for part in parts:
            yield part

    return StreamingHttpResponse(
        text(),
        content_type="text/csv; charset=utf-8; header=present",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def lines(rows: Iterable[Sequence[object]]) -> str:
    """The rows as lines of the file."""
    text = StringIO()
    csv.writer(text).writerows(map(_cell, row) for row in rows)
    return text.getvalue()


@lru_cache(maxsize=1024)  # titles repeat
def guarded(text: str) -> str:
    """The text with an apostrophe before whatever a spreadsheet would run as a formula."""
    text = _FORMULA_INSIDE.sub(r"\1'", text)
    return f"'{text}" if text.startswith(FORMULA) else text


def _cell(value: object) -> object:
    write = _AS_TEXT.get(type(value))
    return write(value) if write else value


# By type, at a third of the cost of asking isinstance for each cell of 5,000 lines.
_AS_TEXT: Final[dict[type, Callable[[Any], str]]] = {
    bool: lambda value: "true" if value else "false",
    datetime: DjangoJSONEncoder().default,
    str: guarded,
}
