//! **Does `JoinSet` do all that its pages say?** A test per method.

use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use kolo_tests::caught;

use super::On;
use super::rt;
use rt::sync::oneshot;
use rt::task::{JoinSet, LocalSet, yield_now};

kolo_tests::tests! {
    everywhere: [
        api_join_set_len_and_is_empty,
        api_join_set_join_next_in_order_of_completion,
        api_join_set_join_next_of_an_empty_set,
        api_join_set_join_next_with_id,
        api_join_set_try_join_next,
        api_join_set_try_join_next_with_id,
        api_join_set_poll_join_next,
        api_join_set_shutdown,
        api_join_set_join_all,
        api_join_set_join_all_passes_a_panic_on,
        api_join_set_abort_one,
        api_join_set_detach_all,
        api_join_set_spawn_on,
        api_join_set_spawn_blocking,
        api_join_set_spawn_local,
        api_join_set_spawn_local_on,
        api_join_set_from_iterator,
        api_join_set_outside_of_a_runtime,
        api_join_set_refilled_while_joining,
        api_join_set_many,
    ],
}

fn api_join_set_len_and_is_empty(on: On) {
    on.run(async {
        let mut set = JoinSet::new();
        assert!(set.is_empty());
        assert!(JoinSet::<u8>::default().is_empty());
        for i in 1..=3 {
            set.spawn(async move { i });
            assert_eq!(set.len(), i);
        }
        for left in (0..3).rev() {
            set.join_next().await.unwrap().unwrap();
            assert_eq!(set.len(), left);
        }
        assert!(set.is_empty());
        assert!(format!("{set:?}").starts_with("JoinSet"));
    });
}

fn api_join_set_join_next_in_order_of_completion(on: On) {
    on.run(async {
        let mut set = JoinSet::new();
        let (triggers, waits): (Vec<_>, Vec<_>) =
            (0..5).map(|_| oneshot::channel::<usize>()).unzip();
        for wait in waits {
            set.spawn(async move { wait.await.unwrap() });
        }
        let mut triggers: Vec<_> = triggers.into_iter().map(Some).collect();
        for i in [3, 0, 4, 1, 2] {
            triggers[i].take().unwrap().send(i).unwrap();
            assert_eq!(set.join_next().await.unwrap().unwrap(), i);
        }
    });
}

fn api_join_set_join_next_of_an_empty_set(on: On) {
    on.run(async {
        let mut set = JoinSet::<()>::new();
        assert!(set.join_next().await.is_none());
        assert!(set.try_join_next().is_none());
        assert!(set.join_next_with_id().await.is_none());
    });
}

fn api_join_set_join_next_with_id(on: On) {
    on.run(async {
        let mut set = JoinSet::new();
        let id = set.spawn(async { 1 }).id();
        let (seen, value) = set.join_next_with_id().await.unwrap().unwrap();
        assert_eq!((seen, value), (id, 1));
        let panics = set.spawn(async { panic!() }).id();
        assert_eq!(
            set.join_next_with_id().await.unwrap().unwrap_err().id(),
            panics
        );
    });
}

fn api_join_set_try_join_next(on: On) {
    on.run(async {
        let mut set = JoinSet::new();
        let (tx, rx) = oneshot::channel();
        let handle = set.spawn(rx);
        assert!(set.try_join_next().is_none());
        tx.send(2).unwrap();
        let result = loop {
            match set.try_join_next() {
                Some(result) => break result,
                None => yield_now().await,
            }
        };
        assert_eq!(result.unwrap(), Ok(2));
        assert!(handle.is_finished());
        assert!(set.is_empty());
    });
}

fn api_join_set_try_join_next_with_id(on: On) {
    on.run(async {
        let mut set = JoinSet::new();
        let id = set.spawn(async { 5 }).id();
        let result = loop {
            match set.try_join_next_with_id() {
                Some(result) => break result,
                None => yield_now().await,
            }
        };
        assert_eq!(result.unwrap(), (id, 5));
    });
}

fn api_join_set_poll_join_next(on: On) {
    on.run(async {
        let mut set = JoinSet::new();
        let mut cx = Context::from_waker(Waker::noop());
        assert!(matches!(set.poll_join_next(&mut cx), Poll::Ready(None)));
        let id = set.spawn(async { 5 }).id();
        let polled = std::future::poll_fn(|cx| set.poll_join_next_with_id(cx)).await;
        assert_eq!(polled.unwrap().unwrap(), (id, 5));
    });
}

fn api_join_set_shutdown(on: On) {
    on.run(async {
        let mut set = JoinSet::new();
        let mut ends = Vec::new();
        for _ in 0..5 {
            let (tx, rx) = oneshot::channel::<()>();
            ends.push(rx);
            set.spawn(async move {
                let _tx = tx;
                std::future::pending::<()>().await;
            });
        }
        set.shutdown().await;
        assert!(set.is_empty());
        for mut end in ends {
            assert!(end.try_recv().is_err(), "dropped before shutdown returned");
        }
    });
}

fn api_join_set_join_all(on: On) {
    on.run(async {
        let mut set = JoinSet::new();
        for i in 0..10 {
            set.spawn(async move { i });
        }
        let mut all = set.join_all().await;
        all.sort_unstable();
        assert!(all.into_iter().eq(0..10));
    });
}

fn api_join_set_join_all_passes_a_panic_on(on: On) {
    on.run(async {
        let outer = rt::spawn(async {
            let mut set = JoinSet::new();
            set.spawn(std::future::pending::<()>());
            set.spawn(async { panic!("of one") });
            set.join_all().await
        });
        let payload = outer.await.unwrap_err().into_panic();
        assert_eq!(kolo_tests::panics::text(&*payload), "of one");
    });
}

fn api_join_set_abort_one(on: On) {
    on.run(async {
        let mut set = JoinSet::new();
        set.spawn(async { 1 });
        let abort = set.spawn(std::future::pending());
        abort.abort();
        let (mut ok, mut cancelled) = (0, 0);
        while let Some(result) = set.join_next().await {
            match result {
                Ok(_) => ok += 1,
                Err(e) => cancelled += usize::from(e.is_cancelled()),
            }
        }
        assert_eq!((ok, cancelled), (1, 1));
    });
}

fn api_join_set_detach_all(on: On) {
    on.run(async {
        let mut set = JoinSet::new();
        let (tx, rx) = oneshot::channel();
        set.spawn(async move {
            yield_now().await;
            tx.send(3).unwrap();
        });
        set.detach_all();
        assert!(set.is_empty());
        drop(set);
        assert_eq!(rx.await, Ok(3));
    });
}

fn api_join_set_spawn_on(on: On) {
    let runtime = on.runtime();
    let mut set = JoinSet::new();
    set.spawn_on(async { 1 }, runtime.handle());
    set.spawn_blocking_on(|| 2, runtime.handle());
    let sum = runtime.block_on(async move {
        let mut sum = 0;
        while let Some(n) = set.join_next().await {
            sum += n.unwrap();
        }
        sum
    });
    assert_eq!(sum, 3);
}

fn api_join_set_spawn_blocking(on: On) {
    on.run(async {
        let mut set = JoinSet::new();
        set.spawn_blocking(|| 4);
        assert_eq!(set.join_next().await.unwrap().unwrap(), 4);
    });
}

fn api_join_set_spawn_local(on: On) {
    LocalSet::new().block_on(&on.runtime(), async {
        let mut set = JoinSet::new();
        let value = Rc::new(6);
        set.spawn_local(async move { *value });
        assert_eq!(set.join_next().await.unwrap().unwrap(), 6);
    });
}

fn api_join_set_spawn_local_on(on: On) {
    let local = LocalSet::new();
    let mut set = JoinSet::new();
    let value = Rc::new(6);
    set.spawn_local_on(async move { *value }, &local);
    let joined = local.block_on(&on.runtime(), async move { set.join_next().await });
    assert_eq!(joined.unwrap().unwrap(), 6);
}

fn api_join_set_from_iterator(on: On) {
    on.run(async {
        let set: JoinSet<u32> = (0..5).map(|i| async move { i }).collect();
        assert_eq!(set.join_all().await.into_iter().sum::<u32>(), 10);
    });
}

fn api_join_set_outside_of_a_runtime(_: On) {
    caught(|| JoinSet::new().spawn(async {}))
        .says(&["there is no reactor running"])
        .blames(file!());
}

fn api_join_set_refilled_while_joining(on: On) {
    on.run(async {
        let mut set = JoinSet::new();
        set.spawn(async { 6_u32 });
        let mut joined = 0;
        while let Some(n) = set.join_next().await {
            joined += 1;
            let n = n.unwrap();
            for _ in 0..n.min(2) {
                set.spawn(async move {
                    yield_now().await;
                    n / 2
                });
            }
        }
        // 6 → 3 3 → 1 1 1 1 → one 0 each.
        assert_eq!(joined, 1 + 2 + 4 + 4);
    });
}

fn api_join_set_many(on: On) {
    on.run(async {
        let mut set = JoinSet::new();
        for i in 0..2_000_u64 {
            set.spawn(async move {
                if i % 3 == 0 {
                    yield_now().await;
                }
                i
            });
        }
        let mut sum = 0;
        while let Some(n) = set.join_next().await {
            sum += n.unwrap();
        }
        assert_eq!(sum, 1_999_000);
    });
}
