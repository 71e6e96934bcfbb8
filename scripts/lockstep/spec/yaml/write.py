"""Writes machine-written YAML: equal values give equal bytes, which every reader reads alike."""

import re

import yaml

from lockstep.model.document import Json
from lockstep.spec.yaml.load import UNSEEN

# Every YAML version reads these words as text; all other text is quoted.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
_RESERVED = frozenset(["y", "yes", "n", "no", "on", "off", "true", "false", "null", "nan", "inf"])


def dump_yaml(value: Json, *, by: str) -> bytes:
    """The bytes of a machine file, with a header that names the verbs that write it."""
    # One line for each text, however long: folded lines would change with the words before them.
    # Keys are sorted, as yaml.dump does by default, so that equal values give equal bytes.
    text = yaml.dump(
        value, Dumper=_Dumper, default_flow_style=False, allow_unicode=True, width=10**9
    )
    # PyYAML writes some invisible characters as they are, which no file of ours may hold. They are
    # in quoted text only, where an escape is the same character.
    text = UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return f"# machine-written by {by}; do not edit\n{text}".encode()


class _Dumper(yaml.SafeDumper):
    """Quotes what a YAML reader could read as another type, and repeats values without aliases."""

    def ignore_aliases(self, data: Json) -> bool:
        """Never write ``&anchor``: machine files must be readable where aliases are not allowed."""
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = _PLAIN.fullmatch(text) and text.lower() not in _RESERVED
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Dumper.add_representer(str, _represent_text)
