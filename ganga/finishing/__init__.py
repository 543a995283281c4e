"""What follows the end of a job: its output comes home, checkers judge, mergers join, notifiers tell."""
