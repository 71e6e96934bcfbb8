"""Runs a flow once for each way in which lockstep may end; Prefect's own Python runs this.

The arguments: the file of the flow, the program in the place of lockstep, the address that
notifications go to, and for each run the exit codes of that program, the last of which it repeats.
The last line is a JSON object.
"""

import json
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.testing.utilities import prefect_test_harness


def load(file: str) -> ModuleType:
    """The file as a module."""
    spec = spec_from_file_location("train_and_propose", file)
    assert spec and spec.loader
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def main(file: str, program: str, address: str, *cases: str) -> None:
    """Load the file, run the flow for each case, and print what became of it."""
    module = load(file)
    propose = module.propose
    said: dict[str, Any] = {"retries": propose.retries, "waits": propose.retry_delay_seconds}
    said["others"] = [getattr(module, name).retries for name in ("train", "evaluate", "register")]
    propose.retry_delay_seconds = 0
    notifier = CustomWebhookNotificationBlock(
        name="owner", url=address, json_data={"subject": "{{subject}}", "body": "{{body}}"}
    )
    with prefect_test_harness(server_startup_timeout=None):
        notifier.save("model-owner")
        for case in cases:
            Path(f"{program}.codes").write_text(case.replace(",", "\n") + "\n")
            Path(f"{program}.calls").write_text("")
            state = module.train_and_propose(return_state=True)
            calls = len(Path(f"{program}.calls").read_text().splitlines())
            said[case] = {"flow": state.type.value, "calls": calls, "message": state.message}
    print(json.dumps(said))


main(*sys.argv[1:])
