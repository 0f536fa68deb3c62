//! What permits do. The line itself is tested in `permits/tests.rs`.

use super::*;
use crate::sync::testing::by_hand;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[test]
fn a_dropped_permit_goes_back_and_a_forgotten_one_does_not() {
    let semaphore = Arc::new(Semaphore::new(10));
    let two = by_hand(semaphore.acquire_many(2)).ready().unwrap();
    let three = by_hand(semaphore.clone().acquire_many_owned(3))
        .ready()
        .unwrap();
    let one = by_hand(semaphore.clone().acquire_owned()).ready().unwrap();
    let four = semaphore.clone().try_acquire_many_owned(4).unwrap();
    assert_eq!(semaphore.available_permits(), 0);
    assert_eq!(two.semaphore().available_permits(), 0);
    assert!(Arc::ptr_eq(three.semaphore(), &semaphore));
    two.forget();
    three.forget();
    assert_eq!(semaphore.available_permits(), 0);
    drop(one);
    assert_eq!(semaphore.available_permits(), 1);
    drop(four);
    assert_eq!(semaphore.available_permits(), 5);
    assert_eq!(Arc::strong_count(&semaphore), 1);
}

#[test]
fn permits_merge_and_split() {
    let semaphore = Arc::new(Semaphore::new(6));
    let mut left = semaphore.try_acquire_many(3).unwrap();
    left.merge(semaphore.try_acquire().unwrap());
    assert_eq!(left.num_permits(), 4);
    assert!(left.split(5).is_none());
    let right = left.split(4).unwrap();
    assert_eq!((left.num_permits(), right.num_permits()), (0, 4));
    drop(left);
    assert_eq!(semaphore.available_permits(), 2);
    drop(right);

    let mut left = semaphore.clone().try_acquire_many_owned(3).unwrap();
    left.merge(semaphore.clone().try_acquire_owned().unwrap());
    assert!(left.split(5).is_none());
    let right = left.split(1).unwrap();
    assert_eq!((left.num_permits(), right.num_permits()), (3, 1));
    drop(left);
    assert_eq!(semaphore.available_permits(), 5);
    drop(right);
    assert_eq!(semaphore.available_permits(), 6);
}

#[test]
fn permits_of_two_semaphores_do_not_merge_and_none_is_lost() {
    let (one, other) = (Arc::new(Semaphore::new(1)), Arc::new(Semaphore::new(1)));
    let message = |panic: Box<dyn std::any::Any + Send>| *panic.downcast::<&str>().unwrap();
    let panic = catch_unwind(AssertUnwindSafe(|| {
        one.try_acquire()
            .unwrap()
            .merge(other.try_acquire().unwrap());
    }));
    assert_eq!(
        message(panic.unwrap_err()),
        "merging permits from different semaphore instances"
    );
    let panic = catch_unwind(AssertUnwindSafe(|| {
        let permit = other.clone().try_acquire_owned().unwrap();
        one.clone().try_acquire_owned().unwrap().merge(permit);
    }));
    assert_eq!(
        message(panic.unwrap_err()),
        "merging permits from different semaphore instances"
    );
    assert_eq!((one.available_permits(), other.available_permits()), (1, 1));
}

#[test]
fn too_many_permits_are_refused() {
    assert_eq!(
        Semaphore::new(Semaphore::MAX_PERMITS).available_permits(),
        usize::MAX >> 3
    );
    assert!(catch_unwind(|| Semaphore::new(Semaphore::MAX_PERMITS + 1)).is_err());
}

#[test]
fn closed_everywhere() {
    let semaphore = Arc::new(Semaphore::new(1));
    let in_use = semaphore.try_acquire().unwrap();
    let mut waiting = by_hand(semaphore.acquire());
    waiting.assert_pending();
    semaphore.close();
    assert!(semaphore.is_closed());
    let closed = waiting.ready().unwrap_err();
    assert_eq!(closed.to_string(), "semaphore closed");
    drop(in_use);
    by_hand(semaphore.acquire()).ready().unwrap_err();
    by_hand(semaphore.clone().acquire_owned())
        .ready()
        .unwrap_err();
    semaphore.blocking_acquire().unwrap_err();
    semaphore.blocking_acquire_many(1).unwrap_err();
    semaphore.clone().blocking_acquire_owned().unwrap_err();
    semaphore
        .clone()
        .blocking_acquire_many_owned(1)
        .unwrap_err();
    assert_eq!(
        semaphore.try_acquire().unwrap_err(),
        TryAcquireError::Closed
    );
    assert_eq!(
        semaphore.clone().try_acquire_owned().unwrap_err(),
        TryAcquireError::Closed
    );
    assert_eq!(TryAcquireError::Closed.to_string(), "semaphore closed");
    assert_eq!(
        TryAcquireError::NoPermits.to_string(),
        "no permits available"
    );
    semaphore.add_permits(1);
    assert_eq!(
        (semaphore.available_permits(), semaphore.forget_permits(3)),
        (2, 2)
    );
}

#[test]
fn threads_that_block_are_in_the_same_line_as_tasks() {
    let semaphore = Arc::new(Semaphore::new(0));
    let mut task = by_hand(semaphore.acquire());
    task.assert_pending();
    std::thread::scope(|s| {
        let owns = s.spawn(|| {
            semaphore
                .clone()
                .blocking_acquire_many_owned(2)
                .unwrap()
                .forget()
        });
        let borrows = s.spawn(|| semaphore.blocking_acquire_many(2).unwrap().forget());
        semaphore.add_permits(5);
        // Joined by hand: ThreadSanitizer does not see how std ends a scope.
        owns.join().unwrap();
        borrows.join().unwrap();
    });
    task.ready().unwrap().forget();
    assert_eq!(semaphore.available_permits(), 0);
}

#[test]
fn futures_and_permits_may_move_between_threads() {
    fn send_sync<T: Send + Sync>(value: T) -> T {
        value
    }
    let semaphore = Arc::new(Semaphore::new(2));
    let permit = by_hand(send_sync(semaphore.acquire())).ready().unwrap();
    let owned = by_hand(send_sync(semaphore.clone().acquire_owned()))
        .ready()
        .unwrap();
    drop((send_sync(permit), send_sync(owned)));
    assert_eq!(semaphore.available_permits(), 2);
}
