"""The rules of the lab's books as pure functions: values in, values out, no database, no clock, no network."""
