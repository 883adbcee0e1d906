"""Figures of the whole, each beside its aim: ``python -m tests.bench [name …] [--quick]``. Measures; asserts nothing."""
