"""The formatting bot: what it wants is planned by pure code, and carried out by a thin client of GitHub's API."""
