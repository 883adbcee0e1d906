"""The XML into the PDF: one file that people read and programs, by Factur-X 1.0. The same bytes every time.

The library that embeds writes the moment of its own work and metadata of its own into the file, and so would take from it that
it is tagged and that it can be made again; both are put back as the page had them.
"""

from datetime import date
from io import BytesIO
from typing import Any

_FX = "urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#"
_PROPERTIES = {
    "DocumentType": ("INVOICE", "The type of the hybrid document"),
    "DocumentFileName": ("factur-x.xml", "The name of the embedded XML document"),
    "Version": ("1.0", "The version of the standard of the embedded XML document"),
    "ConformanceLevel": ("EN 16931", "The conformance level of the embedded XML document"),
}
_END_OF_SCHEMAS = "</rdf:Bag></pdfaExtension:schemas>"
_END = "</rdf:Description></rdf:RDF>"


def embed(pdf: bytes, xml: bytes, day: date) -> bytes:
    """A tagged PDF/A-3 with ``factur-x.xml`` in it, dated at a day of its own."""
    from facturx import generate_from_binary  # brings pypdf along, for whoever renders and no other

    titles = dict.fromkeys(("author", "keywords", "title", "subject"), "")  # the page's own are put back below
    carried = generate_from_binary(
        pdf,
        xml,
        flavor="factur-x",
        level="en16931",
        check_xsd=False,
        check_schematron=False,
        pdf_metadata=titles,
        xmp_compression=False,
    )
    return _as_the_page_had_it(pdf, carried, day)


def _as_the_page_had_it(pdf: bytes, carried: bytes, day: date) -> bytes:
    from pypdf import PdfReader, PdfWriter
    from pypdf.generic import NameObject, TextStringObject

    page, writer = PdfReader(BytesIO(pdf)), PdfWriter(clone_from=BytesIO(carried))
    root: Any = writer.root_object
    root["/AF"][0]["/EF"]["/F"]["/Params"][NameObject("/ModDate")] = TextStringObject(f"D:{day:%Y%m%d}000000Z")
    del root["/PageMode"]  # who opens it reads the page, not a list of files
    own: Any = page.trailer["/Root"]
    writer.xmp_metadata = _with_fx(own["/Metadata"].get_data().decode()).encode()
    writer.metadata, writer.pdf_header = page.metadata, page.pdf_header
    made = BytesIO()
    writer.write(made)
    return made.getvalue()


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
