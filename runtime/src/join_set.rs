//! **How are many tasks awaited, whichever is first?** [`JoinSet`] keeps their
//! handles and hears from each as it completes.
//!
//! Each handle waits with a waker of its own, which notes the handle's key in a
//! list and wakes whoever awaits the set. So `join_next` polls only handles that
//! have something to say: n tasks cost n polls, not n².

use std::collections::VecDeque;
use std::fmt;
use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use slab::Slab;

use crate::executor::local::{LocalSet, spawn_local};
use crate::handle::{self, Handle};
use crate::loom::sync::Mutex;
use crate::task::{AbortHandle, Id, JoinError, JoinHandle, coop};

/// A set of tasks of one output type, awaited as they complete.
///
/// Dropped, it aborts those that are left.
///
/// ```
/// # kolo::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let mut set = kolo::task::JoinSet::new();
/// for i in 1..=3 {
///     set.spawn(async move { i * i });
/// }
/// let mut sum = 0;
/// while let Some(square) = set.join_next().await {
///     sum += square.unwrap();
/// }
/// assert_eq!(sum, 14);
/// # });
/// ```
pub struct JoinSet<T> {
    tasks: Slab<Member<T>>,
    bell: Arc<Bell>,
}

struct Member<T> {
    handle: JoinHandle<T>,
    waker: Waker,
}

/// Where completed tasks ring.
struct Bell {
    rung: Mutex<Rung>,
}

#[derive(Default)]
struct Rung {
    keys: VecDeque<usize>,
    /// Who awaits the set.
    waker: Option<Waker>,
}

/// The waker of one member.
struct BellRope {
    bell: Arc<Bell>,
    key: usize,
}

impl Wake for BellRope {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut rung = self.bell.rung.lock();
        rung.keys.push_back(self.key);
        let waker = rung.waker.take();
        drop(rung);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl<T> JoinSet<T> {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self {
            tasks: Slab::new(),
            bell: Arc::new(Bell {
                rung: Mutex::default(),
            }),
        }
    }

    /// How many tasks are in the set: not complete, or complete and not awaited yet.
    #[must_use]
    pub fn len(&self) -> usize {
        self.tasks.len()
    }

    /// Is no task in the set?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tasks.is_empty()
    }
}

impl<T: 'static> JoinSet<T> {
    /// Starts a task on the current runtime.
    ///
    /// # Panics
    ///
    /// Outside of a runtime.
    #[track_caller]
    pub fn spawn<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        let handle = handle::spawn(task);
        self.insert(handle)
    }

    /// Starts a task on the runtime of `handle`.
    pub fn spawn_on<F>(&mut self, task: F, handle: &Handle) -> AbortHandle
    where
        F: Future<Output = T> + Send + 'static,
        T: Send,
    {
        self.insert(handle.spawn(task))
    }

    /// Starts a local task; see [`spawn_local`].
    ///
    /// # Panics
    ///
    /// Outside of a `LocalSet` or local runtime.
    #[track_caller]
    pub fn spawn_local<F>(&mut self, task: F) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        let handle = spawn_local(task);
        self.insert(handle)
    }

    /// Starts a local task in the given set.
    #[track_caller]
    pub fn spawn_local_on<F>(&mut self, task: F, local_set: &LocalSet) -> AbortHandle
    where
        F: Future<Output = T> + 'static,
    {
        self.insert(local_set.spawn_local(task))
    }

    /// Runs a closure that may block on the current runtime's pool.
    ///
    /// # Panics
    ///
    /// Outside of a runtime; if no thread can be started and there is none.
    #[track_caller]
    pub fn spawn_blocking<F>(&mut self, f: F) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        let handle = handle::spawn_blocking(f);
        self.insert(handle)
    }

    /// Runs a closure that may block on the pool of the runtime of `handle`.
    ///
    /// # Panics
    ///
    /// If no thread can be started and there is none.
    #[track_caller]
    pub fn spawn_blocking_on<F>(&mut self, f: F, handle: &Handle) -> AbortHandle
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send,
    {
        self.insert(handle.spawn_blocking(f))
    }

    fn insert(&mut self, handle: JoinHandle<T>) -> AbortHandle {
        let abort = handle.abort_handle();
        let vacant = self.tasks.vacant_entry();
        let waker = Waker::from(Arc::new(BellRope {
            bell: self.bell.clone(),
            key: vacant.key(),
        }));
        let member = vacant.insert(Member { handle, waker });
        member.handle.wake_on_completion(&member.waker);
        abort
    }

    /// Awaits the next task to complete, and takes it out. `None` if the set is
    /// empty.
    ///
    /// # Cancel safety
    ///
    /// Cancelled, it has taken nothing out.
    pub async fn join_next(&mut self) -> Option<Result<T, JoinError>> {
        poll_fn(|cx| self.poll_join_next(cx)).await
    }

    /// As [`join_next`](Self::join_next), with the task's number. An error knows
    /// its own.
    ///
    /// # Cancel safety
    ///
    /// Cancelled, it has taken nothing out.
    pub async fn join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        poll_fn(|cx| self.poll_join_next_with_id(cx)).await
    }

    /// Takes out a task that is complete, if one is.
    pub fn try_join_next(&mut self) -> Option<Result<T, JoinError>> {
        Some(self.try_join_next_with_id()?.map(|(_, output)| output))
    }

    /// As [`try_join_next`](Self::try_join_next), with the task's number.
    pub fn try_join_next_with_id(&mut self) -> Option<Result<(Id, T), JoinError>> {
        coop::with_unconstrained(|| {
            loop {
                let key = self.bell.rung.lock().keys.pop_front()?;
                if let Some(joined) = self.poll_member(key) {
                    return Some(joined);
                }
            }
        })
    }

    /// Aborts every task and waits until they have ended. Their outputs are dropped.
    pub async fn shutdown(&mut self) {
        self.abort_all();
        while self.join_next().await.is_some() {}
    }

    /// Awaits every task, and gives their outputs in the order they completed in.
    ///
    /// # Panics
    ///
    /// If a task panicked, with its panic; if one was cancelled. The other tasks
    /// are aborted then.
    pub async fn join_all(mut self) -> Vec<T> {
        let mut outputs = Vec::with_capacity(self.len());
        while let Some(joined) = self.join_next().await {
            match joined {
                Ok(output) => outputs.push(output),
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Err(error) => panic!("{error}"),
            }
        }
        outputs
    }

    /// Aborts every task. They stay in the set until they are awaited.
    pub fn abort_all(&mut self) {
        for (_, member) in &self.tasks {
            member.handle.abort();
        }
    }

    /// Empties the set; its tasks run on, on their own.
    pub fn detach_all(&mut self) {
        self.tasks.clear();
        self.bell.rung.lock().keys.clear();
    }

    /// Polls for the next task to complete.
    ///
    /// `Pending` wakes `cx` when one does; `Ready(None)` says that the set is empty.
    pub fn poll_join_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<T, JoinError>>> {
        let joined = self.poll_join_next_with_id(cx);
        joined.map(|joined| joined.map(|result| result.map(|(_, output)| output)))
    }

    /// As [`poll_join_next`](Self::poll_join_next), with the task's number.
    pub fn poll_join_next_with_id(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<(Id, T), JoinError>>> {
        loop {
            let rung = self.bell.rung.lock();
            let Some(key) = rung.keys.front().copied() else {
                if self.tasks.is_empty() {
                    return Poll::Ready(None);
                }
                if rung.waker.as_ref().is_some_and(|w| w.will_wake(cx.waker())) {
                    return Poll::Pending;
                }
                drop(rung);
                // Cloning is foreign code: no lock is held. What rang meanwhile
                // rang without this waker, so look again.
                let waker = cx.waker().clone();
                let old = self.bell.rung.lock().waker.replace(waker);
                drop(old);
                continue;
            };
            drop(rung);
            if !coop::has_budget_remaining() {
                // The key stays in front; the next poll has a budget.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            self.bell.rung.lock().keys.pop_front();
            if let Some(joined) = self.poll_member(key) {
                return Poll::Ready(Some(joined));
            }
        }
    }

    /// Takes out the task behind a key that rang, if it is complete.
    fn poll_member(&mut self, key: usize) -> Option<Result<(Id, T), JoinError>> {
        let member = self.tasks.get_mut(key)?;
        let mut cx = Context::from_waker(&member.waker);
        let handle = std::pin::Pin::new(&mut member.handle);
        match handle.poll(&mut cx) {
            Poll::Pending => None,
            Poll::Ready(joined) => {
                let member = self.tasks.remove(key);
                Some(joined.map(|output| (member.handle.id(), output)))
            }
        }
    }
}

impl<T> Drop for JoinSet<T> {
    fn drop(&mut self) {
        for (_, member) in &self.tasks {
            member.handle.abort();
        }
    }
}

impl<T> Default for JoinSet<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for JoinSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinSet").field("len", &self.len()).finish()
    }
}

/// Spawns each future on the current runtime.
impl<T, F> FromIterator<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    fn from_iter<I: IntoIterator<Item = F>>(tasks: I) -> Self {
        let mut set = Self::new();
        set.extend(tasks);
        set
    }
}

/// Spawns each future on the current runtime.
impl<T, F> Extend<F> for JoinSet<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    fn extend<I: IntoIterator<Item = F>>(&mut self, tasks: I) {
        for task in tasks {
            self.spawn(task);
        }
    }
}
