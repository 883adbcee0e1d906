"""The pages about who pays: tenants, the addresses bills go to, their treatment for VAT, their cost centres."""
