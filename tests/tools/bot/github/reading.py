"""What the stand-in answers to questions: what of each answer is not the same for everybody."""

import os
from base64 import b64encode
from collections.abc import Callable, Mapping

from tests.tools.bot.github.hub import Comment, Hub, Pull, Refusal, Review
from tests.tools.bot.github.slice import Json

Named = Mapping[str, str]


def _pulls(hub: Hub, _: Named, query: Named) -> Json:
    state, head = query.get("state", "open"), query.get("head")
    owner = hub.repository.partition("/")[0]
    return [
        pull_json(hub, pull)
        for pull in sorted(hub.pulls.values(), key=lambda one: -one.number)
        if state in {"all", pull.state} and head in {None, f"{pull.fork or owner}:{pull.branch}"}
    ]


def pull_json(hub: Hub, pull: Pull) -> Json:
    owner, name = hub.repository.split("/")
    return {
        "number": pull.number,
        "state": pull.state,
        "title": pull.title,
        "body": pull.body,
        "user": {"login": pull.author},
        "merged": pull.merged,
        "head": _side(pull.branch, hub.head(pull), pull.fork or owner, name),
        "base": _side(pull.base, hub.git.target(f"refs/heads/{pull.base}") or "0" * 40, owner, name),
    }


def _side(branch: str, commit: str, owner: str, name: str) -> Json:
    url = f"https://github.com/{owner}/{name}.git"
    repository: Json = {"full_name": f"{owner}/{name}", "name": name, "owner": {"login": owner}, "clone_url": url}
    return {"ref": branch, "sha": commit, "label": f"{owner}:{branch}", "repo": repository, "user": {"login": owner}}


def _pull(hub: Hub, named: Named, _: Named) -> Json:
    return pull_json(hub, hub.find(int(named["pull_number"])))


def _files(hub: Hub, named: Named, _: Named) -> Json:
    return hub.files(hub.find(int(named["pull_number"])))[:3_000]


def _comments(hub: Hub, named: Named, _: Named) -> Json:
    return [comment_json(one) for one in hub.comments.values() if one.pull == int(named["issue_number"])]


def comment_json(comment: Comment) -> Json:
    return {"id": comment.number, "body": comment.body, "user": {"login": comment.author}}


def _reviews(hub: Hub, named: Named, _: Named) -> Json:
    return [review_json(one) for one in hub.reviews.values() if one.pull == int(named["pull_number"])]


def review_json(review: Review) -> Json:
    user: Json = {"login": review.author}
    return {"id": review.number, "body": review.body, "user": user, "state": "COMMENTED", "commit_id": review.commit}


def _review_comments(hub: Hub, named: Named, _: Named) -> Json:
    review = hub.reviews[int(named["review_id"])]
    return [
        {"id": number, "body": comment["body"], "path": comment["path"], "user": {"login": review.author}}
        for number, comment in review.comments.items()
    ]


def _tree(hub: Hub, named: Named, _: Named) -> Json:
    tree = hub.git.run("rev-parse", "--verify", f"{named['tree_sha']}^{{tree}}")
    return tree_json(hub, tree)


def tree_json(hub: Hub, tree: str) -> Json:
    lines = [line for line in hub.git.run("ls-tree", "-z", "-l", tree).split("\0") if line]
    entries: list[Json] = []
    for line in lines:
        fields, path = line.split("\t", 1)
        mode, kind, sha, size = fields.split()
        known: dict[str, Json] = {
            "path": os.fsencode(path).decode(errors="replace"),
            "mode": mode,
            "type": kind,
            "sha": sha,
        }
        entries.append(known if size == "-" else known | {"size": int(size)})
    return {"sha": tree, "tree": entries, "truncated": False}


def _blob(hub: Hub, named: Named, _: Named) -> Json:
    content = hub.git.content(named["file_sha"])
    # GitHub breaks the text into lines.
    text = b64encode(content).decode()
    lines = "".join(f"{text[start : start + 60]}\n" for start in range(0, len(text), 60))
    return {"sha": named["file_sha"], "content": lines, "encoding": "base64", "size": len(content)}


def _commit(hub: Hub, named: Named, _: Named) -> Json:
    return commit_json(hub, named["commit_sha"])


def commit_json(hub: Hub, commit: str) -> Json:
    tree, parents, message = hub.git.run("show", "-s", "--format=%T%x00%P%x00%B", commit).split("\0")
    known: list[Json] = [{"sha": parent} for parent in parents.split()]
    return {"sha": commit, "message": message, "tree": {"sha": tree}, "parents": known}


def _reference(hub: Hub, named: Named, _: Named) -> Json:
    commit = hub.git.target(f"refs/{named['ref']}")
    if commit is None:
        raise Refusal(404, "Not Found")
    return reference_json(named["ref"], commit)


def reference_json(reference: str, commit: str) -> Json:
    return {"ref": f"refs/{reference}", "object": {"type": "commit", "sha": commit}}


READERS: dict[str, Callable[[Hub, Named, Named], Json]] = {
    "/pulls": _pulls,
    "/pulls/{pull_number}": _pull,
    "/pulls/{pull_number}/files": _files,
    "/pulls/{pull_number}/reviews": _reviews,
    "/pulls/{pull_number}/reviews/{review_id}/comments": _review_comments,
    "/issues/{issue_number}/comments": _comments,
    "/git/trees/{tree_sha}": _tree,
    "/git/blobs/{file_sha}": _blob,
    "/git/commits/{commit_sha}": _commit,
    "/git/ref/{ref}": _reference,
}
