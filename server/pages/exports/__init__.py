"""What leaves the house, on one page: by month, quarter or year; and the accounts that the sales journal is booked on."""
