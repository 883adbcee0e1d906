"""Every table that leaves the house, by its name. A new one is an entry in one of the two lists it is made of."""

from server.exports import from_documents, from_lab
from server.exports.tables import Privacy, Table

TABLES: dict[str, Table] = {table.name: table for table in (*from_documents.TABLES, *from_lab.TABLES)}


def tables_of(privacy: Privacy) -> list[Table]:
    return [table for table in TABLES.values() if table.privacy is privacy]
