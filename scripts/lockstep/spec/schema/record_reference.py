"""The reference of decision records: what the ledger is, how to verify it by hand, its fields."""

from lockstep.spec.schema.field_reference import Writer
from lockstep.spec.schema.load import SchemaFiles

SCHEMA = "decision.json"

_INTRODUCTION = """\
<!-- Written by `lockstep schema docs` from policies/schemas/; do not edit. -->

# Decision records

Every decision that moves a family is a file, `ledger/<environment>/<family>/<sequence>.json`:
what was decided, who or what decided it and when, from which position to which, on which
evidence, and the variants of every cluster after it. Lockstep writes the record in the commit
that makes the change. A record is never edited or removed: `lockstep check` refuses a change that
does so, and `lockstep audit --verify` finds one that was merged.

- **Form**: JSON with sorted keys, two spaces for each level, text as UTF-8 without needless
  escapes, and a newline at the end. Only this form is read, so the digest of the bytes is a
  digest of the content.
- **Chain**: `spec.previous` is the SHA-256 of the file before it, and null in the first. A changed
  record breaks the chain unless all later ones are rewritten, and git's history shows that.
- **Id**: `spec.id` is the SHA-256 of what makes the decision this one: environment, family,
  `previous`, action, digest of the target, and the positions before and after it. There is no
  time, evidence or runner in it, so two runners that decide the same make the same id.
- **Broken records**: a record that was changed, removed or forged, or that cannot be read, is not
  relied on. Its family has diverged: `propose`, `advance`, `resume` and `release` refuse with exit
  code 12; `hold` and `revert` go by the newest valid record. The same verbs refuse where a replay
  contradicts a record, or one is from the future; for `hold` and `revert` these count. Restore
  the file from git, or, once you know what happened, run `lockstep adopt FAMILY --reason '...'`.
  Its record names the broken ones in `spec.brokenRecords`, with their digests, and history is
  checked from it on: they are reported again only where they change again.
- **Time**: `spec.decidedAt` is the clock of the machine that decided. Where the option `--now`
  gave the time instead, `spec.timeGiven` says so. A new record is refused where its time is more
  than five minutes ahead, or before that of the record that it follows.
- **Evidence** holds the question, the answer of the gate's source, and the verdict. `lockstep
  audit --replay` computes every verdict and every move again from the records alone. Evidence
  that cannot be read stops every move forward, and no rollback.
- **Live since**: where gates have `source: argocd`, `spec.plan.liveGates` names them by cluster,
  and their answers (`live`) say since when Argo CD had synced the step. `spec.liveSince` is the
  latest of the wave. A replay computes it, the bake and all that counts from it again. A decision
  of a person asks nothing, and has none. See [When a step is live](rollout.md#when-a-step-is-live).
- **Verified state**: a record of `adopt` or `verify` holds the git object ids of the specs, locks
  and rendered folders after it. That is the state that a later rollback returns to. The file of
  the environment is not part of it: families share that.
- **Claims**: what a record says of versions, variants and objects is checked once, where a change
  adds it, on the result of the merge. See
  [Security](../explanation/security.md#records) for this, and for what a pull request may bring.
- **Later versions** may add fields anywhere but in the mappings by name (`variants`, `files`,
  `folders`). A program keeps fields that it does not know, the digest covers them, and no
  rollback fails over one.
- **Earlier versions**: what one of them wrote, each later version reads and replays to the same
  verdicts. Tests hold ledgers with records of each kind for that, which nobody edits.
- **Signatures** are not there yet. One will be such a field, `signature`, next to `spec`. It will
  sign the file as it is without that field, in the same form. The digest that the next record
  holds covers it. Two decisions that differ in it alone are the same decision.

## Verify by hand

`lockstep audit --verify --replay` does all of this and more. Without Lockstep, `sha256sum`, `jq`
and git are enough; run these commands in the root of the repository. This prints nothing where
the chain of a family is complete and every id is right, apart from what an adoption has settled:

<!-- run by: tests/acceptance/test_record_schema.py -->
```sh
previous=null
for record in ledger/prod/fraud-detection/*.json; do
  test "$(jq -r .spec.previous "$record")" = "$previous" || echo "$record: the chain is broken"
  previous="sha256:$(sha256sum "$record" | cut -d ' ' -f 1)"
  id="sha256:$(jq -cjS '{
    environment: .metadata.environment, family: .metadata.family, previous: .spec.previous,
    action: .spec.action, target: .spec.target.digest,
    from: (.spec.from | {phase, wave, step} | with_entries(select(.value != null))),
    to: (.spec.to | {phase, wave, step} | with_entries(select(.value != null)))
  }' "$record" | sha256sum | cut -d ' ' -f 1)"
  test "$(jq -r .spec.id "$record")" = "$id" || echo "$record: the id is not that of its content"
done
```

This prints a line for each commit that changed or removed a record, and nothing where there is
none:

<!-- run by: tests/acceptance/test_record_schema.py -->
```sh
git log --oneline --diff-filter=MDRT -- ledger
```

This compares the verified state that the first record names with the commit that brought the
record, and prints nothing where all objects are the same:

<!-- run by: tests/acceptance/test_record_schema.py -->
```sh
record=ledger/prod/fraud-detection/000001.json
commit=$(git log -1 --format=%H --diff-filter=A -- "$record")
jq -r '.spec.verifiedState | .files + .folders | to_entries[] | "\\(.value) \\(.key)"' "$record" |
  while read -r object path; do
    test "$(git rev-parse "$commit:$path")" = "$object" || echo "$path differs"
  done
```
"""


def record_reference(files: SchemaFiles) -> str:
    """The text of ``docs/reference/records.md``. ``files`` are the schemas of a tree.

    Raises LockstepError where the schema of records is missing or refers to nothing.
    """
    writer = Writer(files)
    writer.section(SCHEMA, "")
    return "\n".join([_INTRODUCTION.rstrip("\n"), *writer.sections()]) + "\n"
