"""A page that carries its invoice for programs says so in its metadata, as Factur-X 1.0 wants it.

The page's own compiler attaches the XML (PDF/A-3 allows any file beside the page), but knows nothing of Factur-X: its four
properties are written into the metadata it made, and every offset behind them moves along. The library that could attach it,
too, would take the file apart and write it anew, dated at the moment of its own work and no longer said to be tagged.
"""

import re

_FX = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
_PROPERTIES = {
    "DocumentType": ("INVOICE", "The type of the hybrid document"),
    "DocumentFileName": ("factur-x.xml", "The name of the embedded XML document"),
    "Version": ("1.0", "The version of the standard of the embedded XML document"),
    "ConformanceLevel": ("EN 16931", "The conformance level of the embedded XML document"),
}
_END_OF_SCHEMAS = "</rdf:Bag></pdfaExtension:schemas>"
_END = "</rdf:Description></rdf:RDF>"
_METADATA = re.compile(rb"<</Length (\d+)/Type/Metadata/Subtype/XML>>\nstream\n")
_OFFSETS = re.compile(rb"(?<=\n)(\d{10}) 00000 n\r\n")
_TABLE = re.compile(rb"\nstartxref\n(\d+)\n%%EOF\s*$")


def told_as_factur_x(pdf: bytes) -> bytes:
    """The same file with Factur-X in its metadata. ValueError where it is not built as the compiler builds them."""
    found, table = _METADATA.findall(pdf), _TABLE.search(pdf)
    if len(found) != 1 or table is None:
        raise ValueError("the file is not built as we know it")
    head = _METADATA.search(pdf)
    assert head is not None
    end = head.end() + int(head[1])
    metadata = _with_fx(pdf[head.end() : end].decode()).encode()
    said = f"<</Length {len(metadata)}/Type/Metadata/Subtype/XML>>\nstream\n".encode() + metadata
    longer, xref = head.start() + len(said) - end, int(table[1])
    offsets = _OFFSETS.sub(lambda one: _moved(one[0], int(one[1]), head.start(), longer), pdf[xref : table.start()])
    last = f"\nstartxref\n{xref + longer}\n%%EOF".encode()
    return pdf[: head.start()] + said + pdf[end:xref] + offsets + last


def _moved(line: bytes, offset: int, since: int, longer: int) -> bytes:
    return line if offset < since else f"{offset + longer:010} 00000 n\r\n".encode()


def _with_fx(metadata: str) -> str:
    """The page's own XMP, and what Factur-X adds to it: four properties, and their description as PDF/A wants it."""
    if metadata.count(_END_OF_SCHEMAS) != 1 or metadata.count(_END) != 1:
        raise ValueError("the metadata of the page has another shape than the one we add to")
    described = "".join(
        f'<rdf:li rdf:parseType="Resource"><pdfaProperty:category>external</pdfaProperty:category>'
        f"<pdfaProperty:description>{about}</pdfaProperty:description><pdfaProperty:name>{name}</pdfaProperty:name>"
        f"<pdfaProperty:valueType>Text</pdfaProperty:valueType></rdf:li>"
        for name, (_, about) in _PROPERTIES.items()
    )
    schema = (
        f'<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>Factur-X PDFA Extension Schema</pdfaSchema:schema>'
        f"<pdfaSchema:namespaceURI>{_FX}</pdfaSchema:namespaceURI><pdfaSchema:prefix>fx</pdfaSchema:prefix>"
        f"<pdfaSchema:property><rdf:Seq>{described}</rdf:Seq></pdfaSchema:property></rdf:li>"
    )
    said = "".join(f"<fx:{name}>{value}</fx:{name}>" for name, (value, _) in _PROPERTIES.items())
    own = f'</rdf:Description><rdf:Description rdf:about="" xmlns:fx="{_FX}">{said}</rdf:Description></rdf:RDF>'
    return metadata.replace(_END_OF_SCHEMAS, schema + _END_OF_SCHEMAS).replace(_END, own)
