# The course's loop on asyncio or on uvloop: what loop_program.rs runs, in Python.


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


main(lambda on_loop, actions: {"sum": on_loop(run(actions // 2))})
