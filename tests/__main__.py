"""`python -m tests`: the whole suite, in two halves side by side, each with a PostgreSQL of its own.

Options are pytest's.

Two halves and not one process a core: tests of a directory share what is dear to start (the service, three workers, a
browser), and statements are counted in a cluster's log, where those of two runs could not be told apart.
"""

import os
import subprocess
import sys
from pathlib import Path

HALVES = {
    "first": ["tests/parental", "tests/viewing"],
    # Told last: how to get a browser where none is found.
    "second": ["tests/browser", "tests/config", "tests/perfmetrics"],
}


def main() -> int:
    var = Path(os.environ.get("SANDGLASS_VAR") or "var")
    running = {}
    for name, paths in HALVES.items():
        (var / name).mkdir(parents=True, exist_ok=True)
        environment = os.environ | {"SANDGLASS_VAR": str((var / name).resolve())}
        log = (var / f"tests-{name}.log").open("w+b")
        command = [sys.executable, "-m", "pytest", *paths, *sys.argv[1:]]
        running[name] = (subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT), log)
    return max(tell(process, log) for process, log in running.values())


def tell(process: subprocess.Popen[bytes], log) -> int:
    """What a half printed, once it has ended; its exit code."""
    code = process.wait()
    log.seek(0)
    sys.stdout.buffer.write(log.read())
    sys.stdout.flush()
    log.close()
    return abs(code)


if __name__ == "__main__":
    sys.exit(main())
