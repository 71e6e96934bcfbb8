"""What must hold of a family in several environments, said again and in another way.

It reads nothing of the program but the bytes on the followed branch: the weights in the specs, and
from the records only which action was about which version. From these it keeps its own books.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

from tests.acceptance.three_environments import ENVIRONMENTS, NAME, Three, content_of

FORWARD = ("propose", "advance", "verify", "resume")


@dataclass
class Books:
    """What has happened in one environment, by contents."""

    weights: dict[int, int] = field(default_factory=dict)
    verified: list[int] = field(default_factory=list)
    quarantined: set[int] = field(default_factory=set)
    records: int = 0
    proposed: int | None = None
    running: int | None = None


@dataclass
class Oracle:
    """The books of all environments; ``look`` brings them up to date and judges what is new."""

    three: Three
    books: dict[str, Books] = field(default_factory=lambda: {e: Books() for e in ENVIRONMENTS})

    def look(self) -> None:
        """Read what the followed branch has now. Raises AssertionError where a rule is broken."""
        files = self.three.files()
        before = {name: books.weights for name, books in self.books.items()}
        for name, books in self.books.items():
            books.weights = _weights(files, name)
            assert len(books.weights) <= 2, f"{name}: two rollouts at once, {books.weights}"
            forward = self._read(files, name)
            # A rollback gives weight to what was verified before, and to nothing else.
            gained = [c for c, w in books.weights.items() if w > before[name].get(c, 0)]
            if before[name]:
                for content in gained:
                    self._judge(name, content, forward)

    def judge_promotion(self, environment: str, content: int, *, named: bool) -> None:
        """Judge a new proposal of ``promote``, which may be older only where people named it."""
        self._judge(environment, content, forward=True)
        assert named or not self.is_older(environment, content), f"{environment}: {content} is old"
        books = self.books[environment]
        proposed = {
            content_of(environment, spec["target"]["version"])
            for spec in self.three.proposals(environment, books.records + 1)
        } | ({books.proposed} if books.proposed else set())
        assert proposed == {content}, f"{environment}: {proposed} are proposed at once"

    def is_older(self, environment: str, content: int) -> bool:
        """Whether the predecessor verified this content before all that serves here."""
        order = self.books[_before(environment) or environment].verified
        serving = self.books[environment].weights
        return any(_last(order, each) > _last(order, content) for each in serving)

    def is_barred(self, environment: str, content: int) -> bool:
        """Whether a content is in quarantine here, or earlier and was not verified here."""
        if content in self.books[environment].quarantined:
            return True
        earlier = ENVIRONMENTS[: ENVIRONMENTS.index(environment)]
        bound = content not in self.books[environment].verified
        return bound and any(content in self.books[each].quarantined for each in earlier)

    def _read(self, files: Mapping[str, bytes], name: str) -> bool:
        """Take the new records of an environment into its books; whether one moves forward."""
        books, forward = self.books[name], False
        while data := files.get(f"ledger/{name}/{NAME}/{books.records + 1:06d}.json"):
            books.records += 1
            spec = json.loads(data)["spec"]
            content, action = content_of(name, spec["target"]["version"]), spec["action"]
            forward = forward or action in FORWARD
            books.proposed = content if action == "propose" else None
            if spec["to"]["phase"] == "steady":
                books.running = None
            elif action in ("propose", "advance"):
                books.running = content
            if action in ("verify", "adopt"):
                books.verified.append(content)
            elif action == "release":
                books.quarantined.discard(content)
            elif spec.get("quarantines"):
                books.quarantined.add(content)
        return forward

    def _judge(self, name: str, content: int, forward: bool) -> None:
        if not forward:
            assert content in self.books[name].verified, f"{name}: {content} was never verified"
            return
        assert not self.is_barred(name, content), f"{name}: {content} is in quarantine"
        predecessor = _before(name)
        if predecessor:
            known = self.books[predecessor].verified
            assert content in known, f"{name}: {content} is not verified in {predecessor}"


def _before(environment: str) -> str | None:
    at = ENVIRONMENTS.index(environment)
    return ENVIRONMENTS[at - 1] if at else None


def _last(order: list[int], content: int) -> int:
    return max((at for at, each in enumerate(order) if each == content), default=-1)


def _weights(files: Mapping[str, bytes], environment: str) -> dict[int, int]:
    (path,) = (
        p for p in files
        if p.startswith(f"clusters/{environment}/{NAME}/us-") and p.endswith(".yaml")
    )  # fmt: skip
    variants = yaml.safe_load(files[path])["spec"]["variants"]
    return {content_of(environment, v["version"]): v["weight"] for v in variants if v["weight"]}
