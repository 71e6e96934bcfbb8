"""Runs a DAG once for each way in which lockstep may end; Airflow's own Python runs this.

The arguments: the folder of the DAG, the program in the place of lockstep, and for each run the
exit codes of that program, the last of which it repeats. The last line is a JSON object.
"""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from airflow.dag_processing.dagbag import DagBag

START = datetime(2026, 1, 1, tzinfo=UTC)


def main(folder: str, program: str, *cases: str) -> None:
    """Parse the folder, run the DAG for each case, and print what became of its last task."""
    bag = DagBag(dag_folder=folder)
    (dag,) = bag.dags.values()
    task = dag.get_task("propose")
    said: dict[str, Any] = {
        "errors": {name: str(error) for name, error in bag.import_errors.items()},
        "retries": {each.task_id: each.retries for each in dag.tasks},
        "first wait": task.retry_delay.total_seconds(),
        "factor": task.retry_exponential_backoff,
        "longest wait": task.max_retry_delay.total_seconds(),
    }
    task.retry_delay, task.retry_exponential_backoff = timedelta(0), 0
    for number, case in enumerate(cases):
        Path(f"{program}.codes").write_text(case.replace(",", "\n") + "\n")
        Path(f"{program}.calls").write_text("")
        run = dag.test(logical_date=START + timedelta(days=number))
        instance = run.get_task_instance("propose")
        said[case] = {
            "run": str(run.state),
            "task": str(instance.state),
            "tries": instance.try_number,
            "calls": len(Path(f"{program}.calls").read_text().splitlines()),
        }
    print(json.dumps(said))


main(*sys.argv[1:])
