"""Texts that look like secrets, which no report repeats: a comment is sent out by e-mail.

The kinds are those of the rule ``no-secret``, which denies them in specs. What a template writes,
and what was there before, can hold them all the same.
"""

import re
from collections.abc import Mapping, Sequence

from lockstep.model.document import Json

# MLflow's ids and digests are such runs, and every new version changes them.
_PUBLIC = ("sha256:", "models:/m-", "runs:/")
_RUNS = re.compile(rf"(?:{'|'.join(_PUBLIC)})?[0-9A-Za-z+]{{24,}}")
_SEARCHED = 100_000


class SecretKinds:
    """The kinds of secrets: by a fixed part, or by the characters of a long run.

    ``thresholds`` are those of the rule no-secret: ``prefixed`` has a pattern for each kind,
    ``tokens`` several that must all match.
    """

    def __init__(self, thresholds: Mapping[str, Json]) -> None:
        self._prefixed: dict[str, re.Pattern[str]] = {
            k: re.compile(p) for k, p in thresholds["prefixed"].items()
        }
        self._tokens: dict[str, list[re.Pattern[str]]] = {
            k: [re.compile(p) for p in ps] for k, ps in thresholds["tokens"].items()
        }

    def kind_of(self, text: str, *, runs: bool = True) -> str:
        """What a text looks like, such as ``a GitHub token``; empty for any other text.

        Without ``runs`` only by a fixed part: the ids of commits are long runs, too.
        """
        text = text[:_SEARCHED]
        for kind, pattern in self._prefixed.items():
            if pattern.search(text):
                return kind
        found = [run for run in _RUNS.findall(text) if not run.startswith(_PUBLIC)] if runs else []
        for kind, patterns in self._tokens.items():
            if any(_matches(run, patterns) for run in found):
                return kind
        return ""

    def hidden(self, value: Json, *, runs: bool = True) -> Json:
        """The value with each text that looks like a secret replaced by what it looks like."""
        if isinstance(value, str):
            kind = self.kind_of(value, runs=runs)
            return f"(not shown: it looks like {kind})" if kind else value
        if isinstance(value, list):
            return [self.hidden(each, runs=runs) for each in value]
        if isinstance(value, dict):
            return {
                self.hidden(key, runs=runs): self.hidden(each, runs=runs)
                for key, each in value.items()
            }
        return value


def _matches(run: str, patterns: Sequence[re.Pattern[str]]) -> bool:
    return all(pattern.search(run) for pattern in patterns)
