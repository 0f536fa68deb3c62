//! **What else can be asked of channels and locks?** Counts, comparisons,
//! owned guards, formats.

use std::sync::Arc;

use super::On;
use super::rt;
use rt::sync::{
    Mutex, MutexGuard, Notify, OwnedSemaphorePermit, Semaphore, TryAcquireError, mpsc, oneshot,
};

kolo_tests::tests! {
    everywhere: [
        api_mpsc_capacity,
        api_mpsc_same_channel,
        api_mpsc_counts,
        api_mpsc_permits,
        api_oneshot_ends_know_each_other,
        api_semaphore_counts,
        api_semaphore_owned_permits,
        api_semaphore_split_and_merge,
        api_semaphore_forget,
        api_mutex_guards,
        api_mutex_under_contention,
        api_notify_owned,
        api_sync_types_are_send_sync,
    ],
}

fn api_mpsc_capacity(on: On) {
    on.run(async {
        let (tx, mut rx) = mpsc::channel(3);
        assert_eq!((tx.capacity(), tx.max_capacity()), (3, 3));
        tx.send(1).await.unwrap();
        let permit = tx.reserve().await.unwrap();
        assert_eq!((tx.capacity(), rx.capacity(), rx.max_capacity()), (1, 1, 3));
        permit.send(2);
        assert_eq!((rx.len(), rx.is_empty()), (2, false));
        rx.recv().await.unwrap();
        rx.recv().await.unwrap();
        assert_eq!((tx.capacity(), rx.len(), rx.is_empty()), (3, 0, true));
    });
}

fn api_mpsc_same_channel(_: On) {
    let (a, _a) = mpsc::channel::<u8>(1);
    let (b, _b) = mpsc::channel::<u8>(1);
    assert!(a.same_channel(&a.clone()));
    assert!(!a.same_channel(&b));
    let (a, _a) = mpsc::unbounded_channel::<u8>();
    assert!(a.same_channel(&a.clone()));
}

fn api_mpsc_counts(_: On) {
    let (tx, rx) = mpsc::channel::<u8>(1);
    let more = tx.clone();
    let weak = tx.downgrade();
    assert_eq!((tx.strong_count(), tx.weak_count()), (2, 1));
    drop(more);
    assert_eq!((rx.sender_strong_count(), rx.sender_weak_count()), (1, 1));
    drop(tx);
    assert_eq!(weak.strong_count(), 0);
}

fn api_mpsc_permits(on: On) {
    on.run(async {
        let (tx, mut rx) = mpsc::channel(4);
        for permit in tx.reserve_many(3).await.unwrap() {
            permit.send(1);
        }
        tx.try_reserve().unwrap().send(2);
        assert!(tx.try_reserve().is_err());
        rx.recv().await.unwrap();
        let tx = tx.try_reserve_owned().unwrap().send(3);
        assert!(tx.clone().try_reserve_owned().is_err());
        let mut seen = Vec::new();
        while let Ok(n) = rx.try_recv() {
            seen.push(n);
        }
        assert_eq!(seen, [1, 1, 2, 3]);
        let back = tx.reserve_owned().await.unwrap().release();
        assert_eq!(back.capacity(), 4);
        assert!(
            back.reserve_many(5).await.is_err(),
            "more than it can ever hold"
        );
    });
}

fn api_oneshot_ends_know_each_other(_: On) {
    let (tx, rx) = oneshot::channel::<u8>();
    assert!(!tx.is_closed());
    assert!(rx.is_empty());
    tx.send(1).unwrap();
    assert!(!rx.is_empty());
    assert!(!rx.is_terminated());
    assert_eq!(rx.blocking_recv(), Ok(1));
}

fn api_semaphore_counts(on: On) {
    on.run(async {
        let semaphore = Semaphore::new(5);
        let three = semaphore.acquire_many(3).await.unwrap();
        assert_eq!((semaphore.available_permits(), three.num_permits()), (2, 3));
        assert_eq!(
            semaphore.try_acquire_many(3).err(),
            Some(TryAcquireError::NoPermits)
        );
        semaphore.add_permits(1);
        assert!(semaphore.try_acquire_many(3).is_ok());
        drop(three);
        assert_eq!(semaphore.available_permits(), 6);
        assert_eq!(semaphore.forget_permits(4), 4);
        assert_eq!(semaphore.forget_permits(4), 2);
        assert_eq!(semaphore.available_permits(), 0);
    });
}

fn api_semaphore_owned_permits(on: On) {
    on.run(async {
        let semaphore = Arc::new(Semaphore::new(2));
        let permit: OwnedSemaphorePermit = semaphore.clone().acquire_owned().await.unwrap();
        assert!(Arc::ptr_eq(permit.semaphore(), &semaphore));
        let task = rt::spawn(async move { drop(permit) });
        task.await.unwrap();
        let both = semaphore.clone().acquire_many_owned(2).await.unwrap();
        assert!(semaphore.clone().try_acquire_owned().is_err());
        drop(both);
        assert_eq!(semaphore.available_permits(), 2);
    });
}

fn api_semaphore_split_and_merge(on: On) {
    on.run(async {
        let semaphore = Semaphore::new(5);
        let mut whole = semaphore.acquire_many(4).await.unwrap();
        let part = whole.split(1).unwrap();
        assert!(whole.split(4).is_none());
        assert_eq!((whole.num_permits(), part.num_permits()), (3, 1));
        whole.merge(part);
        drop(whole);
        assert_eq!(semaphore.available_permits(), 5);
    });
}

fn api_semaphore_forget(on: On) {
    on.run(async {
        let semaphore = Semaphore::new(2);
        semaphore.acquire().await.unwrap().forget();
        assert_eq!(semaphore.available_permits(), 1);
    });
}

fn api_mutex_guards(on: On) {
    on.run(async {
        let mutex = Arc::new(Mutex::new((1, String::from("two"))));
        {
            let mut first = MutexGuard::map(mutex.lock().await, |pair| &mut pair.0);
            *first += 10;
        }
        let mut owned = mutex.clone().lock_owned().await;
        owned.1.push('!');
        drop(owned);
        assert!(format!("{mutex:?}").contains("two!"));
        let held = mutex.clone().try_lock_owned().unwrap();
        assert!(mutex.clone().try_lock_owned().is_err());
        drop(held);
        let (number, text) = Arc::into_inner(mutex).unwrap().into_inner();
        assert_eq!((number, text.as_str()), (11, "two!"));
        let mut alone = Mutex::from(3);
        *alone.get_mut() += 1;
        assert_eq!(alone.into_inner(), 4);
    });
}

fn api_mutex_under_contention(on: On) {
    on.run(async {
        let mutex = Arc::new(Mutex::new(0_u32));
        let tasks: Vec<_> = (0..10)
            .map(|_| {
                let mutex = mutex.clone();
                rt::spawn(async move {
                    for _ in 0..100 {
                        let mut guard = mutex.lock().await;
                        let seen = *guard;
                        rt::task::yield_now().await;
                        *guard = seen + 1;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert_eq!(*mutex.lock().await, 1_000);
    });
}

fn api_notify_owned(on: On) {
    on.run(async {
        let notify = Arc::new(Notify::new());
        let waiter = rt::spawn(notify.clone().notified_owned());
        rt::task::yield_now().await;
        notify.notify_one();
        waiter.await.unwrap();
    });
}

fn api_sync_types_are_send_sync(_: On) {
    fn all<T: Send + Sync>() {}
    all::<mpsc::Sender<u8>>();
    all::<mpsc::Receiver<u8>>();
    all::<mpsc::UnboundedSender<u8>>();
    all::<mpsc::UnboundedReceiver<u8>>();
    all::<oneshot::Sender<u8>>();
    all::<oneshot::Receiver<u8>>();
    all::<Semaphore>();
    all::<Notify>();
    all::<Mutex<u8>>();
    all::<rt::time::Sleep>();
    all::<rt::time::Interval>();
}
