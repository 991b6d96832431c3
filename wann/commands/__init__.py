"""The subcommands of ``wann``: each parses, calls its Python twin, prints."""
