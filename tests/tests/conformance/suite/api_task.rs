//! **How do task handles look and talk?** Ids, errors, formats, yielding.

use std::future::poll_fn;
use std::panic::panic_any;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kolo_tests::{on_drop, poll_once};

use super::On;
use super::rt;
use rt::sync::oneshot;
use rt::task::{JoinHandle, id, yield_now};

kolo_tests::tests! {
    everywhere: [
        api_join_error_texts_of_a_panic,
        api_join_error_into_io_error,
        api_ids_are_unique_and_stable,
        api_id_in_poll_and_drop,
        api_id_in_spawn_blocking,
        api_is_finished,
        api_handles_are_send_sync_unpin,
        api_join_handle_polled_by_several_wakers,
        api_result_of_any_size,
        api_zero_sized_and_over_aligned_futures,
        api_large_futures,
        api_yield_now_is_pending_once,
        api_task_locals_of_the_thread_are_not_touched,
        api_spawn_blocking_result,
        api_spawn_from_blocking,
    ],
}

fn api_join_error_texts_of_a_panic(on: On) {
    on.run(async {
        let task: JoinHandle<()> = rt::spawn(async { panic!("words") });
        let id = task.id();
        let error = task.await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("task {id} panicked with message \"words\"")
        );
        assert_eq!(
            format!("{error:?}"),
            format!("JoinError::Panic({id:?}, \"words\", ...)")
        );

        let task: JoinHandle<()> = rt::spawn(async { panic!("number {}", 3) });
        let id = task.id();
        let error = task.await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("task {id} panicked with message \"number 3\"")
        );

        let task: JoinHandle<()> = rt::spawn(async { panic_any(3) });
        let id = task.id();
        let error = task.await.unwrap_err();
        assert_eq!(error.to_string(), format!("task {id} panicked"));
        assert_eq!(
            format!("{error:?}"),
            format!("JoinError::Panic({id:?}, ...)")
        );
        assert_eq!(error.id(), id);
    });
}

fn api_join_error_into_io_error(on: On) {
    on.run(async {
        let task: JoinHandle<()> = rt::spawn(async { panic!() });
        let error: std::io::Error = task.await.unwrap_err().into();
        assert_eq!(error.to_string(), "task panicked");
        let task = rt::spawn(std::future::pending::<()>());
        task.abort();
        let error: std::io::Error = task.await.unwrap_err().into();
        assert_eq!(error.to_string(), "task was cancelled");
    });
}

fn api_ids_are_unique_and_stable(on: On) {
    on.run(async {
        let mut ids = std::collections::HashSet::new();
        for _ in 0..100 {
            let task = rt::spawn(async { id() });
            assert_eq!(task.id(), task.abort_handle().id());
            assert!(ids.insert(task.id()));
            let seen = task.id();
            assert_eq!(task.await.unwrap(), seen);
        }
        assert_eq!(ids.len(), 100);
    });
}

fn api_id_in_poll_and_drop(on: On) {
    on.run(async {
        let (tx, rx) = oneshot::channel();
        let task = rt::spawn(async move {
            let before = id();
            yield_now().await;
            assert_eq!(id(), before);
            let _guard = on_drop(move || tx.send(id()).unwrap());
            before
        });
        let seen = task.id();
        assert_eq!(task.await.unwrap(), seen);
        assert_eq!(rx.await.unwrap(), seen);
        assert!(rt::task::try_id().is_none());
    });
}

fn api_id_in_spawn_blocking(on: On) {
    on.run(async {
        let work = rt::task::spawn_blocking(id);
        let seen = work.id();
        assert_eq!(work.await.unwrap(), seen);
    });
}

fn api_is_finished(on: On) {
    on.run(async {
        let (tx, rx) = oneshot::channel::<()>();
        let task = rt::spawn(rx);
        yield_now().await;
        assert!(!task.is_finished());
        tx.send(()).unwrap();
        while !task.is_finished() {
            yield_now().await;
        }
        task.await.unwrap().unwrap();
    });
}

fn api_handles_are_send_sync_unpin(_: On) {
    fn all<T: Send + Sync + Unpin + 'static>() {}
    all::<JoinHandle<u8>>();
    all::<rt::task::AbortHandle>();
    all::<rt::task::JoinError>();
    all::<rt::task::Id>();
    all::<rt::runtime::Handle>();
    all::<rt::runtime::Runtime>();
    fn safe<T: std::panic::UnwindSafe + std::panic::RefUnwindSafe>() {}
    safe::<JoinHandle<u8>>();
    safe::<rt::task::AbortHandle>();
    safe::<rt::runtime::Handle>();
}

fn api_join_handle_polled_by_several_wakers(on: On) {
    on.run(async {
        let (tx, rx) = oneshot::channel();
        let mut task = Box::pin(rt::spawn(rx));
        let (first, first_waker) = kolo_tests::CountWaker::pair();
        let (second, second_waker) = kolo_tests::CountWaker::pair();
        assert!(poll_once(task.as_mut(), &first_waker).is_pending());
        assert!(poll_once(task.as_mut(), &second_waker).is_pending());
        assert!(poll_once(task.as_mut(), &second_waker).is_pending());
        tx.send(4).unwrap();
        while !task.is_finished() || second.wakes() == 0 {
            yield_now().await;
        }
        assert_eq!((first.wakes(), second.wakes()), (0, 1));
        assert_eq!(task.await.unwrap(), Ok(4));
        drop((first_waker, second_waker));
        assert_eq!(
            (Arc::strong_count(&first), Arc::strong_count(&second)),
            (1, 1)
        );
    });
}

fn api_result_of_any_size(on: On) {
    on.run(async {
        let big = rt::spawn(async { [7_u8; 20_000] });
        let boxed = rt::spawn(async { Box::new([1_u64; 10]) });
        rt::spawn(async {}).await.unwrap();
        assert_eq!(big.await.unwrap()[19_999], 7);
        assert_eq!(boxed.await.unwrap().len(), 10);
    });
}

fn api_zero_sized_and_over_aligned_futures(on: On) {
    #[repr(align(256))]
    struct Aligned(u8);

    on.run(async {
        rt::spawn(std::future::ready(())).await.unwrap();
        let value = Aligned(9);
        let task = rt::spawn(async move {
            assert_eq!(&raw const value as usize % 256, 0);
            yield_now().await;
            assert_eq!(&raw const value as usize % 256, 0);
            value
        });
        let back = task.await.unwrap();
        assert_eq!((back.0, &raw const back as usize % 256), (9, 0));
    });
}

fn api_large_futures(on: On) {
    on.run(async {
        let task = rt::spawn(async {
            let mut space = [0_u8; 100_000];
            for i in 0..10 {
                space[i * 9_999] = 1;
                yield_now().await;
            }
            space.iter().map(|&b| usize::from(b)).sum::<usize>()
        });
        assert_eq!(task.await.unwrap(), 10);
    });
}

fn api_yield_now_is_pending_once(on: On) {
    on.run(async {
        let mut polls = 0;
        let mut yielding = std::pin::pin!(yield_now());
        poll_fn(|cx| {
            polls += 1;
            poll_once(yielding.as_mut(), cx.waker())
        })
        .await;
        assert_eq!(polls, 2);
    });
}

fn api_task_locals_of_the_thread_are_not_touched(on: On) {
    thread_local! {
        static HERE: AtomicUsize = const { AtomicUsize::new(0) };
    }
    HERE.with(|n| n.store(5, Ordering::SeqCst));
    on.run(async {
        yield_now().await;
        HERE.with(|n| assert_eq!(n.load(Ordering::SeqCst), 5));
    });
}

fn api_spawn_blocking_result(on: On) {
    on.run(async {
        let here = std::thread::current().id();
        let there = rt::task::spawn_blocking(|| std::thread::current().id())
            .await
            .unwrap();
        assert_ne!(here, there);
        let many: Vec<_> = (0..50)
            .map(|i| rt::task::spawn_blocking(move || i * 2))
            .collect();
        for (i, work) in many.into_iter().enumerate() {
            assert_eq!(work.await.unwrap(), i * 2);
        }
    });
}

fn api_spawn_from_blocking(on: On) {
    on.run(async {
        let nested = rt::task::spawn_blocking(|| {
            let task = rt::spawn(async { 1 });
            let more = rt::task::spawn_blocking(|| 2);
            (task, more)
        });
        let (task, more) = nested.await.unwrap();
        assert_eq!(task.await.unwrap() + more.await.unwrap(), 3);
    });
}
