"""Which loop runs, and what it took: what the course's programs in Python share.

python.rs puts this text before that of a program and runs both as
`python3 -c <text> <asyncio|uvloop> <what to do>`, or with `probe` to learn what
there is. One line of JSON is printed. A program's text is the same on both loops;
one line here picks the loop.
"""
import sys

# `-c` puts the current folder first: a stray asyncio.py there is not the library.
sys.path = [folder for folder in sys.path if folder]

import asyncio
import json
import platform
import resource
import time


def new_loop(engine):
    if engine == "uvloop":
        import uvloop

        return uvloop.new_event_loop()
    return asyncio.new_event_loop()


def cpu_seconds():
    """Of this process, and of the children that it has waited for."""
    whose = resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN
    used = [resource.getrusage(who) for who in whose]
    return sum(one.ru_utime + one.ru_stime for one in used)


def peak_bytes():
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def probe():
    found = {"python": platform.python_version(), "uvloop": None}
    try:
        import uvloop

        found["uvloop"] = uvloop.__version__
    except Exception:
        pass
    return found


def measure(engine, program):
    """Creates a loop and runs what `program` calls on it; what was found, for python.rs."""
    cpu0, t0 = cpu_seconds(), time.perf_counter()
    found = program(lambda run: on_loop(engine, run))
    wall, cpu = time.perf_counter() - t0, cpu_seconds() - cpu0
    return {"wall_s": wall, "cpu_s": cpu, "peak_bytes": peak_bytes(), **found}


def on_loop(engine, run):
    loop = new_loop(engine)
    try:
        return loop.run_until_complete(run)
    finally:
        loop.close()


def main(program):
    """Does what was asked for: `program` gets a way to run on a loop, and its plan."""
    if sys.argv[1] == "probe":
        print(json.dumps(probe()))
    else:
        plan = json.loads(sys.argv[2])
        try:
            found = measure(sys.argv[1], lambda on_loop: program(on_loop, plan))
        except Exception as error:
            found = {"error": f"{error}" or type(error).__name__}
        print(json.dumps(found))


