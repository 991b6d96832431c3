"""The commands as Python functions, with the same names and defaults."""
