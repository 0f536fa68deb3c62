"""The course's loop on asyncio or on uvloop: what loop_program.rs runs, in Python.

Run by python.rs as `python3 -c <this text> <asyncio|uvloop> <actions>`, or with
`probe` to learn what there is. Prints one line of JSON. The loop's text is the
same for both; one line picks the loop.
"""
import sys

# `-c` puts the current folder first: a stray asyncio.py there is not the library.
sys.path = [folder for folder in sys.path if folder]

import asyncio
import json
import platform
import resource
import time


async def generate_data(num, data):
    for idx in range(1, num + 1):
        item = idx * idx
        await data.put((item, time.perf_counter()))
        await asyncio.sleep(0)


async def process_data(num, data):
    total = 0
    for _ in range(num):
        item, _ = await data.get()
        total += item
        await asyncio.sleep(0)
    return total


async def run(lim):
    data = asyncio.Queue()
    task1 = asyncio.ensure_future(generate_data(lim, data))
    task3 = asyncio.ensure_future(generate_data(lim, data))
    task2 = asyncio.ensure_future(process_data(2 * lim, data))
    return (await asyncio.gather(task1, task3, task2))[2]


def new_loop(engine):
    if engine == "uvloop":
        import uvloop

        return uvloop.new_event_loop()
    return asyncio.new_event_loop()


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


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


def measure(engine, actions):
    lim = actions // 2
    cpu0, t0 = cpu_seconds(), time.perf_counter()
    loop = new_loop(engine)
    total = loop.run_until_complete(run(lim))
    wall, cpu = time.perf_counter() - t0, cpu_seconds() - cpu0
    loop.close()
    return {"wall_s": wall, "cpu_s": cpu, "peak_bytes": peak_bytes(), "sum": total}


if sys.argv[1] == "probe":
    print(json.dumps(probe()))
else:
    print(json.dumps(measure(sys.argv[1], int(sys.argv[2]))))
