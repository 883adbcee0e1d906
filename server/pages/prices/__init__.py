"""The pages about what is charged and by whom: prices, the VAT table, and the seller who issues the invoices."""
