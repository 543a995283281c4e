"""``python -m ganga`` is the command ``ganga``."""

from ganga.cli.main import entry_point

if __name__ == "__main__":
    entry_point()
