"""One process of a service account that looks after the targets of every owner who trusts it."""
