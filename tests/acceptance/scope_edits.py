"""Edits of a fleet, of every kind that people make: each gives the files that change."""

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime

from lockstep.model.decision import Action, Phase, Position, Target, VerifiedState
from lockstep.model.document import value_at
from lockstep.model.fleet import Family
from lockstep.model.git_ids import git_blob_id, git_tree_id
from lockstep.model.record import write_record
from lockstep.render.names import cluster_folder
from lockstep.render.restored import files_in
from lockstep.rollout.claims import own_files
from lockstep.rollout.next_decision import DecisionContext, next_decision
from lockstep.rollout.position import current_variants
from lockstep.spec.assemble import assemble

Files = dict[str, bytes]
Edited = dict[str, bytes | None]
Edit = Callable[[Files, random.Random], Edited]

TIMES = (datetime(2026, 6, 1, 7, tzinfo=UTC), datetime(2999, 1, 1, tzinfo=UTC))
"""Of records: before the time of the check, and from the future."""

_CLUSTER = re.compile(r"clusters/[^/]+/[^/]+/(?!family|quarantine)[^/]+\.yaml")
_FAMILY = re.compile(r"clusters/[^/]+/[^/]+/family\.yaml")


def _one(files: Files, pattern: str, chance: random.Random) -> str:
    return chance.choice(sorted(path for path in files if re.fullmatch(pattern, path)))


def _cluster(files: Files, chance: random.Random) -> str:
    return _one(files, _CLUSTER.pattern, chance)


def _replaced(files: Files, path: str, old: str, new: str) -> Edited:
    return {path: re.sub(old, new, files[path].decode(), count=1).encode()}


def reweighs(files: Files, chance: random.Random) -> Edited:
    return _replaced(files, _cluster(files, chance), r"weight: \d+", "weight: 49")


def scales(files: Files, chance: random.Random) -> Edited:
    replicas = chance.randint(1, 9)
    return _replaced(files, _cluster(files, chance), "  variants:",
                     f"  serving: {{replicas: {replicas}}}\n  variants:")  # fmt: skip


def takes_a_host(files: Files, chance: random.Random) -> Edited:
    """The host of a cluster becomes that of another one."""
    hosts = [m[1] for d in files.values() if (m := re.search(rb"\n  host: (\S+)", d))]
    host = chance.choice(sorted(hosts)).decode()
    return _replaced(files, _cluster(files, chance), r"\n  host: \S+", f"\n  host: {host}")


def takes_an_identity(files: Files, chance: random.Random) -> Edited:
    found = [m[0] for d in files.values() if (m := re.search(rb"\n *identity: .*", d))]
    if not found:
        return {}
    identity = chance.choice(sorted(found)).decode()
    return _replaced(files, _cluster(files, chance), r"\n *identity: .*", identity)


def comments(files: Files, chance: random.Random) -> Edited:
    path = _one(files, r"clusters/.*\.yaml", chance)
    return {path: files[path] + b"# a comment\n"}


def breaks_a_file(files: Files, chance: random.Random) -> Edited:
    path = _one(files, r"clusters/.*\.yaml", chance)
    return {path: files[path] + b"  - [\n"}


def misspells(files: Files, chance: random.Random) -> Edited:
    return _replaced(files, _cluster(files, chance), "  region:", "  regoin:")


def removes_a_cluster(files: Files, chance: random.Random) -> Edited:
    return {_cluster(files, chance): None}


def removes_a_family(files: Files, chance: random.Random) -> Edited:
    folder = _one(files, _FAMILY.pattern, chance).removesuffix("family.yaml")
    return {path: None for path in files if path.startswith(folder)}


def removes_a_head(files: Files, chance: random.Random) -> Edited:
    return {_one(files, _FAMILY.pattern, chance): None}


def renames_a_family(files: Files, chance: random.Random) -> Edited:
    folder = _one(files, _FAMILY.pattern, chance).removesuffix("/family.yaml")
    name = folder.rsplit("/", 1)[1]
    edited: Edited = {}
    for path, data in files.items():
        if path.startswith(f"{folder}/"):
            edited[path] = None
            there = path.replace(f"/{name}/", f"/{name}-x/", 1)
            edited[there] = data.replace(name.encode(), f"{name}-x".encode())
    return edited


def copies_a_family(files: Files, chance: random.Random) -> Edited:
    """Under another name, with the same hosts and the same model."""
    folder = _one(files, _FAMILY.pattern, chance).removesuffix("/family.yaml")
    name = folder.rsplit("/", 1)[1]
    own = {path: data for path, data in files.items() if path.startswith(f"{folder}/")}
    return {
        path.replace(f"/{name}/", f"/{name}-y/", 1): data.replace(
            f"name: {name}".encode(), f"name: {name}-y".encode()
        )
        for path, data in own.items()
    }


def quarantines(files: Files, chance: random.Random) -> Edited:
    """A version of one family, which binds others of the same model."""
    lock = _one(files, r"clusters/[^/]+/[^/]+/locks/[^/]+\.yaml", chance)
    _, environment, family, _, version = lock.removesuffix(".yaml").split("/")
    text = files[lock].decode()
    digest = re.search(r"digest: (\S+)", text)
    head = files[f"clusters/{environment}/{family}/family.yaml"].decode() if (
        f"clusters/{environment}/{family}/family.yaml" in files) else ""  # fmt: skip
    model = re.search(r"model:.*?name: (\S+?)[,}\n]", head, re.DOTALL)
    document = f"""\
apiVersion: lockstep.dev/v1alpha1
kind: Quarantine
metadata: {{environment: {environment}, family: {family}}}
spec:
  versions:
    - registry: mlflow
      model: {model[1] if model else "lost"}
      version: "{version}"
      digest: {digest[1] if digest else "none"}
      since: "2026-05-01T08:00:00Z"
      decision: {environment}/{family}/1
      reason: it failed
"""
    return {f"clusters/{environment}/{family}/quarantine.yaml": document.encode()}


def freezes(files: Files, chance: random.Random) -> Edited:
    path = _one(files, r"clusters/[^/]+/environment\.yaml", chance)
    freeze = """\
  freezes:
    - {name: audit, reason: books, from: "2026-05-31T08:00:00Z", until: "2026-06-02T08:00:00Z"}
"""
    return {} if b"freezes:" in files[path] else {path: files[path] + freeze.encode()}


def drops_a_region(files: Files, chance: random.Random) -> Edited:
    path = _one(files, r"clusters/[^/]+/environment\.yaml", chance)
    return _replaced(files, path, r"name: eu-west-1", "name: eu-west-9")


def removes_an_environment(files: Files, chance: random.Random) -> Edited:
    heads = [path for path in files if re.fullmatch(r"clusters/[^/]+/environment\.yaml", path)]
    return {chance.choice(sorted(heads)): None} if len(heads) > 1 else {}


def freezes_a_family(files: Files, chance: random.Random) -> Edited:
    """By its name, which no family may have once it is removed."""
    head = _one(files, _FAMILY.pattern, chance)
    path = f"{head.rsplit('/', 2)[0]}/environment.yaml"
    freeze = f"""\
  freezes:
    - name: audit
      reason: books
      from: "2026-05-31T08:00:00Z"
      until: "2026-06-02T08:00:00Z"
      families: [{head.split("/")[2]}]
"""
    free = path in files and b"freezes:" not in files[path]
    return {path: files[path] + freeze.encode()} if free else {}


def tampers_with_manifests(files: Files, chance: random.Random) -> Edited:
    path = _one(files, r"rendered/.*\.yaml", chance)
    return {path: files[path] + b"# by hand\n"}


def removes_a_manifest(files: Files, chance: random.Random) -> Edited:
    return {_one(files, r"rendered/.*", chance): None}


def adds_manifests_of_none(files: Files, chance: random.Random) -> Edited:
    path = _one(files, r"rendered/[^/]+/clusters/[^/]+/service\.yaml", chance)
    return {re.sub(r"/clusters/[^/]+/", "/clusters/gone/", path): files[path]}


def tampers_with_a_family_folder(files: Files, chance: random.Random) -> Edited:
    path = _one(files, r"rendered/[^/]+/families/.*\.yaml", chance)
    return {path: chance.choice((None, files[path] + b"# by hand\n"))}


def adds_a_folder_of_no_family(files: Files, chance: random.Random) -> Edited:
    path = _one(files, r"rendered/[^/]+/families/[^/]+/application\.yaml", chance)
    return {re.sub(r"/families/[^/]+/", "/families/gone/", path): files[path]}


def moves_the_observability(files: Files, chance: random.Random) -> Edited:
    """What watches all regions moves to another cluster, or nothing watches them any more."""
    path = _one(files, r"clusters/[^/]+/environment\.yaml", chance)
    line = chance.choice(("", "    destination: another-place\n"))
    return _replaced(files, path, r"    destination: \S+-observability\n", line)


def puts_a_file_in_the_wrong_place(files: Files, chance: random.Random) -> Edited:
    del files
    return {chance.choice(("clusters/prod/lost.yaml", "clusters/x.yaml", "ledger/prod/a.json",
                           "clusters/qa/new/family.yaml")): b"a: 1\n"}  # fmt: skip


def adds_a_record(files: Files, chance: random.Random) -> Edited:
    folder = _one(files, _FAMILY.pattern, chance).removesuffix("/family.yaml")
    return {f"{folder.replace('clusters/', 'ledger/', 1)}/000001.json": b"{}\n"}


def adopts(files: Files, chance: random.Random) -> Edited:
    """A record by hand of an adoption: of the state that there is or of another, now or later."""
    families = [each for each in assemble(files)[0].families() if each.clusters]
    try:
        family = chance.choice(families)
        variants = current_variants(family)
        version = variants[family.clusters[0].name][0]["version"]
        digest = value_at(family.locks[version].value, ("spec", "identity", "digest"))
        context = DecisionContext(chance.choice(TIMES), "A runner", None)
        decision = next_decision(
            family, Action.ADOPT, Position(Phase.STEADY), Target(version, digest), variants, "x",
            context, verified_state=_state(files, family, chance),
        )  # fmt: skip
        return {decision.path: write_record(decision)}
    except (LookupError, TypeError, ValueError, AttributeError):  # an edit has broken the specs
        return {}


def _state(files: Files, family: Family, chance: random.Random) -> VerifiedState:
    folders = [cluster_folder(each.environment, each.name) for each in family.clusters]
    trees = {path: git_tree_id(files_in(files, path)) for path in folders}
    if chance.random() < 0.5:
        trees[folders[0]] = trees[folders[-1]]
    return VerifiedState(None, {p: git_blob_id(files[p]) for p in own_files(family)}, trees)


def changes_a_template(files: Files, chance: random.Random) -> Edited:
    path = _one(files, r"templates/.*\.j2", chance)
    return {path: files[path] + b"# changed\n"}


def changes_a_threshold(files: Files, chance: random.Random) -> Edited:
    path = "policies/rules/min-replicas/thresholds.yaml"
    return _replaced(files, path, r": \d+", f": {chance.randint(1, 9)}")


def breaks_a_threshold(files: Files, chance: random.Random) -> Edited:
    del chance
    path = "policies/rules/min-replicas/thresholds.yaml"
    if b": two" in files[path]:
        return _replaced(files, path, ": two", ": 2")
    return _replaced(files, path, r": \d+", ": two")


def waives(files: Files, chance: random.Random) -> Edited:
    _, environment, family, _ = _cluster(files, chance).split("/")
    text = f"""\
apiVersion: lockstep.dev/v1alpha1
kind: Waivers
metadata: {{name: few}}
spec:
  waivers:
    - rule: min-replicas
      scope: {{environment: {environment}, family: {family}}}
      owner: risk-ml@example.com
      reason: no room
      ticket: CAP-7
      expires: "2026-06-30"
"""
    return {"policies/data/waivers/few.yaml": text.encode()}


EDITS: tuple[Edit, ...] = (
    reweighs, scales, takes_a_host, takes_an_identity, comments, breaks_a_file, misspells,
    removes_a_cluster, removes_a_family, removes_a_head, renames_a_family, copies_a_family,
    quarantines, freezes, freezes_a_family, drops_a_region, removes_an_environment,
    tampers_with_manifests, removes_a_manifest,
    tampers_with_a_family_folder, adds_a_folder_of_no_family, moves_the_observability,
    adds_manifests_of_none, puts_a_file_in_the_wrong_place, adds_a_record, adopts,
    changes_a_template,
    changes_a_threshold, breaks_a_threshold, waives,
)  # fmt: skip
