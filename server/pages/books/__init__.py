"""A tenant's books: hours and cost by machine and cost centre, and its invoices. No person and no time of day."""
