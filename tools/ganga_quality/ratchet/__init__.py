"""``ganga-quality ratchet``: old debt, counted and written down, which can only fall."""
