"""One measurement of reading, in a process of its own: prints seconds and memory as JSON.

    reading_task.py logscan|logscan-loaded|count|pandas PROCESSES PATH…

The clock starts before anything is imported, but for `logscan-loaded`, where pandas was in use before.
"""

import importlib
import json
import resource
import sys
import time


def count(paths: list[str]) -> None:
    import mmap
    from pathlib import Path

    for path in paths:
        for file in (
            sorted(each for each in Path(path).rglob("*") if each.is_file()) if Path(path).is_dir() else [Path(path)]
        ):
            with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                while block := mapped.read(1 << 20):
                    block.count(b'"TunnelDiagnosticLog"')
                    block.count(b'"GatewayDiagnosticLog"')


def pandas(paths: list[str]) -> None:
    import pandas as pd

    frames = [pd.read_json(path, lines=True) for path in paths]
    pd.concat([frame[frame["category"] != "IKEDiagnosticLog"] for frame in frames])


def logscan(paths: list[str], processes: int) -> None:
    from logscan.sources.archive import read_archive

    read_archive(*paths, processes=processes)


def main() -> None:
    task, processes, *paths = sys.argv[1:]
    if task == "logscan-loaded":
        importlib.import_module("logscan.tables")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begin = time.perf_counter()
    if task == "count":
        count(paths)
    elif task == "pandas":
        pandas(paths)
    else:
        logscan(paths, int(processes))
    seconds = time.perf_counter() - begin
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    print(json.dumps({"seconds": seconds, "own_mb": own / 1024, "child_mb": child / 1024}))


if __name__ == "__main__":
    main()
