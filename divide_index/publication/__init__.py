"""Results as pages, tables and files: the only rooms that know how a number is printed."""
