"""ganga-quality: what keeps a code base at PEP 8 without anyone thinking of it.

The command ``ganga-quality`` checks what a change brought in, formats the lines that it wrote, holds old debt so that
it can only fall, and proposes formatting to pull requests. The same engine answers in a terminal, in a hook and in
GitHub Actions.
"""
