"""Every table that leaves the house, by its name. A new one is an entry in one of the three lists it is made of."""

from server.exports import from_books, from_documents, from_lab
from server.exports.tables import Privacy, Table

_ALL = (*from_documents.TABLES, *from_books.TABLES, *from_lab.TABLES)
TABLES: dict[str, Table] = {table.name: table for table in _ALL}


def tables_of(privacy: Privacy) -> list[Table]:
    return [table for table in TABLES.values() if table.privacy is privacy]
