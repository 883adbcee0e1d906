"""The page behind the search field of the rail."""
