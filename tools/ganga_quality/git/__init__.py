"""What git knows of a repository: its states, what lies between two of them, and how it is asked."""
