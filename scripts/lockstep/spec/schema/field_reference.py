"""The reference of all fields, as Markdown, from the schemas alone."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lockstep.model.document import Json, value_at
from lockstep.spec.schema.flatten import find, flatten, target
from lockstep.spec.schema.load import SchemaFiles
from lockstep.spec.schema.suggestions import written
from lockstep.text.phrases import alternatives, bounds, expected_form, listed, type_name
from lockstep.text.sanitise import markdown_cell

_PEOPLE = ("Environment", "ModelFamily", "ModelCluster", "Waivers")
_PARTS_ONLY = ("common.json", "effective-cluster.json")
_RECORDS = "decision.json"  # has a reference of its own: see record_reference
_HEAD = """\
<!-- Written by `lockstep schema docs` from policies/schemas/; do not edit. -->

# Fields of all files

Begin a file with `# yaml-language-server: $schema=<path to the schema>`, and an editor that knows
YAML shows these fields while you type. A field that is not listed is a mistake. *Needed* marks
the fields that are required: in a cluster, or in the defaults of its family.
"""
_ROW = "| {} | {} | {} | {} | {} |"


def reference(files: SchemaFiles) -> str:
    """The text of ``docs/reference/fields.md``: a section for each kind and each part with a file.

    The same for the same schemas, in whatever order they come. ``files`` are those of a tree.
    Raises LockstepError where one refers to no schema, or to itself.
    """
    for name in files:
        flatten(files, name)  # raises for a schema that contains itself
    writer = Writer(files)
    kinds = {value_at(s, ("properties", "kind", "const")): name for name, s in files.items()}
    machine = sorted(k for k, name in kinds.items() if k and k not in _PEOPLE and name != _RECORDS)
    contents: list[str] = []
    sections: list[str] = []
    for group in (_PEOPLE, machine):  # the parts of people's files come before machine files
        contents += [f"- {writer.section(kinds[kind], '')}" for kind in group if kind in kinds]
        sections += writer.sections()
    others = sorted(
        name
        for name in files
        if name not in writer.waiting and name not in (*_PARTS_ONLY, _RECORDS)
    )
    contents += [f"- {writer.section(name, '')}" for name in others]
    sections += writer.sections()
    contents += ["- [Decision](records.md)"] if _RECORDS in files else []
    return "\n".join([_HEAD, *contents, *sections]) + "\n"


@dataclass
class Writer:
    """Writes sections; a schema that one refers to becomes a section too, once."""

    files: SchemaFiles
    folder: str = "policies/schemas/"
    """Where their files are."""
    waiting: dict[str, str] = field(default_factory=dict)
    """Names of the schemas that have a section, with the path of the fields in it."""
    done: int = 0
    notes: list[tuple[str, str]] = field(default_factory=list)
    """What the mappings inside of the section require in addition to fields, by their path."""

    def section(self, name: str, path: str) -> str:
        """Ask for a section; gives the link to it."""
        self.waiting.setdefault(name, path)
        return f"[{_title(self.files, name)}](#{_slug(self.files, name)})"

    def sections(self) -> Iterator[str]:
        """The text of the sections that were asked for and are not written yet."""
        # Not a for loop: a section may ask for further ones while it is written.
        while self.done < len(self.waiting):
            name, path = list(self.waiting.items())[self.done]
            self.done += 1
            yield from self._write(name, path)

    def _write(self, name: str, path: str) -> Iterator[str]:
        schema = find(self.files, name)
        yield f"\n## {_title(self.files, name)}\n"
        file = name.partition("#")[0]
        yield f"{markdown_cell(schema.get('description', ''))} Schema: `{self.folder}{file}`."
        self.notes.clear()
        # A list, because notes are complete only when all rows are made.
        rows = list(self._fields(name, schema, path, self._needed(name)))
        if rows:
            yield "\n| field | what is allowed | needed | meaning | example |"
            yield "|---|---|---|---|---|"
            yield from rows
        yield from (f"\n{rule}" for rule in _rules(schema))
        yield from (f"\nIn `{where}`: {rule}" for where, rule in self.notes)
        for part in schema.get("allOf", []):
            yield from (f"\n{rule}" for rule in _rules(part))
            # Fields that go with others say so in their descriptions.
            if leads_to := value_at(part, ("then", "$ref")):
                source = target(name, leads_to)
                yield f"\nFor `{_choice(part)}` as in {self.section(source, path)}."

    def _fields(self, name: str, schema: Json, path: str, needed: Json) -> Iterator[str]:
        """A row for each field, and below it those of the mappings inside that have no file."""
        required = {*schema.get("required", []), *needed.get("required", [])}
        for key, each in schema.get("properties", {}).items():
            raw = each if isinstance(each, dict) else {}
            here = f"{path}.{key}" if path else key
            inner, of = self._follow(raw, name)
            below = value_at(needed, ("properties", key), {})
            yield from self._row(here, raw, inner, of, "yes" if key in required else "")
            yield from self._inside(here, raw, inner, of, below)

    def _row(self, path: str, raw: Json, inner: Json, of: str, needed: str) -> Iterator[str]:
        meaning = raw.get("description", inner.get("description", ""))
        examples = raw.get("examples", inner.get("examples", []))
        allowed = self._allowed(path, raw, inner, of)
        if "default" in inner:
            meaning += f" By default `{written(inner['default'])}`."
        shown = ", ".join(f"`{written(example)}`" for example in examples)
        yield _ROW.format(f"`{path}`", *map(markdown_cell, (allowed, needed, meaning, shown)))

    def _inside(self, path: str, raw: Json, inner: Json, of: str, needed: Json) -> Iterator[str]:
        if self._link(path, raw, inner, of):
            return
        self.notes += ((path, rule) for rule in _rules(inner))
        yield from self._fields(of, inner, path, needed)
        for keyword, more in _MORE.items():
            each = inner.get(keyword)
            if isinstance(each, dict):
                item, source = self._follow(each, of)
                below = value_at(needed, (keyword,), {})
                yield from self._inside(f"{path}{more}", each, item, source, below)

    def _follow(self, schema: Json, name: str) -> tuple[Json, str]:
        """The schema behind all references, and the name of its file."""
        of = name
        while "$ref" in schema:
            of = target(of, schema["$ref"])
            schema = find(self.files, of)
        return schema, of

    def _link(self, path: str, raw: Json, inner: Json, of: str) -> str:
        """The link to a mapping that has a section of its own, because it has a file or a kind."""
        own = "$ref" in raw and "properties" in inner
        if own and ("#" not in of or of in self.waiting or _is_shared(of)):
            return self.section(of, "spec" if _is_shared(of) else path)
        return ""

    def _allowed(self, path: str, raw: Json, inner: Json, of: str) -> str:
        link = self._link(path, raw, inner, of)
        if link:
            return f"as in {link}"
        if (other := _or_null(inner)) is not None:
            each, source = self._follow(other, of)
            return f"{self._allowed(path, other, each, source)} or null"
        choices = [target(of, each["$ref"]) for each in inner.get("anyOf", []) if "$ref" in each]
        if choices:
            return f"as in {alternatives([self.section(each, path) for each in choices])}"
        if "array" in inner.get("type", []):
            each = inner.get("items", {})
            item, source = self._follow(each, of)
            what = self._allowed(f"{path}[]", each, item, source)
            alike = "; no two alike" if inner.get("uniqueItems") else ""
            return f"a list of {_size(inner, 'Items')}: each {what}{alike}"
        if isinstance(inner.get("additionalProperties"), dict):
            keys, _ = self._follow(inner.get("propertyNames", {}), of)
            each, source = self._follow(inner["additionalProperties"], of)
            what = self._allowed(f"{path}.*", inner["additionalProperties"], each, source)
            return (
                f"a mapping of {_size(inner, 'Properties')}; keys: {_value(keys)}; values: {what}"
            )
        return _value(inner)

    def _needed(self, name: str) -> Json:
        """What a cluster needs once defaults are merged, which its own schema does not require."""
        whole = self.files.get("effective-cluster.json", {})
        if name == whole.get("$ref"):
            return whole
        path = self.waiting[name].replace("[]", ".[]").split(".")
        if path[0] != "spec" or not name.startswith(("cluster/", "model-cluster.json")):
            return {}
        for part in path:
            where = _PARTS.get(part, ("properties", part))
            whole = value_at(whole, where, {})
        return whole


_MORE = {"items": "[]", "additionalProperties": ".*"}
_PARTS = {"[]": ("items",), "*": ("additionalProperties",)}


def _is_shared(name: str) -> bool:
    return name == "model-cluster.json#/$defs/spec"


def _title(files: SchemaFiles, name: str) -> str:
    fallback = "Spec of a cluster" if _is_shared(name) else name
    return str(find(files, name).get("title", fallback))


def _slug(files: SchemaFiles, name: str) -> str:
    """The anchor that forges give a heading."""
    return re.sub(r"[^a-z0-9 -]", "", _title(files, name).lower()).replace(" ", "-")


def _or_null(schema: Json) -> Json | None:
    """The other of two choices of which one is null; None for any other schema."""
    match schema.get("anyOf"):
        case [dict() as other, {"type": "null"}]:
            return other
    return None


def _value(schema: Json) -> str:
    """What one value may be, in words."""
    if "const" in schema:
        return f"`{written(schema['const'])}`"
    if "enum" in schema:
        return alternatives([f"`{written(each)}`" for each in schema["enum"]])
    kinds = schema.get("type", "anything")
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    words = alternatives([type_name(kind) if kind != "null" else "null" for kind in kinds])
    if expected_form(schema) != "allowed here":
        words = expected_form(schema) + (" or null" if "null" in kinds else "")
    if "string" in kinds and "maxLength" in schema:
        low, high = schema.get("minLength", 0), schema["maxLength"]
        return f"{words}, {high if low == high else f'{low} to {high}'} characters"
    return f"{words} {bounds(schema)}".strip()


def _size(schema: Json, what: str) -> str:
    """How many entries there may be; ``what`` is ``Items`` or ``Properties``."""
    low, high = schema.get(f"min{what}", 0), schema.get(f"max{what}")
    return f"{low} to {high} entries" if high else f"{low} or more entries"


def _rules(schema: Mapping[str, Json]) -> Iterator[str]:
    """What a mapping requires in addition to its fields."""
    choices = [part.get("required", []) for part in schema.get("anyOf", [])]
    if choices and all(choices):
        yield f"At least one of {alternatives([' and '.join(map(_code, c)) for c in choices])}."
    for name, others in schema.get("dependentRequired", {}).items():
        yield f"{_code(name)} needs {listed(list(map(_code, others)))}."


def _choice(part: Json) -> str:
    """The fields that an if requires: ``source: mlflow``."""
    fields = value_at(part, ("if", "properties"), {})
    return ", ".join(f"{name}: {value_at(each, ('const',))}" for name, each in fields.items())


def _code(name: str) -> str:
    return f"`{name}`"
