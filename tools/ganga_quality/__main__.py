"""``python -m ganga_quality`` is the command ``ganga-quality``."""

from ganga_quality.cli import entry_point

if __name__ == "__main__":
    entry_point()
