//! **What does misuse say?** A message that names the fix, blamed on the
//! caller's line. The texts that programs match are tokio's.

use std::time::Duration;

use kolo_tests::caught;

use super::rt;
use super::{On, whereabouts};
use rt::runtime::{Handle, Runtime};

kolo_tests::tests! {
    everywhere: [
        p07_block_on_inside_block_on,
        p07_block_on_inside_block_on_blames_the_caller,
        p07_block_on_inside_a_task,
        p07_handle_block_on_inside_a_task,
        p07_block_on_in_spawn_blocking_is_fine,
        p07_runtime_dropped_in_async_context,
        p07_runtime_dropped_in_spawn_blocking_is_fine,
        p07_no_runtime_spawn,
        p07_no_runtime_spawn_blocking,
        p07_no_runtime_handle_current,
        p07_no_runtime_try_current,
        p07_timers_without_a_runtime,
        p07_timers_not_enabled,
        p07_guards_dropped_out_of_order,
        p07_guards_nest_in_order,
        p07_guards_of_two_runtimes,
        p07_spawn_local_outside_of_a_local_set,
        p07_spawn_local_outside_blames_the_caller,
        p07_id_outside_of_a_task,
        p07_after_misuse_the_runtime_is_usable,
    ],
    multi: [p07_zero_workers],
}

const NESTED: &str = "Cannot start a runtime from within a runtime";
const DROPPED: &str = "Cannot drop a runtime in a context where blocking is not allowed";
const MISSING: &str = "there is no reactor running, must be called from the context of";

fn p07_block_on_inside_block_on(on: On) {
    let (outer, inner) = (on.runtime(), on.runtime());
    caught(|| outer.block_on(async { inner.block_on(async {}) })).says(&[NESTED]);
    caught(|| outer.block_on(async { outer.block_on(async {}) })).says(&[NESTED]);
}

fn p07_block_on_inside_block_on_blames_the_caller(on: On) {
    let runtime = on.runtime();
    caught(|| runtime.block_on(async { runtime.block_on(async {}) })).blames(file!());
}

fn p07_block_on_inside_a_task(on: On) {
    on.run(async move {
        let error = rt::spawn(async move {
            on.bare_builder().build().unwrap().block_on(async {});
        })
        .await
        .unwrap_err();
        let text = kolo_tests::panics::text(&*error.into_panic());
        // The new runtime is then dropped while unwinding, which must not panic again.
        assert!(text.contains(NESTED), "{text}");
    });
}

fn p07_handle_block_on_inside_a_task(on: On) {
    on.run(async {
        caught(|| Handle::current().block_on(async {}))
            .says(&[NESTED])
            .blames(file!());
    });
}

/// The fix that the message names.
fn p07_block_on_in_spawn_blocking_is_fine(on: On) {
    on.run(async {
        let handle = Handle::current();
        let work = rt::task::spawn_blocking(move || {
            handle.block_on(async { rt::spawn(async { 4 }).await.unwrap() })
        });
        assert_eq!(work.await.unwrap(), 4);
    });
}

fn p07_runtime_dropped_in_async_context(on: On) {
    let outer = on.runtime();
    let inner = on.runtime();
    caught(|| outer.block_on(async move { drop(inner) })).says(&[DROPPED]);
    // And the outer one inside its own task.
    assert_eq!(outer.block_on(async { 1 }), 1);
}

fn p07_runtime_dropped_in_spawn_blocking_is_fine(on: On) {
    on.run(async move {
        let inner = on.runtime();
        rt::task::spawn_blocking(move || drop(inner)).await.unwrap();
    });
}

fn p07_no_runtime_spawn(_: On) {
    caught(|| rt::spawn(async {}))
        .says(&[MISSING])
        .blames(file!());
}

fn p07_no_runtime_spawn_blocking(_: On) {
    caught(|| rt::task::spawn_blocking(|| ()))
        .says(&[MISSING])
        .blames(file!());
}

fn p07_no_runtime_handle_current(_: On) {
    caught(Handle::current).says(&[MISSING]);
    caught(|| Handle::current()).blames(file!());
}

fn p07_no_runtime_try_current(on: On) {
    let error = Handle::try_current().unwrap_err();
    assert!(error.is_missing_context() && !error.is_thread_local_destroyed());
    assert!(error.to_string().contains(MISSING), "{error}");
    on.run(async { assert!(Handle::try_current().is_ok()) });
}

fn p07_timers_without_a_runtime(_: On) {
    caught(|| rt::time::sleep(Duration::from_millis(1)))
        .says(&[MISSING])
        .blames(file!());
    let far = Duration::from_secs(1);
    caught(|| rt::time::timeout(far, async {}))
        .says(&[MISSING])
        .blames(file!());
}

fn p07_timers_not_enabled(on: On) {
    let runtime = on.bare_builder().build().unwrap();
    let parts = ["timers are disabled", "enable_time"];
    caught(|| runtime.block_on(async { rt::time::sleep(Duration::from_millis(1)).await }))
        .says(&parts)
        .blames(file!());
    let second = Duration::from_secs(1);
    caught(|| {
        runtime.block_on(async { rt::time::timeout(second, std::future::pending::<()>()).await })
    })
    .says(&parts)
    .blames(file!());
}

fn p07_guards_dropped_out_of_order(on: On) {
    let runtime = on.runtime();
    let (first, second) = (runtime.enter(), runtime.enter());
    caught(|| drop(first)).says(&["`EnterGuard` values dropped out of order"]);
    drop(second);
}

fn p07_guards_nest_in_order(on: On) {
    let runtime = on.runtime();
    let outer = runtime.enter();
    let inner = runtime.handle().enter();
    drop(inner);
    assert!(Handle::try_current().is_ok());
    drop(outer);
    assert!(Handle::try_current().is_err());
}

fn p07_guards_of_two_runtimes(on: On) {
    let (a, b) = (on.named("a"), on.named("b"));
    let _in_a = a.enter();
    assert_eq!(whereabouts().as_deref(), Some("a"));
    {
        let _in_b = b.enter();
        assert_eq!(whereabouts().as_deref(), Some("b"));
    }
    assert_eq!(whereabouts().as_deref(), Some("a"));
    // block_on leaves the context as it found it.
    b.block_on(async { assert_eq!(whereabouts().as_deref(), Some("b")) });
    assert_eq!(whereabouts().as_deref(), Some("a"));
}

fn p07_spawn_local_outside_of_a_local_set(on: On) {
    on.run(async {
        caught(|| rt::task::spawn_local(async {})).says(&["`spawn_local` called from outside"]);
    });
}

fn p07_spawn_local_outside_blames_the_caller(on: On) {
    on.run(async {
        caught(|| rt::task::spawn_local(async {})).blames(file!());
    });
}

fn p07_id_outside_of_a_task(on: On) {
    caught(rt::task::id).says(&["Can't get a task id when not inside a task"]);
    assert!(rt::task::try_id().is_none());
    caught(|| rt::task::id()).blames(file!());
    on.run(async { assert!(rt::task::try_id().is_none(), "block_on's future is no task") });
}

fn p07_after_misuse_the_runtime_is_usable(on: On) {
    let runtime: Runtime = on.runtime();
    for _ in 0..3 {
        caught(|| runtime.block_on(async { runtime.block_on(async {}) }));
        let answer = runtime.block_on(async {
            rt::time::sleep(Duration::from_millis(1)).await;
            rt::spawn(async { 2 }).await.unwrap()
        });
        assert_eq!(answer, 2);
    }
}

fn p07_zero_workers(_: On) {
    caught(|| {
        rt::runtime::Builder::new_multi_thread()
            .worker_threads(0)
            .build()
    })
    .says(&["Worker threads cannot be set to 0"])
    .blames(file!());
}
