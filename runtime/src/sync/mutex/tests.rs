//! Transcripts, polled by hand. The line itself is tested in `permits/tests.rs`.

use super::*;
use crate::sync::testing::by_hand;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[test]
fn the_value_goes_from_holder_to_holder_in_order() {
    let mutex = Mutex::new(vec![0]);
    let mut first = by_hand(mutex.lock());
    let mut second = by_hand(mutex.lock());
    let mut third = by_hand(mutex.lock());
    let mut guard = first.ready();
    second.assert_pending();
    third.assert_pending();
    guard.push(1);
    drop(guard);
    assert_eq!((second.take_wakes(), third.take_wakes()), (1, 0));
    assert!(
        mutex.try_lock().is_err(),
        "it is the second's, though not yet polled"
    );
    let mut guard = second.ready();
    guard.push(2);
    third.assert_pending();
    drop(guard);
    third.ready().push(3);
    drop((first, second, third));
    assert_eq!(mutex.into_inner(), [0, 1, 2, 3]);
}

#[test]
fn a_lock_that_is_cancelled_leaves_no_lock_behind() {
    let mutex = Arc::new(Mutex::new(()));
    let guard = mutex.try_lock().unwrap();
    let mut queued = by_hand(mutex.lock());
    let mut granted = by_hand(mutex.clone().lock_owned());
    granted.assert_pending();
    queued.assert_pending();
    drop(guard);
    assert_eq!((granted.take_wakes(), queued.take_wakes()), (1, 0));
    drop(granted);
    assert_eq!(queued.take_wakes(), 1);
    drop(queued);
    assert!(mutex.try_lock().is_ok());
}

#[test]
fn owned_guards_unlock_and_keep_the_mutex_alive() {
    let mutex = Arc::new(Mutex::new(1));
    let mut guard = mutex.clone().try_lock_owned().unwrap();
    assert!(mutex.clone().try_lock_owned().is_err());
    assert!(Arc::ptr_eq(OwnedMutexGuard::mutex(&guard), &mutex));
    *guard += 1;
    drop(guard);
    assert_eq!(*by_hand(mutex.clone().lock_owned()).ready(), 2);

    let guard = by_hand(mutex.clone().lock_owned()).ready();
    let weak = Arc::downgrade(&mutex);
    drop(mutex);
    assert_eq!(weak.strong_count(), 1);
    drop(guard);
    assert_eq!(weak.strong_count(), 0);
}

#[test]
fn mapped_guards_hold_the_lock_until_the_last_is_dropped() {
    let mutex = Mutex::new((1, [2, 3]));
    let guard = MutexGuard::map(mutex.try_lock().unwrap(), |pair| &mut pair.1);
    let mut guard = MappedMutexGuard::map(guard, |array| &mut array[0]);
    *guard += 10;
    assert!(mutex.try_lock().is_err());
    drop(guard);

    let guard = mutex.try_lock().unwrap();
    let guard = MutexGuard::try_map(guard, |_| None::<&mut u8>).unwrap_err();
    let guard = MutexGuard::try_map(guard, |pair| Some(&mut pair.1)).unwrap();
    let guard = MappedMutexGuard::try_map(guard, |_| None::<&mut u8>).unwrap_err();
    let mut guard = MappedMutexGuard::try_map(guard, |array| array.last_mut()).unwrap();
    *guard += 10;
    assert!(mutex.try_lock().is_err());
    drop(guard);
    assert_eq!(*mutex.try_lock().unwrap(), (1, [12, 13]));
}

#[test]
fn owned_mapped_guards_hold_the_lock_until_the_last_is_dropped() {
    let mutex = Arc::new(Mutex::new((1, [2, 3])));
    let lock = || mutex.clone().try_lock_owned();
    let guard = OwnedMutexGuard::map(lock().unwrap(), |pair| &mut pair.1);
    let mut guard = OwnedMappedMutexGuard::map(guard, |array| &mut array[0]);
    *guard += 10;
    assert!(lock().is_err());
    drop(guard);

    let guard = OwnedMutexGuard::try_map(lock().unwrap(), |_| None::<&mut u8>).unwrap_err();
    let guard = OwnedMutexGuard::try_map(guard, |pair| Some(&mut pair.1)).unwrap();
    let guard = OwnedMappedMutexGuard::try_map(guard, |_| None::<&mut u8>).unwrap_err();
    let mut guard = OwnedMappedMutexGuard::try_map(guard, |array| array.last_mut()).unwrap();
    *guard += 10;
    assert!(lock().is_err());
    drop(guard);
    assert_eq!(*lock().unwrap(), (1, [12, 13]));
    assert_eq!(Arc::strong_count(&mutex), 1);
}

#[test]
fn a_panic_unlocks_also_while_mapping() {
    let mutex = Arc::new(Mutex::new(0));
    type Misuse = fn(&Arc<Mutex<i32>>);
    let misuses: [Misuse; 3] = [
        |mutex| {
            let _guard = mutex.try_lock().unwrap();
            panic!("with the guard");
        },
        |mutex| {
            drop(MutexGuard::map(
                mutex.try_lock().unwrap(),
                |_| -> &mut i32 { panic!() },
            ))
        },
        |mutex| {
            let guard = mutex.clone().try_lock_owned().unwrap();
            drop(OwnedMutexGuard::map(guard, |_| -> &mut i32 { panic!() }));
        },
    ];
    for misuse in misuses {
        assert!(catch_unwind(AssertUnwindSafe(|| misuse(&mutex))).is_err());
        assert!(mutex.try_lock().is_ok());
    }
    assert_eq!(Arc::strong_count(&mutex), 1);
}

#[test]
fn unsized_values() {
    let mut mutex: Box<Mutex<[i32]>> = Box::new(Mutex::new([1, 2]));
    mutex.get_mut()[0] = 3;
    assert_eq!(*by_hand(mutex.lock()).ready(), [3, 2]);
    let owned: Arc<Mutex<dyn fmt::Debug + Send>> = Arc::new(Mutex::new("text"));
    assert_eq!(format!("{:?}", owned.try_lock_owned().unwrap()), "\"text\"");
}

#[test]
fn debug_shows_the_value_or_that_it_is_locked() {
    let mutex = Mutex::from("value");
    assert_eq!(format!("{mutex:?}"), r#"Mutex { data: "value" }"#);
    let guard = mutex.try_lock().unwrap();
    assert_eq!(format!("{mutex:?}"), "Mutex { data: <locked> }");
    assert_eq!(format!("{guard} {guard:?}"), r#"value "value""#);
    assert_eq!(
        mutex.try_lock().unwrap_err().to_string(),
        "operation would block"
    );
}

#[test]
fn threads_that_block_take_turns_with_tasks() {
    let mutex = Arc::new(Mutex::new(0));
    let guard = mutex.try_lock().unwrap();
    let mut task = by_hand(mutex.lock());
    task.assert_pending();
    std::thread::scope(|s| {
        let borrows = s.spawn(|| *mutex.blocking_lock() += 1);
        let owns = s.spawn(|| *mutex.clone().blocking_lock_owned() += 1);
        drop(guard);
        *task.ready() += 1;
        // Joined by hand: ThreadSanitizer does not see how std ends a scope.
        borrows.join().unwrap();
        owns.join().unwrap();
    });
    assert_eq!(*mutex.try_lock().unwrap(), 3);
}

/// Is it Send, and is it Sync?
struct Threads<T>(std::marker::PhantomData<T>);

trait Never {
    const SEND: bool = false;
    const SYNC: bool = false;
}
impl<T> Never for Threads<T> {}

impl<T: Send> Threads<T> {
    const SEND: bool = true; // before the trait's, where the bound holds
}
impl<T: Sync> Threads<T> {
    const SYNC: bool = true;
}

#[test]
fn guards_are_as_send_and_sync_as_a_mutable_reference() {
    macro_rules! send_and_sync {
        ($($t:ty),+) => { [$((Threads::<$t>::SEND, Threads::<$t>::SYNC)),+] };
    }
    type Cell = std::cell::Cell<i32>; // Send, not Sync
    type Lock = std::sync::MutexGuard<'static, i32>; // Sync, not Send
    assert_eq!(
        send_and_sync!(Mutex<i32>, Mutex<Cell>, Mutex<Lock>),
        [(true, true), (true, true), (false, false)]
    );
    assert_eq!(
        send_and_sync!(
            MutexGuard<'_, i32>,
            MutexGuard<'_, Cell>,
            MutexGuard<'_, Lock>
        ),
        [(true, true), (true, false), (false, false)]
    );
    assert_eq!(
        send_and_sync!(
            OwnedMutexGuard<i32>,
            OwnedMutexGuard<Cell>,
            OwnedMutexGuard<Lock>
        ),
        [(true, true), (true, false), (false, false)]
    );
    assert_eq!(
        send_and_sync!(MappedMutexGuard<'_, i32>, MappedMutexGuard<'_, Cell>),
        [(true, true), (true, false)]
    );
    assert_eq!(
        send_and_sync!(OwnedMappedMutexGuard<i32, Cell>, OwnedMappedMutexGuard<Lock, i32>),
        [(true, false), (false, false)]
    );
}
