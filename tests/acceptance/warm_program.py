"""The program without its start-up: a process that has imported it, and forks for each command.

Pages run ``lockstep`` dozens of times, and most of that time is the import of MLflow. What a fork
runs is the program's own ``main``, with the arguments, environment, folder and streams of the
command. Other tests start the program as users do.
"""

import gc
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

_COMMAND = """\
#!{python} -IS
import json, os, socket, sys

server = socket.socket(socket.AF_UNIX)
server.connect({address!r})
request = json.dumps([sys.argv, os.getcwd(), dict(os.environ)]).encode()
socket.send_fds(server, [len(request).to_bytes(4, "big")], [0, 1, 2])
server.sendall(request)
sys.exit(server.recv(1)[0])
"""


@contextmanager
def warm_program(folder: Path) -> Iterator[Path]:
    """A folder with a ``lockstep`` to put on PATH; the process behind it ends with the context."""
    address = folder / "socket"
    command = folder / "bin" / "lockstep"
    command.parent.mkdir()
    command.write_text(_COMMAND.format(python=sys.executable, address=str(address)))
    command.chmod(0o755)
    server = subprocess.Popen(
        [sys.executable, "-m", __name__, address], cwd=Path(__file__).parents[2]
    )
    try:
        while not address.exists():
            assert server.poll() is None, "the warm program did not start"
            time.sleep(0.05)
        yield command.parent
    finally:
        server.kill()
        server.wait()


def serve(address: str) -> None:
    """Answer commands, one after the other, for ever."""
    from lockstep import commands
    from lockstep.cli import main
    from tests.unit.mlflow_store import create_store, forget_default_store

    create_store(Path(address).parent / "store")  # imports what a registry on SQLite needs
    forget_default_store()
    for module in iter_modules(commands.__path__, f"{commands.__name__}."):
        import_module(module.name)
    gc.freeze()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(address + ".new")
    listener.listen()
    os.rename(address + ".new", address)
    while True:
        connection, _ = listener.accept()
        with connection:
            size, streams, _, _ = socket.recv_fds(connection, 4, 3)
            text = connection.makefile("rb").read(int.from_bytes(size, "big"))
            child = os.fork()
            if not child:
                sys.argv, folder, environment = json.loads(text)
                for number, stream in enumerate(streams):
                    os.dup2(stream, number)
                # Those of before may have been made for files, and cannot seek here.
                sys.stdin = os.fdopen(0, closefd=False)
                sys.stdout, sys.stderr = (os.fdopen(n, "w", closefd=False) for n in (1, 2))
                os.chdir(folder)
                os.environ.clear()
                os.environ.update(environment)
                try:
                    main()
                except SystemExit as ended:
                    sys.stdout.flush()
                    os._exit(int(ended.code or 0))
            for stream in streams:
                os.close(stream)
            _, status = os.waitpid(child, 0)
            connection.sendall(bytes([os.waitstatus_to_exitcode(status)]))


if __name__ == "__main__":
    serve(sys.argv[1])
