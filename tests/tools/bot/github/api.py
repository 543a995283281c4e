"""The API: for each path of GitHub's description, what is done and what is known of the answer."""

from base64 import b64decode
from collections.abc import Callable, Mapping
from subprocess import CalledProcessError
from typing import Any, TypeVar

from tests.tools.bot.github.diffs import shown_lines
from tests.tools.bot.github.hub import Comment, Hub, Refusal, Review
from tests.tools.bot.github.reading import (
    READERS,
    Named,
    comment_json,
    commit_json,
    pull_json,
    reference_json,
    review_json,
    tree_json,
)
from tests.tools.bot.github.slice import Json

#: A status, and what of the answer is not the same for everybody.
Answer = tuple[int, Json]
#: Bodies and queries were checked against the description before they come here.
Body = dict[str, Any]

Said = TypeVar("Said", Comment, Review)

_REPOSITORY = "/repos/{owner}/{repo}"


def answered(hub: Hub, method: str, template: str, named: Named, query: Named, body: Body) -> Answer:
    """Carry out one request. Raises `Refusal` as GitHub would."""
    path = template.removeprefix(_REPOSITORY)
    try:
        if method == "GET":
            return 200, READERS[path](hub, named, query)
        return _WRITERS[method, path](hub, named, body)
    except CalledProcessError as error:
        raise Refusal(422, f"git: {error.stderr.decode(errors='replace')}") from error


def _open(hub: Hub, _: Named, body: Body) -> Answer:
    return 201, pull_json(hub, hub.open_pull(body["head"], body["base"], body["title"], body.get("body", "")))


def _edit(hub: Hub, named: Named, body: Body) -> Answer:
    pull = hub.find(int(named["pull_number"]))
    if pull.author != hub.login:
        hub.problems.append(f"pull request {pull.number} of {pull.author} was edited")
    if body.get("state") == "closed":
        hub.close(pull.number)
    for name in ("title", "body", "base"):
        setattr(pull, name, body.get(name, getattr(pull, name)))
    return 200, pull_json(hub, pull)


def _add_comment(hub: Hub, named: Named, body: Body) -> Answer:
    hub.find(int(named["issue_number"]))
    _check_length(body["body"])
    number = hub.next_number()
    comment = hub.comments[number] = Comment(number, int(named["issue_number"]), hub.login, body["body"])
    return 201, comment_json(comment)


def _edit_comment(hub: Hub, named: Named, body: Body) -> Answer:
    comment = _own(hub, hub.comments, named["comment_id"])
    _check_length(body["body"])
    comment.body = body["body"]
    return 200, comment_json(comment)


def _delete_comment(hub: Hub, named: Named, _: Body) -> Answer:
    del hub.comments[_own(hub, hub.comments, named["comment_id"]).number]
    return 204, None


def _add_review(hub: Hub, named: Named, body: Body) -> Answer:
    pull = hub.find(int(named["pull_number"]))
    _check_length(body["body"])
    shown = {
        entry["filename"]: shown_lines(str(entry.get("patch", "")))
        for entry in hub.files(pull)
        if isinstance(entry, dict)
    }
    for comment in body["comments"]:
        lines = range(comment.get("start_line", comment["line"]), comment["line"] + 1)
        if not set(lines) <= shown.get(comment["path"], set()) or comment.get("start_line") == comment["line"]:
            raise Refusal(422, "Unprocessable Entity: Pull request review thread line must be part of the diff")
    review = Review(hub.next_number(), pull.number, hub.login, body["body"], body["commit_id"])
    review.comments = {hub.next_number(): comment for comment in body["comments"]}
    hub.reviews[review.number] = review
    return 200, review_json(review)


def _edit_review(hub: Hub, named: Named, body: Body) -> Answer:
    review = _own(hub, hub.reviews, named["review_id"])
    review.body = body["body"]
    return 200, review_json(review)


def _delete_review_comment(hub: Hub, named: Named, _: Body) -> Answer:
    number = int(named["comment_id"])
    for review in hub.reviews.values():
        if number in review.comments:
            del _own(hub, hub.reviews, str(review.number)).comments[number]
            return 204, None
    raise Refusal(404, "Not Found")


def _add_tree(hub: Hub, _: Named, body: Body) -> Answer:
    hub.need("contents")
    entries = {entry["path"]: (entry["mode"], entry["sha"]) for entry in body["tree"]}
    return 201, tree_json(hub, hub.git.tree(entries, body.get("base_tree")))


def _add_blob(hub: Hub, _: Named, body: Body) -> Answer:
    hub.need("contents")
    content = b64decode(body["content"]) if body.get("encoding") == "base64" else body["content"].encode()
    return 201, {"sha": hub.git.blob(content)}


def _add_commit(hub: Hub, _: Named, body: Body) -> Answer:
    hub.need("contents")
    return 201, commit_json(hub, hub.git.commit_tree(body["tree"], body["parents"], body["message"]))


def _add_reference(hub: Hub, _: Named, body: Body) -> Answer:
    hub.need("contents")
    hub.written(body["ref"].removeprefix("refs/heads/"))
    if hub.git.target(body["ref"]) is not None:
        raise Refusal(422, "Reference already exists")
    hub.git.point(body["ref"], body["sha"])
    return 201, reference_json(body["ref"].removeprefix("refs/"), body["sha"])


def _move_reference(hub: Hub, named: Named, body: Body) -> Answer:
    hub.need("contents")
    hub.written(named["ref"].removeprefix("heads/"))
    before = hub.git.target(f"refs/{named['ref']}")
    if before is None:
        raise Refusal(422, "Reference does not exist")
    if not body.get("force") and not hub.git.is_ancestor(before, body["sha"]):
        raise Refusal(422, "Update is not a fast forward")
    hub.git.point(f"refs/{named['ref']}", body["sha"])
    return 200, reference_json(named["ref"], body["sha"])


def _delete_reference(hub: Hub, named: Named, _: Body) -> Answer:
    hub.need("contents")
    branch = named["ref"].removeprefix("heads/")
    hub.written(branch)
    if hub.git.target(f"refs/{named['ref']}") is None:
        raise Refusal(422, "Reference does not exist")
    hub.delete_branch(branch)
    return 204, None


def _own(hub: Hub, known: Mapping[int, Said], number: str) -> Said:
    """A text of the bot's own; to touch another's is a problem."""
    if (found := known.get(int(number))) is None:
        raise Refusal(404, "Not Found")
    if found.author != hub.login:
        hub.problems.append(f"the text {number} of {found.author} was changed")
    return found


def _check_length(body: str) -> None:
    if len(body) > 65_536:
        raise Refusal(422, "Validation Failed: body is too long (maximum is 65536 characters)")


_WRITERS: dict[tuple[str, str], Callable[[Hub, Named, Body], Answer]] = {
    ("POST", "/pulls"): _open,
    ("PATCH", "/pulls/{pull_number}"): _edit,
    ("POST", "/issues/{issue_number}/comments"): _add_comment,
    ("PATCH", "/issues/comments/{comment_id}"): _edit_comment,
    ("DELETE", "/issues/comments/{comment_id}"): _delete_comment,
    ("POST", "/pulls/{pull_number}/reviews"): _add_review,
    ("PUT", "/pulls/{pull_number}/reviews/{review_id}"): _edit_review,
    ("DELETE", "/pulls/comments/{comment_id}"): _delete_review_comment,
    ("POST", "/git/trees"): _add_tree,
    ("POST", "/git/blobs"): _add_blob,
    ("POST", "/git/commits"): _add_commit,
    ("POST", "/git/refs"): _add_reference,
    ("PATCH", "/git/refs/{ref}"): _move_reference,
    ("DELETE", "/git/refs/{ref}"): _delete_reference,
}
