//! **What does `#[main]` make of a function?** One that builds the runtime
//! asked for, and returns what the body returns. (`#[test]`: `tests/attributes.rs`.)

use super::On;
use super::rt;
use rt::runtime::{Handle, RuntimeFlavor};

kolo_tests::tests! {
    current: [
        api_main_current_thread,
        api_main_returns_a_result,
        api_main_takes_the_crate_by_name,
        api_main_start_paused,
    ],
    multi: [api_main_multi_thread],
}

#[rt::main(flavor = "current_thread", crate = "rt")]
async fn current() -> RuntimeFlavor {
    rt::spawn(async { Handle::current().runtime_flavor() })
        .await
        .unwrap()
}

#[rt::main(flavor = "current_thread", crate = "rt")]
async fn fallible(fail: bool) -> Result<u8, String> {
    if fail {
        return Err("as asked".into());
    }
    rt::time::sleep(std::time::Duration::from_millis(1)).await;
    Ok(1)
}

#[rt::main(flavor = "current_thread", crate = "rt", start_paused = true)]
async fn paused() -> std::time::Duration {
    let start = rt::time::Instant::now();
    rt::time::sleep(std::time::Duration::from_secs(3600)).await;
    start.elapsed()
}

#[rt::main(flavor = "multi_thread", worker_threads = 2, crate = "rt")]
async fn multi() -> (RuntimeFlavor, usize) {
    let handle = Handle::current();
    (handle.runtime_flavor(), handle.metrics().num_workers())
}

fn api_main_current_thread(_: On) {
    assert_eq!(current(), RuntimeFlavor::CurrentThread);
}

fn api_main_returns_a_result(_: On) {
    assert_eq!(fallible(false), Ok(1));
    assert_eq!(fallible(true), Err("as asked".to_owned()));
}

fn api_main_takes_the_crate_by_name(_: On) {
    mod elsewhere {
        use super::rt as renamed;

        #[renamed::main(flavor = "current_thread", crate = "renamed")]
        pub(super) async fn run() -> u8 {
            renamed::spawn(async { 3 }).await.unwrap()
        }
    }
    assert_eq!(elsewhere::run(), 3);
}

fn api_main_start_paused(_: On) {
    assert_eq!(paused(), std::time::Duration::from_secs(3600));
}

fn api_main_multi_thread(_: On) {
    assert_eq!(multi(), (RuntimeFlavor::MultiThread, 2));
}
