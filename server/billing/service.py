"""Billing as the rest of the program calls it: close a month, issue it, render, restore, and set what things cost."""

from server.billing.adopting import adopt_documents
from server.billing.documents import render_document
from server.billing.errors import BillingError, DamagedDocumentError
from server.billing.issuing import issue_month
from server.billing.months import CloseReport, Drafts, DraftSummary, OpenSession, build_drafts, close_month
from server.billing.prices import add_tariff, change_tariff, end_tariff, rates_for
from server.billing.sellers import add_seller, problems_of
from server.billing.vat_table import accept_proposals, add_vat_cell, end_vat_cell

__all__ = [
    "BillingError",
    "CloseReport",
    "DamagedDocumentError",
    "DraftSummary",
    "Drafts",
    "OpenSession",
    "accept_proposals",
    "add_seller",
    "add_tariff",
    "add_vat_cell",
    "adopt_documents",
    "build_drafts",
    "change_tariff",
    "close_month",
    "end_tariff",
    "end_vat_cell",
    "issue_month",
    "problems_of",
    "rates_for",
    "render_document",
]
