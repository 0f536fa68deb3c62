//! The bounded channel against a plain model, with generated operations: what
//! each call answers, every count, and exactly who is woken when.
//!
//! The unbounded channel has one waiter and no slots; its model is a list.

use super::error::{SendError, TryRecvError, TrySendError};
use super::*;
use crate::sync::testing::{ByHand, by_hand};
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

/// Each message carries a token that is counted.
type Message = (u32, Arc<()>);

/// A waiting sender: `Ok` with its permits, if it asked for some, or `Err` with
/// its message, if it had one.
type Sending<'a> =
    Pin<Box<dyn Future<Output = Result<Vec<Permit<'a, Message>>, Option<Message>>> + 'a>>;

/// The receiver's wake-ups.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Send,
    Reserve(usize),
    Poll(Index),
    Cancel(Index),
    TrySend,
    TryReserve(usize),
    UsePermit(Index),
    DropPermit(Index),
    Recv,
    TryRecv,
    RecvMany(usize),
    Close,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => Just(Step::Send),
        3 => (0usize..5).prop_map(Step::Reserve),
        6 => any::<Index>().prop_map(Step::Poll),
        2 => any::<Index>().prop_map(Step::Cancel),
        2 => Just(Step::TrySend),
        2 => (0usize..5).prop_map(Step::TryReserve),
        4 => any::<Index>().prop_map(Step::UsePermit),
        4 => any::<Index>().prop_map(Step::DropPermit),
        6 => Just(Step::Recv),
        3 => Just(Step::TryRecv),
        2 => (0usize..4).prop_map(Step::RecvMany),
        1 => prop_oneof![4 => Just(Step::Recv), 1 => Just(Step::Close)],
    ]
}

#[derive(Debug)]
struct Claim {
    /// The message that it will send; permits otherwise.
    message: Option<u32>,
    wanted: usize,
    given: usize,
    wakes: usize,
}

/// The channel as one would explain it.
#[derive(Debug, Default)]
struct Model {
    bound: usize,
    messages: VecDeque<u32>,
    permits: usize,
    claims: Vec<Claim>,
    closed: bool,
    /// Does the receiver wait?
    waiting: bool,
    /// Wake-ups of the receiver that are due.
    wakes: usize,
}

impl Model {
    fn lent(&self) -> usize {
        self.permits + self.claims.iter().map(|c| c.given).sum::<usize>()
    }

    fn free(&self) -> usize {
        self.bound - self.messages.len() - self.lent()
    }

    fn ended(&self) -> bool {
        self.closed && self.lent() == 0 && self.messages.is_empty()
    }

    /// Gives free slots to the first that lacks some, and tells the receiver
    /// what it waits for.
    fn settle(&mut self) {
        while !self.closed && self.free() > 0 {
            let Some(claim) = self.claims.iter_mut().find(|c| c.given < c.wanted) else {
                break;
            };
            claim.given += 1;
            if claim.given == claim.wanted {
                claim.wakes += 1;
            }
        }
        if self.waiting && (!self.messages.is_empty() || self.ended()) {
            self.waiting = false;
            self.wakes += 1;
        }
    }

    fn close(&mut self) {
        if !std::mem::replace(&mut self.closed, true) {
            for claim in self.claims.iter_mut().filter(|c| c.given < c.wanted) {
                claim.wakes += 1;
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_bounded_channel_behaves_like_its_model(
        bound in 1usize..5,
        steps in prop::collection::vec(step(), 1..150),
    ) {
        let token = Arc::new(());
        let (tx, mut rx) = channel::<Message>(bound);
        let bell = Arc::new(Bell::default());
        let waker = Waker::from(bell.clone());
        let cx = &mut Context::from_waker(&waker);
        let mut model = Model { bound, ..Model::default() };
        let mut sending: Vec<ByHand<Sending<'_>>> = vec![];
        let mut permits: Vec<Permit<'_, Message>> = vec![];

        for (number, step) in (0..).zip(steps) {
            match step {
                Step::Send | Step::Reserve(_) => {
                    let (future, claim): (Sending<'_>, _) = if let Step::Reserve(n) = step {
                        let reserve = tx.reserve_many(n);
                        let future = async move {
                            reserve.await.map(Iterator::collect).map_err(|_| None)
                        };
                        (Box::pin(future), Claim { message: None, wanted: n, given: 0, wakes: 0 })
                    } else {
                        let send = tx.send((number, token.clone()));
                        let future = async move {
                            send.await.map(|()| vec![]).map_err(|SendError(m)| Some(m))
                        };
                        let message = Some(number);
                        (Box::pin(future), Claim { message, wanted: 1, given: 0, wakes: 0 })
                    };
                    let mut future = by_hand(future);
                    let impossible = model.closed || claim.wanted > bound;
                    let at_once = claim.wanted <= model.free();
                    match future.poll() {
                        Poll::Ready(Ok(got)) => {
                            prop_assert!(!impossible && at_once);
                            match claim.message {
                                Some(message) => model.messages.push_back(message),
                                None => model.permits += claim.wanted,
                            }
                            permits.extend(got);
                        }
                        Poll::Ready(Err(back)) => {
                            prop_assert!(impossible);
                            prop_assert_eq!(back.map(|m| m.0), claim.message);
                        }
                        Poll::Pending => {
                            prop_assert!(!impossible && !at_once);
                            sending.push(future);
                            model.claims.push(claim);
                        }
                    }
                }
                Step::Poll(index) if !sending.is_empty() => {
                    let index = index.index(sending.len());
                    let claim = &model.claims[index];
                    let served = claim.given == claim.wanted;
                    match sending[index].poll() {
                        Poll::Ready(outcome) => {
                            sending.remove(index);
                            let claim = model.claims.remove(index);
                            match outcome {
                                Ok(got) => {
                                    prop_assert!(served && !model.closed);
                                    match claim.message {
                                        Some(message) => model.messages.push_back(message),
                                        None => model.permits += claim.wanted,
                                    }
                                    permits.extend(got);
                                }
                                Err(back) => {
                                    prop_assert!(model.closed);
                                    prop_assert_eq!(back.map(|m| m.0), claim.message);
                                }
                            }
                        }
                        Poll::Pending => prop_assert!(!served && !model.closed),
                    }
                }
                Step::Cancel(index) if !sending.is_empty() => {
                    let index = index.index(sending.len());
                    drop(sending.remove(index));
                    model.claims.remove(index);
                }
                Step::TrySend => match tx.try_send((number, token.clone())) {
                    Ok(()) => {
                        prop_assert!(!model.closed && model.free() > 0);
                        model.messages.push_back(number);
                    }
                    Err(TrySendError::Closed(_)) => prop_assert!(model.closed),
                    Err(TrySendError::Full(_)) => prop_assert!(!model.closed && model.free() == 0),
                },
                Step::TryReserve(n) => match tx.try_reserve_many(n) {
                    Ok(got) => {
                        prop_assert!(!model.closed && n <= model.free());
                        prop_assert_eq!(got.len(), n);
                        model.permits += n;
                        permits.extend(got);
                    }
                    Err(TrySendError::Closed(())) => prop_assert!(model.closed && n <= bound),
                    Err(TrySendError::Full(())) => {
                        prop_assert!(n > bound || (!model.closed && n > model.free()));
                    }
                },
                Step::UsePermit(index) if !permits.is_empty() => {
                    let index = index.index(permits.len());
                    permits.remove(index).send((number, token.clone()));
                    model.permits -= 1;
                    model.messages.push_back(number);
                }
                Step::DropPermit(index) if !permits.is_empty() => {
                    let index = index.index(permits.len());
                    drop(permits.remove(index));
                    model.permits -= 1;
                }
                Step::Recv => match rx.poll_recv(cx) {
                    Poll::Ready(Some((message, _))) => {
                        prop_assert_eq!(Some(message), model.messages.pop_front());
                    }
                    Poll::Ready(None) => prop_assert!(model.ended()),
                    Poll::Pending => {
                        prop_assert!(!model.ended() && model.messages.is_empty());
                        model.waiting = true;
                    }
                },
                Step::TryRecv => match rx.try_recv() {
                    Ok((message, _)) => {
                        prop_assert_eq!(Some(message), model.messages.pop_front());
                    }
                    Err(TryRecvError::Disconnected) => prop_assert!(model.ended()),
                    Err(TryRecvError::Empty) => {
                        prop_assert!(!model.ended() && model.messages.is_empty());
                    }
                },
                Step::RecvMany(limit) => {
                    let mut buffer = vec![];
                    match rx.poll_recv_many(cx, &mut buffer, limit) {
                        Poll::Ready(n) => {
                            prop_assert_eq!(n, buffer.len());
                            prop_assert_eq!(n, limit.min(model.messages.len()));
                            prop_assert!(n > 0 || limit == 0 || model.ended());
                            for ((message, _), expected) in buffer.iter().zip(model.messages.drain(..n)) {
                                prop_assert_eq!(*message, expected);
                            }
                        }
                        Poll::Pending => {
                            prop_assert!(!model.ended() && model.messages.is_empty());
                            model.waiting = true;
                        }
                    }
                }
                Step::Close => {
                    rx.close();
                    model.close();
                }
                _ => {} // nothing to pick from
            }
            // A receiver that closes is not told so: it does it itself.
            if matches!(step, Step::Close) && model.ended() {
                model.waiting = false;
            }
            model.settle();
            prop_assert_eq!(tx.capacity(), model.free());
            prop_assert_eq!((rx.len(), rx.is_empty()), (model.messages.len(), model.messages.is_empty()));
            prop_assert_eq!((tx.is_closed(), rx.is_closed()), (model.closed, model.closed));
            for (future, claim) in sending.iter().zip(&mut model.claims) {
                prop_assert_eq!(future.take_wakes(), std::mem::take(&mut claim.wakes));
            }
            prop_assert_eq!(bell.0.swap(0, SeqCst), std::mem::take(&mut model.wakes));
            let with_senders = model.claims.iter().filter(|c| c.message.is_some()).count();
            prop_assert_eq!(Arc::strong_count(&token) - 1, model.messages.len() + with_senders);
        }
        drop((sending, permits));
        prop_assert_eq!(tx.capacity() + rx.len(), bound, "a slot is lost");
        drop((tx, rx));
        prop_assert_eq!(Arc::strong_count(&token), 1);
        drop(waker);
        prop_assert_eq!(Arc::strong_count(&bell), 1, "a waker is kept");
    }

    /// Sent, received by ones and by many, looked at, cloned, dropped, closed.
    #[test]
    fn the_unbounded_channel_behaves_like_a_list(
        steps in prop::collection::vec((0u8..16, 0usize..4), 1..200),
    ) {
        let token = Arc::new(());
        let (tx, mut rx) = unbounded_channel::<Message>();
        let mut senders = vec![tx];
        let bell = Arc::new(Bell::default());
        let waker = Waker::from(bell.clone());
        let cx = &mut Context::from_waker(&waker);
        let mut list = VecDeque::new();
        let (mut closed, mut waiting, mut wakes) = (false, false, 0);
        for (number, (step, n)) in (0..).zip(steps) {
            let ended = list.is_empty() && (closed || senders.is_empty());
            match step {
                0..=5 => {
                    let Some(tx) = senders.first() else { continue };
                    match tx.send((number, token.clone())) {
                        Ok(()) => {
                            prop_assert!(!closed);
                            list.push_back(number);
                            wakes += usize::from(std::mem::take(&mut waiting));
                        }
                        Err(SendError((back, _))) => prop_assert!(closed && back == number),
                    }
                }
                6..=8 => match rx.poll_recv(cx) {
                    Poll::Ready(Some((got, _))) => prop_assert_eq!(Some(got), list.pop_front()),
                    Poll::Ready(None) => prop_assert!(ended),
                    Poll::Pending => {
                        prop_assert!(list.is_empty() && !ended);
                        waiting = true;
                    }
                },
                9 => match rx.try_recv() {
                    Ok((got, _)) => prop_assert_eq!(Some(got), list.pop_front()),
                    Err(TryRecvError::Disconnected) => prop_assert!(ended),
                    Err(TryRecvError::Empty) => prop_assert!(list.is_empty() && !ended),
                },
                10 | 11 => {
                    let mut buffer = vec![];
                    match rx.poll_recv_many(cx, &mut buffer, n) {
                        Poll::Ready(got) => {
                            prop_assert_eq!(got, n.min(list.len()));
                            prop_assert!(got > 0 || n == 0 || ended);
                            let expected: Vec<u32> = list.drain(..got).collect();
                            let buffer: Vec<u32> = buffer.into_iter().map(|m| m.0).collect();
                            prop_assert_eq!(buffer, expected);
                        }
                        Poll::Pending => {
                            prop_assert!(list.is_empty() && !ended && n > 0);
                            waiting = true;
                        }
                    }
                }
                12 | 13 => senders.extend(senders.first().cloned()),
                14 => {
                    senders.pop();
                    if senders.is_empty() {
                        wakes += usize::from(std::mem::take(&mut waiting));
                    }
                }
                _ if n == 0 => {
                    rx.close();
                    closed = true;
                }
                _ => {}
            }
            prop_assert_eq!(rx.len(), list.len());
            prop_assert_eq!(rx.is_closed(), closed || senders.is_empty());
            prop_assert_eq!(rx.sender_strong_count(), senders.len());
            prop_assert_eq!(bell.0.load(SeqCst), wakes);
            prop_assert_eq!(Arc::strong_count(&token) - 1, list.len());
        }
        drop((senders, rx));
        prop_assert_eq!(Arc::strong_count(&token), 1);
    }
}
