"""Machine-written YAML: the same bytes for equal values, and one meaning for every reader."""

import re

import yaml

from lockstep.model.document import Json

# Words that every YAML version reads as themselves; all other text is quoted.
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
_RESERVED = frozenset(["y", "yes", "n", "no", "on", "off", "true", "false", "null", "nan", "inf"])


def dump_yaml(value: Json, *, by: str) -> bytes:
    """The bytes of a machine file, with a header that names the verbs that write it."""
    text = yaml.dump(
        value, Dumper=_Dumper, default_flow_style=False, allow_unicode=True, width=10**9
    )
    return f"# machine-written by {by}; do not edit\n{text}".encode()


class _Dumper(yaml.SafeDumper):
    """Quotes what some YAML reader could take for another type, and repeats instead of aliases."""

    def ignore_aliases(self, data: Json) -> bool:
        """Never write ``&anchor``: machine files must be readable where aliases are refused."""
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    plain = _PLAIN.fullmatch(text) and text.lower() not in _RESERVED
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else '"')


_Dumper.add_representer(str, _represent_text)
