"""Where a fleet has the files that several packages look for: its settings, rules and records."""

import re

SETTINGS = "lockstep.yaml"
"""The file in a fleet's folder that names the branch that Argo CD follows."""

MAIN = "policies/main.rego"
"""The entry point of the rules; a tree that has one has all of its policies itself."""

APPROVERS = "policies/data/approvers.yaml"
"""Who may approve, by role."""

# Six digits, so that the order of the names is that of the sequence numbers.
RECORD_PATH = re.compile(
    r"ledger/(?P<environment>[^/]+)/(?P<family>[^/]+)/(?P<sequence>[0-9]{6})\.json"
)
"""The path of a decision record."""


def ledger_folder(environment: str, family: str) -> str:
    """The folder of a family's records."""
    return f"ledger/{environment}/{family}"


def record_path(environment: str, family: str, sequence: int) -> str:
    """The path of one of a family's records."""
    return f"{ledger_folder(environment, family)}/{sequence:06d}.json"


NOT_READ_AS_YML = "its name ends with .yml, and Lockstep reads .yaml only"
"""What is wrong with a file that has the other ending of YAML."""


def as_yaml(path: str) -> str:
    """The path of a ``.yml`` file as it has to be for the file to be read; empty for others."""
    return f"{path.removesuffix('.yml')}.yaml" if path.endswith(".yml") else ""
