"""The shell of another machine, over SSH: one connection to a host, shared by all targets that speak there.

``speech`` is what is said to a machine whose login shell nobody knows, and what is heard; ``connecting`` and ``trust``
make a connection as the user's own SSH settings say; ``link`` shares it and makes it anew, ``sessions`` bounds what is
under way on it, and ``talk`` is one in which a command runs; ``files`` moves files; ``shell`` is the `Shell`, and
``opening`` opens it.
"""
