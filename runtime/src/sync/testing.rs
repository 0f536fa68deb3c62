//! For tests: futures in the test's hands, and, under loom, on its threads.

#[cfg(not(loom))]
pub(crate) use by_hand::*;
#[cfg(loom)]
pub(crate) use modelled::*;

#[cfg(not(loom))]
mod by_hand {
    use std::future::Future;
    use std::pin::Pin;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::task::{Context, Poll, Wake, Waker};

    /// Counts how often it is woken, and how many wakers of it live.
    #[derive(Debug, Default)]
    pub(crate) struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, SeqCst);
        }
    }

    /// A future that is polled by hand, as by a task of its own.
    pub(crate) struct ByHand<F> {
        pub(crate) future: Pin<Box<F>>,
        count: Arc<Count>,
    }

    pub(crate) fn by_hand<F: Future>(future: F) -> ByHand<F> {
        ByHand {
            future: Box::pin(future),
            count: Arc::default(),
        }
    }

    impl<F: Future> ByHand<F> {
        pub(crate) fn poll(&mut self) -> Poll<F::Output> {
            let waker = Waker::from(self.count.clone());
            self.future.as_mut().poll(&mut Context::from_waker(&waker))
        }

        /// The output of a future that must be ready now.
        #[track_caller]
        pub(crate) fn ready(&mut self) -> F::Output {
            match self.poll() {
                Poll::Ready(output) => output,
                Poll::Pending => panic!("not ready"),
            }
        }

        #[track_caller]
        pub(crate) fn assert_pending(&mut self) {
            assert!(self.poll().is_pending(), "ready");
        }

        /// Goes on as another task: the wakers handed out so far are the old one's.
        pub(crate) fn change_task(&mut self) -> OldTask {
            OldTask(std::mem::take(&mut self.count))
        }

        /// Wake-ups of this task since this was last asked.
        pub(crate) fn take_wakes(&self) -> usize {
            self.count.0.swap(0, SeqCst)
        }

        /// Wakers of this task that somebody still holds.
        pub(crate) fn wakers(&self) -> usize {
            Arc::strong_count(&self.count) - 1
        }
    }

    pub(crate) struct OldTask(Arc<Count>);

    impl OldTask {
        pub(crate) fn take_wakes(&self) -> usize {
            self.0.0.swap(0, SeqCst)
        }

        pub(crate) fn wakers(&self) -> usize {
            Arc::strong_count(&self.0) - 1
        }
    }
}

#[cfg(loom)]
mod modelled {
    use crate::loom::thread::{self, Thread};
    use std::future::Future;
    use std::pin::{Pin, pin};
    use std::sync::Arc;
    use std::task::{Context, Poll, Wake, Waker};

    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    pub(crate) fn thread_waker() -> Waker {
        Waker::from(Arc::new(Unpark(thread::current())))
    }

    /// Polls on this thread of the model; a lost wake-up is a deadlock that loom sees.
    pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
        let mut future = pin!(future);
        let waker = thread_waker();
        loop {
            match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(output) => return output,
                Poll::Pending => thread::park(),
            }
        }
    }

    /// One poll, by a task that nobody runs any more.
    pub(crate) fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }
}
