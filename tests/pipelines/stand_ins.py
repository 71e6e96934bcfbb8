"""Programs in the places of the trainer and of lockstep, which answer and end as a test says."""

from pathlib import Path

BRANCH = "lockstep/prod/fraud-detection/7-0123456789ab"
SAID = "what lockstep says of it"

_TRAINER = """#!/bin/sh
echo '{"run": "r", "model_id": "m-7", "regions": {}, "version": "7"}'
"""
# Beside it are: what it was asked last, a line for each call, and the exit code of each call.
_LOCKSTEP = f"""#!/bin/sh
printf '%s\\n' "$@" > "$0.asked"
echo called >> "$0.calls"
code=$(sed -n "$(wc -l < "$0.calls")p" "$0.codes")
echo '{{"items": [{{"branch": "{BRANCH}"}}]}}'
echo '{SAID}' >&2
exit "${{code:-$(tail -n 1 "$0.codes")}}"
"""


def stand_in_trainer(folder: Path) -> Path:
    """In the place of the Python that runs train.py: it has trained and registered version 7."""
    return _program(folder / "python", _TRAINER)


def stand_in_lockstep(folder: Path) -> Path:
    """In the place of lockstep: it ends as the file with ``.codes`` behind its name says."""
    return _program(folder / "lockstep", _LOCKSTEP)


def _program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path
