"""What leaves the house: the sales journal, tables, a month as one file, what authorities and funders are told."""
