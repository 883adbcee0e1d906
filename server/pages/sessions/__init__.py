"""The pages about sessions: find one, see its evidence and its price, decide about it, enter one by hand."""
