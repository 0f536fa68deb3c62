use super::*;
use crate::sync::testing::{ByHand, by_hand};
use crate::task::coop;
use proptest::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Wake;

#[test]
fn items_come_out_in_the_order_in_which_they_went_in() {
    let queue = Queue::unbounded();
    for i in 0..100 {
        by_hand(queue.put(i)).ready().unwrap();
    }
    assert_eq!(
        (queue.len(), queue.is_full(), queue.capacity()),
        (100, false, None)
    );
    for i in 0..100 {
        assert_eq!(by_hand(queue.get()).ready(), Ok(i));
    }
    assert!(queue.is_empty());
}

#[test]
fn handles_are_one_queue() {
    let queue = Queue::default();
    queue.clone().try_put(1).unwrap();
    assert_eq!(queue.try_get(), Ok(1));
}

#[test]
fn a_full_queue_makes_putters_wait_in_line() {
    let queue = Queue::bounded(1);
    queue.try_put(1).unwrap();
    assert_eq!((queue.is_full(), queue.capacity()), (true, Some(1)));
    assert_eq!(queue.try_put(9), Err(TryPutError::Full(9)));

    let (mut second, mut third) = (by_hand(queue.put(2)), by_hand(queue.put(3)));
    second.assert_pending();
    third.assert_pending();

    assert_eq!(queue.try_get(), Ok(1));
    assert_eq!((second.take_wakes(), third.take_wakes()), (1, 0));
    // The room is the second's, though there is no item in it yet.
    assert!(!queue.is_full());
    assert_eq!(queue.try_put(9), Err(TryPutError::Full(9)));
    by_hand(queue.put(9)).assert_pending();
    third.assert_pending();

    second.ready().unwrap();
    assert_eq!(queue.try_get(), Ok(2));
    assert_eq!(third.take_wakes(), 1);
    third.ready().unwrap();
    assert_eq!(queue.try_get(), Ok(3));
}

#[test]
fn getters_are_served_in_the_order_in_which_they_came() {
    let queue = Queue::unbounded();
    let mut getters: Vec<_> = (0..4).map(|_| by_hand(queue.get())).collect();
    for getter in &mut getters {
        getter.assert_pending();
    }
    for i in 0..4 {
        queue.try_put(i).unwrap();
        let woken: Vec<_> = getters.iter().map(ByHand::take_wakes).collect();
        assert_eq!(
            woken,
            (0..4).map(|j| usize::from(j == i)).collect::<Vec<_>>()
        );
    }
    // All are promised: who comes now does not overtake, whoever polls first.
    assert_eq!(queue.len(), 4);
    assert_eq!(queue.try_get(), Err(TryGetError::Empty));
    by_hand(queue.get()).assert_pending();
    for getter in &mut getters {
        assert!(getter.ready().is_ok());
    }
}

#[test]
fn a_cancelled_get_loses_nothing_and_passes_its_turn_on() {
    let queue = Queue::unbounded();
    let (mut first, mut second) = (by_hand(queue.get()), by_hand(queue.get()));
    first.assert_pending();
    second.assert_pending();
    queue.try_put("item").unwrap();
    assert_eq!((first.take_wakes(), second.take_wakes()), (1, 0));
    drop(first);
    assert_eq!(second.take_wakes(), 1);
    assert_eq!(second.ready(), Ok("item"));

    // Nobody next in line: the item is anybody's.
    let mut last = by_hand(queue.get());
    last.assert_pending();
    queue.try_put("more").unwrap();
    drop(last);
    assert_eq!(queue.try_get(), Ok("more"));
}

#[test]
fn a_cancelled_put_puts_nothing_and_passes_its_turn_on() {
    let queue = Queue::bounded(1);
    queue.try_put(1).unwrap();
    let (mut second, mut third) = (by_hand(queue.put(2)), by_hand(queue.put(3)));
    second.assert_pending();
    third.assert_pending();
    assert_eq!(queue.try_get(), Ok(1));
    assert_eq!((second.take_wakes(), third.take_wakes()), (1, 0));
    drop(second);
    assert_eq!(third.take_wakes(), 1);
    third.ready().unwrap();
    assert_eq!(queue.try_get(), Ok(3));
    assert_eq!(queue.try_get(), Err(TryGetError::Empty));
}

#[test]
fn a_put_gives_its_item_back_until_the_queue_has_it() {
    let queue = Queue::bounded(1);
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(queue.put(0).into_item(), Some(0));
    let mut put = queue.put(1);
    assert!(Pin::new(&mut put).poll(&mut cx).is_ready());
    assert_eq!(put.into_item(), None);
    let mut waiting = queue.put(2);
    assert!(Pin::new(&mut waiting).poll(&mut cx).is_pending());
    assert_eq!(waiting.into_item(), Some(2));
    // It has left the line too.
    assert_eq!(queue.try_get(), Ok(1));
    assert_eq!(queue.try_put(3), Ok(()));
}

#[test]
fn a_dropped_future_leaves_no_waker() {
    let queue = Queue::bounded(1);
    let mut get = by_hand(queue.get());
    get.assert_pending();
    assert_eq!(get.wakers(), 1);
    let old = get.change_task();
    get.assert_pending();
    assert_eq!((old.wakers(), get.wakers()), (0, 1));
    get.future.set(queue.get());
    assert_eq!(get.wakers(), 0);

    queue.try_put(1).unwrap();
    let mut put = by_hand(queue.put(2));
    put.assert_pending();
    put.assert_pending();
    assert_eq!(put.wakers(), 1);
    put.future.set(queue.put(3));
    assert_eq!(put.wakers(), 0);

    let mut join = by_hand(Box::pin(queue.join()));
    join.assert_pending();
    let old = join.change_task();
    join.assert_pending();
    assert_eq!((old.wakers(), join.wakers()), (0, 1));
    join.future.set(Box::pin(queue.join()));
    assert_eq!(join.wakers(), 0);
}

#[test]
fn a_closed_queue_refuses_puts_and_drains() {
    let queue = Queue::bounded(2);
    queue.try_put(1).unwrap();
    queue.try_put(2).unwrap();
    let mut waiting = by_hand(queue.put(3));
    waiting.assert_pending();

    assert!(!queue.is_closed());
    queue.close();
    queue.close();
    assert!(queue.is_closed());
    assert_eq!(waiting.take_wakes(), 1);
    assert_eq!(waiting.ready(), Err(PutError(3)));
    assert_eq!(by_hand(queue.put(4)).ready(), Err(PutError(4)));
    assert_eq!(queue.try_put(5), Err(TryPutError::Closed(5)));

    assert_eq!(by_hand(queue.get()).ready(), Ok(1));
    assert_eq!(queue.try_put(6).unwrap_err().into_inner(), 6);
    assert_eq!(queue.try_get(), Ok(2));
    assert_eq!(by_hand(queue.get()).ready(), Err(GetError::closed()));
    assert_eq!(queue.try_get(), Err(TryGetError::Closed));
}

#[test]
fn a_close_keeps_promised_items_and_voids_promised_slots() {
    let queue = Queue::bounded(1);
    let (mut served, mut unserved) = (by_hand(queue.get()), by_hand(queue.get()));
    served.assert_pending();
    unserved.assert_pending();
    queue.try_put(1).unwrap();
    queue.close();
    assert_eq!((served.take_wakes(), unserved.take_wakes()), (1, 1));
    assert_eq!(unserved.ready(), Err(GetError::closed()));
    assert_eq!(served.ready(), Ok(1));

    let queue = Queue::bounded(1);
    queue.try_put(1).unwrap();
    let mut promised = by_hand(queue.put(2));
    promised.assert_pending();
    assert_eq!(queue.try_get(), Ok(1));
    queue.close();
    assert_eq!(promised.ready(), Err(PutError(2)));
    assert!(queue.is_empty());
}

#[test]
fn join_waits_until_all_work_is_done() {
    let queue = Queue::unbounded();
    by_hand(queue.join()).ready();
    queue.try_put(1).unwrap();
    queue.try_put(2).unwrap();
    let (mut one, mut other) = (by_hand(queue.join()), by_hand(queue.join()));
    one.assert_pending();
    other.assert_pending();

    queue.try_get().unwrap();
    queue.try_get().unwrap();
    queue.task_done();
    assert_eq!((one.take_wakes(), other.take_wakes()), (0, 0));
    queue.task_done();
    assert_eq!((one.take_wakes(), other.take_wakes()), (1, 1));
    // New work does not call back those whose wait is over.
    queue.try_put(3).unwrap();
    one.ready();
    other.ready();
    by_hand(queue.join()).assert_pending();
}

fn panic_text(panic: Box<dyn std::any::Any + Send>) -> String {
    match panic.downcast::<String>() {
        Ok(text) => *text,
        Err(panic) => (*panic.downcast::<&str>().unwrap()).to_owned(),
    }
}

#[test]
fn misuse_panics_and_leaves_the_queue_usable() {
    let queue = Queue::bounded(1);
    queue.try_put(1).unwrap();
    queue.task_done();
    let panic = catch_unwind(AssertUnwindSafe(|| queue.task_done())).unwrap_err();
    assert!(panic_text(panic).contains("more often than items were put"));
    assert_eq!(queue.try_get(), Ok(1));

    let panic = catch_unwind(|| Queue::<()>::bounded(0)).unwrap_err();
    assert!(panic_text(panic).contains("Queue::unbounded()"));
}

/// Panics when woken.
struct Bomb;
impl Wake for Bomb {
    fn wake(self: Arc<Self>) {
        panic!("the waker panics");
    }
}

#[test]
fn a_waker_that_panics_harms_nobody_else() {
    let queue = Queue::unbounded();
    let bomb = Waker::from(Arc::new(Bomb));
    let mut bombed = pin!(queue.get());
    assert!(
        bombed
            .as_mut()
            .poll(&mut Context::from_waker(&bomb))
            .is_pending()
    );
    let mut other = by_hand(queue.get());
    other.assert_pending();

    assert!(catch_unwind(AssertUnwindSafe(|| queue.try_put(1))).is_err());
    queue.try_put(2).unwrap();
    assert_eq!(other.take_wakes(), 1);
    assert_eq!(other.ready(), Ok(1));
    let mut cx = Context::from_waker(Waker::noop());
    assert_eq!(bombed.poll(&mut cx), Poll::Ready(Ok(2)));
}

#[test]
fn a_putters_waker_that_panics_costs_the_getter_no_item() {
    let bomb = Waker::from(Arc::new(Bomb));
    let cx = &mut Context::from_waker(&bomb);
    let queue = Queue::bounded(1);
    queue.try_put(1).unwrap();
    let mut put = queue.put(2);
    assert!(Pin::new(&mut put).poll(cx).is_pending());
    assert_eq!(queue.try_get(), Ok(1));
    assert!(Pin::new(&mut put).poll(cx).is_ready());
    let mut put = queue.put(3);
    assert!(Pin::new(&mut put).poll(cx).is_pending());
    assert_eq!(by_hand(queue.get()).ready(), Ok(2));
    assert!(Pin::new(&mut put).poll(cx).is_ready());
}

#[test]
fn a_waker_may_use_the_queue() {
    struct Puts(Queue<u32>);
    impl Wake for Puts {
        fn wake(self: Arc<Self>) {
            self.0.try_put(self.0.len() as u32).unwrap();
        }
    }
    impl Drop for Puts {
        fn drop(&mut self) {
            self.0.try_put(100).unwrap();
        }
    }
    let queue = Queue::unbounded();
    let mut get = Box::pin(queue.get());
    let waker = Waker::from(Arc::new(Puts(queue.clone())));
    assert!(
        get.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    drop(waker);
    queue.try_put(0).unwrap(); // wakes, and drops the waker
    assert_eq!(queue.len(), 3);

    // Replaced by another, and dropped with its future.
    let queue = Queue::bounded(1);
    queue.try_put(0).unwrap();
    let spoon = Queue::unbounded();
    let mut put = Box::pin(queue.put(1));
    let waker = Waker::from(Arc::new(Puts(spoon.clone())));
    assert!(
        put.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    drop(waker);
    assert!(
        put.as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
            .is_pending()
    );
    assert_eq!(spoon.try_get(), Ok(100));
}

#[test]
fn producers_and_consumers_on_threads_of_their_own() {
    use crate::park::block_on_thread;
    const EACH: usize = 2_000;
    let queue = Queue::bounded(3);
    let producers = [0, 1].map(|producer| {
        let queue = queue.clone();
        std::thread::spawn(move || {
            for i in 0..EACH {
                block_on_thread(queue.put((producer, i))).unwrap();
            }
        })
    });
    let consumers = [0, 1].map(|_| {
        let queue = queue.clone();
        std::thread::spawn(move || {
            let mut got = [vec![], vec![]];
            while let Ok((producer, i)) = block_on_thread(queue.get()) {
                got[producer].push(i);
                queue.task_done();
            }
            got
        })
    });
    for producer in producers {
        producer.join().unwrap();
    }
    block_on_thread(queue.join());
    queue.close();
    let mut all = vec![];
    for [a, b] in consumers.map(|consumer| consumer.join().unwrap()) {
        // Each consumer sees each producer's items in order.
        assert!(a.is_sorted() && b.is_sorted());
        all.extend(a.into_iter().chain(b));
    }
    all.sort_unstable();
    assert_eq!(all, (0..EACH).flat_map(|i| [i, i]).collect::<Vec<_>>());
}

#[test]
fn what_is_left_is_dropped_with_the_last_handle() {
    let token = Arc::new(());
    let queue = Queue::unbounded();
    queue.try_put(token.clone()).unwrap();
    let other = queue.clone();
    drop(queue);
    assert_eq!(Arc::strong_count(&token), 2);
    drop(other);
    assert_eq!(Arc::strong_count(&token), 1);
}

#[test]
fn an_item_whose_destructor_panics_does_not_keep_the_others() {
    struct Item(Arc<AtomicUsize>, bool);
    impl Drop for Item {
        fn drop(&mut self) {
            self.0.fetch_add(1, SeqCst);
            assert!(!self.1, "the destructor panics");
        }
    }
    let drops = Arc::new(AtomicUsize::new(0));
    let queue = Queue::unbounded();
    for i in 0..3 {
        assert!(queue.try_put(Item(drops.clone(), i == 0)).is_ok());
    }
    assert!(catch_unwind(AssertUnwindSafe(|| drop(queue))).is_err());
    assert_eq!(drops.load(SeqCst), 3);
}

#[test]
fn put_and_get_take_units_of_the_budget() {
    let queue = Queue::unbounded();
    coop::with_budget(|| {
        for i in 0..usize::from(coop::BUDGET) / 2 {
            by_hand(queue.put(i)).ready().unwrap();
            assert_eq!(by_hand(queue.get()).ready(), Ok(i));
        }
        let mut put = by_hand(queue.put(0));
        put.assert_pending();
        assert_eq!(put.take_wakes(), 1, "it yields, it does not wait");
        let mut get = by_hand(queue.get());
        get.assert_pending();
        assert_eq!(get.take_wakes(), 1);
    });
    // A get that must wait spends nothing.
    coop::with_budget(|| {
        for _ in 0..300 {
            let mut get = by_hand(queue.get());
            get.assert_pending();
            assert_eq!(get.take_wakes(), 0);
        }
    });
}

#[test]
fn an_emptied_queue_gives_its_room_back() {
    let queue = Queue::unbounded();
    for i in 0..100_000 {
        queue.try_put(i).unwrap();
    }
    while queue.try_get().is_ok() {}
    assert!(queue.lock().items.capacity() <= KEPT);
    // In steady state nothing is allocated or given back.
    for i in 0..KEPT {
        queue.try_put(i).unwrap();
    }
    let room = queue.lock().items.capacity();
    while queue.try_get().is_ok() {}
    assert_eq!(queue.lock().items.capacity(), room);
}

#[test]
fn errors_say_what_happened() {
    assert_eq!(PutError(1).to_string(), "the queue is closed");
    assert_eq!(GetError::closed().to_string(), "the queue is closed");
    assert_eq!(TryPutError::Full(1).to_string(), "the queue is full");
    assert_eq!(TryPutError::Closed(1).to_string(), "the queue is closed");
    assert_eq!(TryGetError::Empty.to_string(), "the queue is empty");
    assert_eq!(TryGetError::Closed.to_string(), "the queue is closed");
    assert_eq!(format!("{:?}", TryPutError::Full(1)), "Full(..)");
}

#[test]
fn handles_and_futures_cross_threads() {
    fn crosses<T: Send + Sync + Unpin>(_: &T) {}
    fn moves<T: Send>(_: &T) {}
    let queue = Queue::<std::cell::Cell<u32>>::unbounded();
    crosses(&queue);
    moves(&queue.put(Default::default()));
    crosses(&queue.get());
    moves(&queue.join());
}

#[derive(Clone, Debug)]
enum Step {
    Put,
    Get,
    TryPut,
    TryGet,
    /// Polls, or drops, a future that waits.
    PollPut(prop::sample::Index),
    PollGet(prop::sample::Index),
    DropPut(prop::sample::Index),
    DropGet(prop::sample::Index),
    Join,
    PollJoin,
    TaskDone,
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        6 => Just(Step::Put),
        6 => Just(Step::Get),
        2 => Just(Step::TryPut),
        2 => Just(Step::TryGet),
        4 => index().prop_map(Step::PollPut),
        4 => index().prop_map(Step::PollGet),
        2 => index().prop_map(Step::DropPut),
        2 => index().prop_map(Step::DropGet),
        1 => Just(Step::Join),
        1 => Just(Step::PollJoin),
        4 => Just(Step::TaskDone),
        1 => prop_oneof![9 => Just(Step::TaskDone), 1 => Just(Step::Close)],
    ]
}

/// One who waits: what it holds, whether it has been called, and wake-ups due.
#[derive(Debug)]
struct Waiting {
    item: u32,
    called: bool,
    wakes: usize,
}

impl Waiting {
    fn new(item: u32) -> Self {
        Waiting {
            item,
            called: false,
            wakes: 0,
        }
    }
}

/// The queue as one would explain it, with every waiter in a plain list.
#[derive(Debug)]
struct Model {
    items: VecDeque<u32>,
    capacity: usize,
    putters: Vec<Waiting>,
    getters: Vec<Waiting>,
    closed: bool,
    unfinished: usize,
    /// Wake-ups due to, and outcome of, the one join.
    join: Option<(usize, bool)>,
}

impl Model {
    fn promised(line: &[Waiting]) -> usize {
        line.iter().filter(|w| w.called).count()
    }

    /// Calls as many as can be served.
    fn call(&mut self) {
        if self.closed {
            return;
        }
        let slots = self.capacity - self.items.len();
        for (there, line) in [
            (slots, &mut self.putters),
            (self.items.len(), &mut self.getters),
        ] {
            while Self::promised(line) < there
                && let Some(first) = line.iter_mut().find(|w| !w.called)
            {
                first.called = true;
                first.wakes += 1;
            }
        }
    }

    fn has_room(&self) -> bool {
        self.items.len() + Self::promised(&self.putters) < self.capacity
    }

    fn has_item(&self) -> bool {
        self.items.len() > Self::promised(&self.getters)
    }

    fn add(&mut self, item: u32) {
        self.items.push_back(item);
        self.unfinished += 1;
        self.call();
    }

    fn take(&mut self) -> u32 {
        let item = self.items.pop_front().unwrap();
        self.call();
        item
    }

    fn close(&mut self) {
        if !std::mem::replace(&mut self.closed, true) {
            for waiting in self
                .putters
                .iter_mut()
                .chain(&mut self.getters)
                .filter(|w| !w.called)
            {
                waiting.wakes += 1;
            }
        }
    }
}

/// Each item carries a token that is counted.
type Item = (u32, Arc<()>);

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn behaves_like_its_model(
        bound in prop_oneof![Just(None), (1usize..4).prop_map(Some)],
        steps in prop::collection::vec(step(), 1..150),
    ) {
        let token = Arc::new(());
        let queue = bound.map_or_else(Queue::unbounded, Queue::bounded);
        let mut model = Model {
            items: VecDeque::new(), capacity: bound.unwrap_or(usize::MAX), putters: vec![],
            getters: vec![], closed: false, unfinished: 0, join: None,
        };
        let mut putters: Vec<ByHand<Put<'_, Item>>> = vec![];
        let mut getters: Vec<ByHand<Get<'_, Item>>> = vec![];
        let mut join = None;
        for (number, step) in (0..).zip(steps) {
            match step {
                Step::Put => {
                    let mut put = by_hand(queue.put((number, token.clone())));
                    match put.poll() {
                        Poll::Ready(Ok(())) => {
                            prop_assert!(!model.closed && model.has_room());
                            model.add(number);
                        }
                        Poll::Ready(Err(PutError((item, _)))) => {
                            prop_assert!(model.closed && item == number);
                        }
                        Poll::Pending => {
                            prop_assert!(!model.closed && !model.has_room());
                            putters.push(put);
                            model.putters.push(Waiting::new(number));
                        }
                    }
                }
                Step::TryPut => match queue.try_put((number, token.clone())) {
                    Ok(()) => {
                        prop_assert!(!model.closed && model.has_room());
                        model.add(number);
                    }
                    Err(TryPutError::Closed(_)) => prop_assert!(model.closed),
                    Err(TryPutError::Full(_)) => prop_assert!(!model.closed && !model.has_room()),
                },
                Step::Get => {
                    let mut get = by_hand(queue.get());
                    match get.poll() {
                        Poll::Ready(Ok((item, _))) => {
                            prop_assert!(model.has_item());
                            prop_assert_eq!(item, model.take());
                        }
                        Poll::Ready(Err(_)) => prop_assert!(model.closed && !model.has_item()),
                        Poll::Pending => {
                            prop_assert!(!model.closed && !model.has_item());
                            getters.push(get);
                            model.getters.push(Waiting::new(0));
                        }
                    }
                }
                Step::TryGet => match queue.try_get() {
                    Ok((item, _)) => {
                        prop_assert!(model.has_item());
                        prop_assert_eq!(item, model.take());
                    }
                    Err(TryGetError::Closed) => prop_assert!(model.closed && !model.has_item()),
                    Err(TryGetError::Empty) => prop_assert!(!model.closed && !model.has_item()),
                },
                Step::PollPut(index) if !putters.is_empty() => {
                    let index = index.index(putters.len());
                    if let Poll::Ready(outcome) = putters[index].poll() {
                        let waiting = model.putters.remove(index);
                        putters.remove(index);
                        match outcome {
                            Ok(()) => {
                                prop_assert!(waiting.called && !model.closed);
                                model.add(waiting.item);
                            }
                            Err(PutError((item, _))) => {
                                prop_assert!(model.closed && item == waiting.item);
                            }
                        }
                    } else {
                        prop_assert!(!model.closed && !model.putters[index].called);
                    }
                }
                Step::PollGet(index) if !getters.is_empty() => {
                    let index = index.index(getters.len());
                    if let Poll::Ready(outcome) = getters[index].poll() {
                        let waiting = model.getters.remove(index);
                        getters.remove(index);
                        match outcome {
                            Ok((item, _)) => {
                                prop_assert!(waiting.called || model.has_item());
                                prop_assert_eq!(item, model.take());
                            }
                            Err(_) => {
                                prop_assert!(model.closed && !waiting.called && !model.has_item());
                            }
                        }
                    } else {
                        prop_assert!(!model.closed && !model.getters[index].called);
                    }
                }
                Step::DropPut(index) if !putters.is_empty() => {
                    let index = index.index(putters.len());
                    drop(putters.remove(index));
                    model.putters.remove(index);
                    model.call();
                }
                Step::DropGet(index) if !getters.is_empty() => {
                    let index = index.index(getters.len());
                    drop(getters.remove(index));
                    model.getters.remove(index);
                    model.call();
                }
                Step::Join => {
                    let mut new = by_hand(queue.join());
                    let done = new.poll().is_ready();
                    prop_assert_eq!(done, model.unfinished == 0);
                    (join, model.join) = if done { (None, None) } else { (Some(new), Some((0, false))) };
                }
                Step::PollJoin => {
                    if let (Some(waiting), Some((_, done))) = (&mut join, model.join) {
                        prop_assert_eq!(waiting.poll().is_ready(), done);
                        if done {
                            (join, model.join) = (None, None);
                        }
                    }
                }
                Step::TaskDone if model.unfinished > 0 => {
                    queue.task_done();
                    model.unfinished -= 1;
                    if model.unfinished == 0
                        && let Some((wakes, done)) = &mut model.join
                        && !*done
                    {
                        (*wakes, *done) = (1, true);
                    }
                }
                Step::Close => {
                    queue.close();
                    model.close();
                }
                _ => {} // nothing to pick from
            }
            prop_assert_eq!(queue.len(), model.items.len());
            prop_assert_eq!(queue.is_full(), model.items.len() == model.capacity);
            prop_assert_eq!(queue.is_closed(), model.closed);
            for (future, waiting) in putters.iter().zip(&mut model.putters) {
                prop_assert_eq!(future.take_wakes(), std::mem::take(&mut waiting.wakes));
            }
            for (future, waiting) in getters.iter().zip(&mut model.getters) {
                prop_assert_eq!(future.take_wakes(), std::mem::take(&mut waiting.wakes));
            }
            if let (Some(future), Some((wakes, _))) = (&join, &mut model.join) {
                prop_assert_eq!(future.take_wakes(), std::mem::take(wakes));
            }
            // Each item is in the queue or with its putter, and nowhere else.
            prop_assert_eq!(Arc::strong_count(&token) - 1, model.items.len() + putters.len());
        }
        drop((putters, getters, join));
        drop(queue);
        prop_assert_eq!(Arc::strong_count(&token), 1);
    }
}
