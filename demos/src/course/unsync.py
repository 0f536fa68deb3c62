# Work of every kind at once on asyncio or on uvloop: what unsync.rs runs, in Python,
# with no library but its own. What computes is in processes, which unsync chooses for it
# too: threads of one Python compute one at a time.

from concurrent.futures import ThreadPoolExecutor
import http.client
import math
import multiprocessing
import os
import threading

said = []


def say(voice, line):
    said.append((voice, line))


def part(kind, t0, thread, well):
    return {"kind": kind, "seconds": time.perf_counter() - t0, "thread": thread, "well": well}


# What computes: in a process of its own, which hands its part back through a pipe. It ends
# with the process that it works for, however that one ends: another pipe then does.

ends, held = os.pipe()


def end_with_parent():
    os.read(ends, 1)
    os._exit(1)


def compute_some(roots, reply):
    t0 = time.perf_counter()
    os.close(held)
    threading.Thread(target=end_with_parent, daemon=True).start()
    for _ in range(roots):
        math.sqrt(25**25 + 0.01)
    reply.send(part("computing", t0, multiprocessing.current_process().name, True))


def start_to_compute(roots):
    replies, reply = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=compute_some, args=(roots, reply))
    process.start()
    reply.close()  # the child alone has it now: if it ends without a word, that is heard
    say("yellow", "Computing...")
    return process, replies


def computed(process, replies):
    try:
        return replies.recv()
    except EOFError:
        raise RuntimeError(f"{process.name}, PID {process.pid}, ended before it was done") from None
    finally:
        process.join()


# What downloads: by a client that awaits, and by one that blocks.


def page_of(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    return body.decode() if head.split()[1] == b"200" else ""


def downloaded(which, page):
    say("cyan", f"Downloaded{which} {len(page):,} characters.")
    return "</html>" in page


async def download_some(host, port, path):
    t0 = time.perf_counter()
    say("yellow", "Downloading...")
    reader, writer = await asyncio.open_connection(host, port)
    request = f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"
    writer.write(request.encode())
    page = page_of(await reader.read())
    writer.close()
    return part("downloading", t0, threading.current_thread().name, downloaded("", page))


def download_some_more(host, port, path):
    t0 = time.perf_counter()
    say("yellow", "Downloading more ...")
    client = http.client.HTTPConnection(host, port)
    client.request("GET", path)
    page = client.getresponse().read().decode()
    client.close()
    return part("downloading-more", t0, threading.current_thread().name, downloaded(" (more)", page))


# What waits.


async def wait_some(sleeps, sleep_s):
    t0 = time.perf_counter()
    say("yellow", "Waiting...")
    for _ in range(sleeps):
        await asyncio.sleep(sleep_s)
    well = time.perf_counter() - t0 >= sleeps * sleep_s
    return part("waiting", t0, threading.current_thread().name, well)


async def run(plan, computing, threads):
    loop = asyncio.get_running_loop()
    site = plan["host"], plan["port"], plan["path"]
    tasks = [loop.run_in_executor(threads, computed, *one) for one in computing]
    tasks += [asyncio.ensure_future(download_some(*site)) for _ in range(2)]
    tasks += [loop.run_in_executor(threads, download_some_more, *site) for _ in range(2)]
    tasks += [asyncio.ensure_future(wait_some(plan["sleeps"], plan["sleep_s"])) for _ in range(4)]
    parts = await asyncio.gather(*tasks, return_exceptions=True)
    for part in parts:
        if isinstance(part, Exception):
            raise part
    return parts


def unsync(on_loop, plan):
    # Before there are threads: a process that forks has the one that forked, and no other.
    computing = [start_to_compute(plan["roots"]) for _ in range(3)]
    with ThreadPoolExecutor(thread_name_prefix="Thread") as threads:
        parts = on_loop(run(plan, computing, threads))
    return {"parts": parts, "lines": said}


main(unsync)
