"""A stand-in for GitHub: its REST API as far as the bot uses it, over a real bare git repository, on 127.0.0.1.

Each request is checked against GitHub's own description of its API (``openapi.json``, cut out by ``slice.py``); one
that is unknown or not valid is answered with 500 and kept in `Hub.problems`, and so is a write to a branch other than
``format/pr-N``. Answers are completed from the same description, so that they have GitHub's fields and types.

In a test, in a thread of its own::

    hub = Hub(git=Git(tmp_path / "hub.git"), repository="acme/repo", token="secret")
    ...                                 # hub.git.commit({...}), hub.git.point(...), hub.faults.append(...)
    hub.add_pull(Pull(12, "topic", "main"))
    with serving(hub) as url:           # url is GITHUB_API_URL
        ...
    assert hub.problems == []

As a program, over a bare repository that exists, until its standard input is closed or it is told to end (SIGTERM)::

    python -m tests.tools.bot.github --git hub.git --repository acme/repo --token secret \
        --pull 12:topic:main --pull 13:topic:main:eve [--deny contents] [--deny pull-requests] \
        [--fault '{"method": "POST", "path": "/pulls$", "status": 502, "times": 1}'] [--port 0]

``--pull NUMBER:BRANCH:BASE[:FORK_OWNER[:AUTHOR]]``: branches of a fork are refs ``refs/forks/FORK_OWNER/BRANCH`` of the
same repository. The first line of the output is the URL for GITHUB_API_URL; ``GET {url}/_stand_in`` tells the state as
JSON (pulls, comments, reviews, branches, requests, problems), ``PATCH {url}/_stand_in/pulls/NUMBER`` with
``{"state": "closed"}`` does what a person does. The exit code is 1 if there were problems, which are then told on the
standard error.
"""

from tests.tools.bot.github.faults import Fault
from tests.tools.bot.github.git import Git
from tests.tools.bot.github.hub import Hub, Pull
from tests.tools.bot.github.server import serving

__all__ = ["Fault", "Git", "Hub", "Pull", "serving"]
