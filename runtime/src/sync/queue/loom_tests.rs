//! Every interleaving of two or three threads around one queue.

use super::*;
use crate::loom::{model, thread};
use crate::sync::testing::{block_on, poll_once};
use std::pin::pin;

#[test]
fn loom_two_producers_and_a_consumer() {
    model(5, || {
        let queue = Queue::bounded(1);
        let producers = [1, 2].map(|item| {
            let queue = queue.clone();
            thread::spawn(move || block_on(queue.put(item)).unwrap())
        });
        let mut got = 0;
        for _ in 0..2 {
            got += block_on(queue.get()).unwrap();
            queue.task_done();
        }
        block_on(queue.join());
        assert_eq!(got, 3);
        for producer in producers {
            producer.join().unwrap();
        }
    });
}

#[test]
fn loom_put_against_two_getters() {
    model(5, || {
        let queue = Queue::unbounded();
        let getters = [0, 1].map(|_| {
            let queue = queue.clone();
            thread::spawn(move || block_on(queue.get()).unwrap())
        });
        block_on(queue.put(1)).unwrap();
        queue.try_put(2).unwrap();
        let got: u32 = getters
            .into_iter()
            .map(|getter| getter.join().unwrap())
            .sum();
        assert_eq!(got, 3);
    });
}

#[test]
fn loom_cancelled_get_passes_its_turn_on() {
    model(5, || {
        let queue = Queue::unbounded();
        let (putter, canceller) = (queue.clone(), queue.clone());
        let mut cancelled = Box::pin(async move { canceller.get().await });
        assert!(poll_once(cancelled.as_mut()).is_pending());
        let a = thread::spawn(move || putter.try_put(1).unwrap());
        let b = thread::spawn(move || drop(cancelled));
        assert_eq!(block_on(queue.get()), Ok(1));
        a.join().unwrap();
        b.join().unwrap();
    });
}

#[test]
fn loom_cancelled_put_passes_its_turn_on() {
    model(5, || {
        let queue = Queue::bounded(1);
        queue.try_put(0).unwrap();
        let (getter, canceller) = (queue.clone(), queue.clone());
        let mut cancelled = Box::pin(async move { canceller.put(1).await });
        assert!(poll_once(cancelled.as_mut()).is_pending());
        let a = thread::spawn(move || assert_eq!(getter.try_get(), Ok(0)));
        let b = thread::spawn(move || drop(cancelled));
        block_on(queue.put(2)).unwrap();
        a.join().unwrap();
        b.join().unwrap();
        assert_eq!(queue.try_get(), Ok(2));
        assert_eq!(queue.try_get(), Err(TryGetError::Empty));
    });
}

#[test]
fn loom_close_against_put_and_get() {
    model(5, || {
        let queue = Queue::bounded(1);
        let (putter, getter) = (queue.clone(), queue.clone());
        let put = thread::spawn(move || block_on(putter.put(1)).is_ok());
        let get = thread::spawn(move || block_on(getter.get()).is_ok());
        queue.close();
        let (put, got) = (put.join().unwrap(), get.join().unwrap());
        // What was accepted was taken, or is still there.
        assert_eq!(usize::from(put), usize::from(got) + queue.len());
    });
}

#[test]
fn loom_task_done_against_join() {
    model(5, || {
        let queue = Queue::unbounded();
        queue.try_put(1).unwrap();
        queue.try_put(2).unwrap();
        let workers = [0, 1].map(|_| {
            let queue = queue.clone();
            thread::spawn(move || {
                queue.try_get().unwrap();
                queue.task_done();
            })
        });
        {
            let mut given_up = pin!(queue.join());
            let _ = poll_once(given_up.as_mut());
        }
        block_on(queue.join());
        assert!(queue.is_empty());
        for worker in workers {
            worker.join().unwrap();
        }
    });
}
