"""``python -m divide_index``."""

from divide_index.cli import main

main()
