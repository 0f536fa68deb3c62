use super::ReadBuf;
use bytes::BufMut;
use std::mem::MaybeUninit;
use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::prelude::*;

fn uninit<const N: usize>() -> [MaybeUninit<u8>; N] {
    [const { MaybeUninit::uninit() }; N]
}

#[test]
fn memory_with_values_is_initialized_but_not_filled() {
    let mut memory = *b"abcd";
    let mut buf = ReadBuf::new(&mut memory);
    assert_eq!((buf.filled(), buf.initialized()), (&b""[..], &b"abcd"[..]));
    // Nothing is zeroed that holds a value.
    assert_eq!(buf.initialize_unfilled(), b"abcd");
    buf.advance(2);
    assert_eq!(buf.filled(), b"ab");
    buf.clear();
    assert_eq!((buf.filled(), buf.initialized()), (&b""[..], &b"abcd"[..]));
}

#[test]
fn take_fills_its_parent_only_when_told() {
    let mut memory = uninit::<6>();
    let mut buf = ReadBuf::uninit(&mut memory);
    buf.put_slice(b"ab");
    let mut part = buf.take(3);
    assert_eq!((part.capacity(), part.filled()), (3, &b""[..]));
    part.put_slice(b"cde");
    assert_eq!(buf.filled(), b"ab");
    // SAFETY: the three were written to just now.
    unsafe { buf.assume_init(3) };
    buf.advance(3);
    assert_eq!(buf.filled(), b"abcde");
    assert_eq!(buf.take(usize::MAX).capacity(), 1);
}

#[test]
fn is_a_buf_mut() {
    let mut memory = uninit::<6>();
    let mut buf = ReadBuf::uninit(&mut memory);
    buf.put_u16(0x6b6f);
    buf.put(&b"lo"[..]);
    assert_eq!((buf.filled(), buf.remaining_mut()), (&b"kolo"[..], 2));
    assert_eq!(buf.chunk_mut().len(), 2);
}

/// Whatever safe code does, the invariants hold, and a filled byte has the value
/// that a plain vector would have.
#[derive(Clone, Debug)]
enum Step {
    Put(Vec<u8>),
    Initialize(usize),
    Advance(usize),
    SetFilled(usize),
    Clear,
    Scribble(u8),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..12).prop_map(Step::Put),
        (0usize..20).prop_map(Step::Initialize),
        (0usize..20).prop_map(Step::Advance),
        (0usize..20).prop_map(Step::SetFilled),
        Just(Step::Clear),
        any::<u8>().prop_map(Step::Scribble),
    ]
}

proptest! {
    #[test]
    fn does_what_a_vector_would(steps in proptest::collection::vec(step(), 0..40)) {
        const CAPACITY: usize = 16;
        let mut memory = uninit::<CAPACITY>();
        let mut buf = ReadBuf::uninit(&mut memory);
        // The initialized bytes, and how many of them are filled.
        let (mut model, mut filled) = (Vec::<u8>::new(), 0);

        for step in steps {
            let allowed = match &step {
                Step::Put(bytes) => filled + bytes.len() <= CAPACITY,
                Step::Initialize(n) => filled + n <= CAPACITY,
                Step::Advance(n) => filled + n <= model.len(),
                Step::SetFilled(n) => *n <= model.len(),
                Step::Clear | Step::Scribble(_) => true,
            };
            let done = catch_unwind(AssertUnwindSafe(|| match &step {
                Step::Put(bytes) => buf.put_slice(bytes),
                Step::Initialize(n) => assert_eq!(buf.initialize_unfilled_to(*n).len(), *n),
                Step::Advance(n) => buf.advance(*n),
                Step::SetFilled(n) => buf.set_filled(*n),
                Step::Clear => buf.clear(),
                Step::Scribble(value) => buf.initialized_mut().fill(*value),
            }));
            prop_assert_eq!(done.is_ok(), allowed);
            if allowed {
                match step {
                    Step::Put(bytes) => {
                        let end = filled + bytes.len();
                        model.resize(model.len().max(end), 0);
                        model[filled..end].copy_from_slice(&bytes);
                        filled = end;
                    }
                    Step::Initialize(n) => model.resize(model.len().max(filled + n), 0),
                    Step::Advance(n) => filled += n,
                    Step::SetFilled(n) => filled = n,
                    Step::Clear => filled = 0,
                    Step::Scribble(value) => model.fill(value),
                }
            }
            prop_assert_eq!(buf.initialized(), &model[..]);
            prop_assert_eq!(buf.filled(), &model[..filled]);
            prop_assert_eq!(buf.remaining(), CAPACITY - filled);
        }
    }
}
