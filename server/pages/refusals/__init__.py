"""What payers refuse to pay for, until the lab has answered."""
