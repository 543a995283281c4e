"""Where a user outgrows one machine: a million jobs, many changes, many readers, several monitors; and what grows."""
