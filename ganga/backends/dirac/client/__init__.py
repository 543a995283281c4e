"""Road 4: DIRAC's own blocking client, in threads of this process or of a helper process in DIRAC's environment.

`calls`, `frames` and `helper` are also imported where ganga is not installed: they need the standard library and DIRAC.
"""
