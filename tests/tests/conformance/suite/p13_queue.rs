//! **What does kolo's queue promise, on any runtime?** First in, first out, for
//! items and for who waits; exact ends; `join` when the work is done.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Poll, Waker};

use ::kolo::sync::Queue;
use ::kolo::sync::queue::{TryGetError, TryPutError};
use kolo_tests::{CountWaker, poll_once};

use super::On;
use super::rt;

kolo_tests::tests! {
    everywhere: [
        p13_queue_is_first_in_first_out,
        p13_queue_bounded_waits_when_full,
        p13_queue_close_lets_what_is_left_out,
        p13_queue_close_wakes_everybody,
        p13_queue_try_put_and_try_get,
        p13_queue_join_waits_for_task_done,
        p13_queue_task_done_too_often,
        p13_queue_many_producers_many_consumers,
        p13_queue_threads_and_tasks,
        p13_queue_drops_what_is_left,
        p14_queue_cancelled_get_passes_its_turn_on,
        p14_queue_cancelled_put_passes_its_turn_on,
        p14_queue_get_loses_nothing_in_select,
        p14_queue_cancelled_join,
        p14_queue_keeps_no_waker,
    ],
    current: [
        p13_queue_serves_who_waits_in_order,
        p16_queue_lets_other_tasks_run,
    ],
}

fn p13_queue_is_first_in_first_out(on: On) {
    on.run(async {
        let queue = Queue::unbounded();
        for i in 0..1_000 {
            queue.put(i).await.unwrap();
        }
        assert_eq!(
            (queue.len(), queue.is_full(), queue.is_empty()),
            (1_000, false, false)
        );
        for i in 0..1_000 {
            assert_eq!(queue.get().await, Ok(i));
        }
        assert!(queue.is_empty());
    });
}

fn p13_queue_bounded_waits_when_full(on: On) {
    on.run(async {
        let queue = Queue::bounded(2);
        queue.put(1).await.unwrap();
        queue.put(2).await.unwrap();
        assert!(queue.is_full());
        let producer = rt::spawn({
            let queue = queue.clone();
            async move { queue.put(3).await }
        });
        rt::task::yield_now().await;
        assert!(!producer.is_finished());
        assert_eq!(queue.get().await, Ok(1));
        producer.await.unwrap().unwrap();
        assert_eq!((queue.get().await, queue.get().await), (Ok(2), Ok(3)));
    });
}

fn p13_queue_close_lets_what_is_left_out(on: On) {
    on.run(async {
        let queue = Queue::bounded(4);
        queue.put(1).await.unwrap();
        queue.put(2).await.unwrap();
        queue.close();
        queue.close();
        assert_eq!(queue.put(3).await.unwrap_err().0, 3);
        assert_eq!((queue.get().await, queue.get().await), (Ok(1), Ok(2)));
        assert!(queue.get().await.is_err());
    });
}

fn p13_queue_close_wakes_everybody(on: On) {
    on.run(async {
        let empty = Queue::<u8>::unbounded();
        let full = Queue::bounded(1);
        full.put(0).await.unwrap();
        let getters: Vec<_> = (0..3)
            .map(|_| {
                let queue = empty.clone();
                rt::spawn(async move { queue.get().await })
            })
            .collect();
        let putters: Vec<_> = (1..4)
            .map(|i| {
                let queue = full.clone();
                rt::spawn(async move { queue.put(i).await })
            })
            .collect();
        rt::task::yield_now().await;
        empty.close();
        full.close();
        for getter in getters {
            assert!(getter.await.unwrap().is_err());
        }
        for (i, putter) in (1..).zip(putters) {
            assert_eq!(
                putter.await.unwrap().unwrap_err().0,
                i,
                "the item comes back"
            );
        }
        assert_eq!(full.get().await, Ok(0));
    });
}

fn p13_queue_try_put_and_try_get(_: On) {
    let queue = Queue::bounded(1);
    assert_eq!(queue.try_get(), Err(TryGetError::Empty));
    queue.try_put(1).unwrap();
    assert_eq!(queue.try_put(2), Err(TryPutError::Full(2)));
    queue.close();
    assert_eq!(queue.try_put(3), Err(TryPutError::Closed(3)));
    assert_eq!(queue.try_get(), Ok(1));
    assert_eq!(queue.try_get(), Err(TryGetError::Closed));
}

fn p13_queue_join_waits_for_task_done(on: On) {
    on.run(async {
        let queue = Queue::unbounded();
        queue.join().await; // no work yet
        for i in 0..3 {
            queue.put(i).await.unwrap();
        }
        let joiner = rt::spawn({
            let queue = queue.clone();
            async move { queue.join().await }
        });
        for _ in 0..3 {
            rt::task::yield_now().await;
            assert!(!joiner.is_finished());
            queue.get().await.unwrap();
            rt::task::yield_now().await;
            assert!(!joiner.is_finished(), "taken is not done");
            queue.task_done();
        }
        joiner.await.unwrap();
    });
}

fn p13_queue_task_done_too_often(on: On) {
    on.run(async {
        let queue = Queue::unbounded();
        queue.put(1).await.unwrap();
        queue.task_done();
        kolo_tests::caught(|| queue.task_done()).blames(file!());
        assert_eq!(queue.get().await, Ok(1));
    });
}

fn p13_queue_many_producers_many_consumers(on: On) {
    let mut got = on.run(async {
        let queue = Queue::bounded(3);
        let producers: Vec<_> = (0..4)
            .map(|p| {
                let queue = queue.clone();
                rt::spawn(async move {
                    for i in 0..250 {
                        queue.put(p * 250 + i).await.unwrap();
                    }
                })
            })
            .collect();
        let consumers: Vec<_> = (0..3)
            .map(|_| {
                let queue = queue.clone();
                rt::spawn(async move {
                    let mut got = Vec::new();
                    while let Ok(item) = queue.get().await {
                        got.push(item);
                        queue.task_done();
                    }
                    got
                })
            })
            .collect();
        for producer in producers {
            producer.await.unwrap();
        }
        queue.join().await;
        queue.close();
        let mut all = Vec::new();
        for consumer in consumers {
            all.extend(consumer.await.unwrap());
        }
        all
    });
    got.sort_unstable();
    assert!(got.into_iter().eq(0..1_000));
}

/// Two runtimes and a plain thread share one queue.
fn p13_queue_threads_and_tasks(on: On) {
    let queue = Queue::bounded(2);
    let producers: Vec<_> = (0..2)
        .map(|_| {
            let queue = queue.clone();
            std::thread::spawn(move || {
                on.run(async {
                    for i in 0..500_u64 {
                        queue.put(i).await.unwrap();
                    }
                });
            })
        })
        .collect();
    let sum = on.run(async {
        let mut sum = 0;
        for _ in 0..1_000 {
            sum += queue.get().await.unwrap();
        }
        sum
    });
    producers.into_iter().for_each(|p| p.join().unwrap());
    assert_eq!(sum, 2 * 124_750);
}

fn p13_queue_drops_what_is_left(on: On) {
    let alive = Arc::new(());
    on.run(async {
        let queue = Queue::unbounded();
        for _ in 0..10 {
            queue.put(alive.clone()).await.unwrap();
        }
    });
    assert_eq!(Arc::strong_count(&alive), 1);
}

fn p14_queue_cancelled_get_passes_its_turn_on(on: On) {
    on.run(async {
        let queue = Queue::unbounded();
        let (_, first_waker) = CountWaker::pair();
        let (count, second_waker) = CountWaker::pair();
        let mut first = Box::pin(queue.get());
        let mut second = Box::pin(queue.get());
        assert!(poll_once(first.as_mut(), &first_waker).is_pending());
        assert!(poll_once(second.as_mut(), &second_waker).is_pending());
        queue.put(1).await.unwrap(); // promised to the first
        drop(first);
        assert_eq!(count.wakes(), 1);
        assert_eq!(
            poll_once(second.as_mut(), &second_waker),
            Poll::Ready(Ok(1))
        );
    });
}

fn p14_queue_cancelled_put_passes_its_turn_on(on: On) {
    on.run(async {
        let queue = Queue::bounded(1);
        queue.put(0).await.unwrap();
        let (count, waker) = CountWaker::pair();
        let mut first = Box::pin(queue.put(1));
        let mut second = Box::pin(queue.put(2));
        assert!(poll_once(first.as_mut(), Waker::noop()).is_pending());
        assert!(poll_once(second.as_mut(), &waker).is_pending());
        assert_eq!(queue.get().await, Ok(0));
        drop(first);
        assert_eq!(count.wakes(), 1);
        assert!(matches!(
            poll_once(second.as_mut(), &waker),
            Poll::Ready(Ok(()))
        ));
        assert_eq!(queue.get().await, Ok(2), "the first put nothing");
    });
}

fn p14_queue_get_loses_nothing_in_select(on: On) {
    on.run(async {
        let queue = Queue::bounded(1);
        let producer = rt::spawn({
            let queue = queue.clone();
            async move {
                for i in 0..500 {
                    queue.put(i).await.unwrap();
                    if i % 3 == 0 {
                        rt::task::yield_now().await;
                    }
                }
                queue.close();
            }
        });
        let mut expected = 0;
        loop {
            rt::select! {
                item = queue.get() => match item {
                    Ok(item) => {
                        assert_eq!(item, expected);
                        expected += 1;
                    }
                    Err(_) => break,
                },
                () = rt::task::yield_now() => {}
            }
        }
        assert_eq!(expected, 500);
        producer.await.unwrap();
    });
}

fn p14_queue_cancelled_join(on: On) {
    on.run(async {
        let queue = Queue::unbounded();
        queue.put(1).await.unwrap();
        let (count, waker) = CountWaker::pair();
        {
            let mut join = pin!(queue.join());
            assert!(poll_once(join.as_mut(), &waker).is_pending());
        }
        queue.task_done();
        assert_eq!(count.wakes(), 0);
        queue.join().await;
    });
}

fn p14_queue_keeps_no_waker(on: On) {
    on.run(async {
        let queue = Queue::<u8>::unbounded();
        let (count, waker) = CountWaker::pair();
        let mut get = Box::pin(queue.get());
        assert!(poll_once(get.as_mut(), &waker).is_pending());
        assert_eq!(
            Arc::strong_count(&count),
            3,
            "ours, the waker's, the queue's"
        );
        drop(get);
        assert_eq!(Arc::strong_count(&count), 2);
    });
}

fn p13_queue_serves_who_waits_in_order(on: On) {
    let log = kolo_tests::Transcript::new();
    on.run(async {
        let queue = Queue::unbounded();
        let getters: Vec<_> = (0..4)
            .map(|g| {
                let (queue, log) = (queue.clone(), log.clone());
                rt::spawn(async move {
                    for _ in 0..2 {
                        let item = queue.get().await.unwrap();
                        log.say(format!("getter {g}: {item}"));
                    }
                })
            })
            .collect();
        rt::task::yield_now().await;
        for item in 0..8 {
            queue.put(item).await.unwrap();
            rt::task::yield_now().await;
        }
        for getter in getters {
            getter.await.unwrap();
        }
    });
    let expected: Vec<_> = (0..8).map(|i| format!("getter {}: {i}", i % 4)).collect();
    assert_eq!(log.lines(), expected);
}

/// A consumer whose queue is never empty leaves room for others, by the budget.
fn p16_queue_lets_other_tasks_run(on: On) {
    on.run(async {
        let queue = Queue::unbounded();
        for i in 0..1_000 {
            queue.put(i).await.unwrap();
        }
        let consumer = rt::spawn({
            let queue = queue.clone();
            async move { while queue.get().await.is_ok() {} }
        });
        rt::spawn(async {}).await.unwrap();
        let left = queue.len();
        assert!(left > 0, "the consumer took {} in one poll", 1_000 - left);
        consumer.abort();
    });
}
