"""What was agreed with a tenant: hours, credit, discounts, packs, budgets and orders."""
