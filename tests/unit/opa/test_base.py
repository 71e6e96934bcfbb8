"""What is shared by sessions with an OPA."""

import subprocess
import sys


def test_a_client_is_imported_without_the_asynchronous_one() -> None:
    code = """\
import sys
from lockstep.opa.base import new_client
client = new_client("127.0.0.1", 1, "token", timeout=1)
print(type(client).__module__, "aiohttp" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["opa_client.opa", "False"]
