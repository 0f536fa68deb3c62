//! kolo's attribute macros, which the crate `kolo` re-exports: use them from
//! there, as `#[kolo::main]` and `#[kolo::test]`.
//!
//! Three questions, a file each: what does the attribute ask for
//! (`settings.rs`), under which name does the caller know the library
//! (`library.rs`), and what becomes of the function (`expand.rs`).
#![warn(missing_docs)]
// What `fn main` becomes is what the examples show.
#![allow(clippy::needless_doctest_main)]

mod expand;
mod library;
mod settings;

use expand::Entry;
use proc_macro::TokenStream;

/// Turns an `async fn` into one that builds a runtime and runs the body on it.
///
/// ```
/// #[kolo::main(flavor = "current_thread")]
/// async fn main() {
///     let answer = kolo::spawn(async { 42 }).await.unwrap();
///     assert_eq!(answer, 42);
/// }
/// ```
///
/// is short for
///
/// ```
/// fn main() {
///     kolo::runtime::Builder::new_current_thread()
///         .enable_all()
///         .build()
///         .expect("Failed building the Runtime")
///         .block_on(async {
///             let answer = kolo::spawn(async { 42 }).await.unwrap();
///             assert_eq!(answer, 42);
///         });
/// }
/// ```
///
/// Attributes, visibility, generics and the return type stay as they are; the
/// function need not be called `main`, and if it is not it may take arguments.
///
/// # Arguments
///
/// | argument | means |
/// |---|---|
/// | `flavor = "multi_thread"` | the work-stealing executor: the default |
/// | `flavor = "current_thread"` | everything on the calling thread |
/// | `flavor = "local"` | a `LocalRuntime`: `spawn_local` works right in the body |
/// | `worker_threads = 4` | threads of the `multi_thread` executor; default: one per core |
/// | `start_paused = true` | the clock stands still, and jumps when nothing can run; not with `multi_thread` |
/// | `name = "…"` | the name of the runtime |
/// | `crate = "…"` | the path under which the library is found here, as a string or a path |
///
/// Without `crate`, the macro looks the library up in the caller's `Cargo.toml`,
/// so a renamed dependency (`rt = { package = "kolo", … }`) is found. If `kolo`
/// does not stand there, the path is `::tokio`: then a stand-in of that name has
/// re-exported the macro.
///
/// `unhandled_panic`, an unstable argument of tokio's macro, is not supported.
///
/// The default flavor is tokio's, so that a program means the same on both.
///
/// # Errors
///
/// An argument that is unknown, malformed, doubled, or makes no sense with the
/// flavor is a compile error at that argument:
///
/// ```compile_fail
/// #[kolo::main(flavor = "current_thread", worker_threads = 4)]
/// async fn main() {}
/// ```
///
/// So is a function that is not `async`, at its `fn`:
///
/// ```compile_fail
/// #[kolo::main]
/// fn main() {}
/// ```
///
/// # Panics
///
/// The function panics if the runtime can't be built, and if it is called in
/// async code: it blocks the thread.
///
/// # Examples
///
/// Another name for the library:
///
/// ```
/// use kolo as rt;
///
/// #[rt::main(flavor = "current_thread", crate = "rt")]
/// async fn main() -> Result<(), Box<dyn std::error::Error>> {
///     rt::task::yield_now().await;
///     Ok(())
/// }
/// ```
///
/// A function that is not `main`:
///
/// ```
/// use std::time::Duration;
///
/// #[kolo::main(flavor = "current_thread", start_paused = true)]
/// async fn wait(time: Duration) -> Duration {
///     let begin = kolo::time::Instant::now();
///     kolo::time::sleep(time).await;
///     begin.elapsed()
/// }
///
/// let hour = Duration::from_secs(3600);
/// assert_eq!(wait(hour), hour); // and took no time at all
/// ```
#[proc_macro_attribute]
pub fn main(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Entry::Main, args.into(), item.into()).into()
}

/// Turns an `async fn` into a test that runs on a runtime of its own.
///
/// ```
/// #[kolo::test]
/// async fn both_arrive() {
///     let one = kolo::spawn(async { 1 });
///     let two = kolo::spawn(async { 2 });
///     assert_eq!(one.await.unwrap() + two.await.unwrap(), 3);
/// }
/// ```
///
/// The arguments are those of [`main`](macro@main), but the default flavor is
/// `"current_thread"`: a test that does not ask for threads gets none. With
/// `start_paused = true` a test of timers takes no time and has the same result
/// each time:
///
/// ```
/// use std::time::Duration;
///
/// #[kolo::test(start_paused = true)]
/// async fn gives_up() {
///     let never = std::future::pending::<()>();
///     assert!(kolo::time::timeout(Duration::from_secs(3600), never).await.is_err());
/// }
/// ```
///
/// The attributes of the function stay, so `#[should_panic]` and `#[ignore]` work
/// as usual, and so does a `Result` as the return type.
///
/// # Errors
///
/// As with [`main`](macro@main). Besides, a second attribute that makes the
/// function a test is a compile error at that attribute: it would run twice.
///
/// ```compile_fail
/// # #![allow(dead_code)]
/// #[kolo::test]
/// #[test]
/// async fn twice() {}
/// ```
#[proc_macro_attribute]
pub fn test(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Entry::Test, args.into(), item.into()).into()
}
