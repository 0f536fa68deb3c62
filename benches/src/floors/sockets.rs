//! **The floor of sockets**: [`EchoLoop`], which stands beside the load client so
//! that the demos have it too.

use std::sync::mpsc;

use kolo_load::{EchoLoop, Placement, Work};

use crate::alloc::live_bytes_of;
use crate::libraries::Flavour;
use crate::load::{Job, LOOPBACK, beside, plan};
use crate::reading::Reading;

/// The floor of `sockets::echoes`.
pub(super) fn echoes(flavour: Flavour, Job { work, buffer }: Job) -> Reading {
    let placement = flavour.placement();
    let _pinned = placement.pin_server().unwrap();
    let mut server = EchoLoop::bind(LOOPBACK, buffer).unwrap();
    let (address, ender) = (server.local_addr().unwrap(), server.ender());
    let (ended, end) = mpsc::channel();
    beside(&plan(address, placement, work), move |found| {
        let _ = ended.send(found);
        ender.end().unwrap();
    });
    server.run().unwrap();
    Reading::of(end.recv().unwrap())
}

/// The floor of `sockets::bytes_per_connection`: the places in the slab.
pub(super) fn bytes_per_connection(connections: u64) -> f64 {
    let mut server = EchoLoop::bind(LOOPBACK, 64).unwrap();
    let address = server.local_addr().unwrap();
    let idle = Work::Idle {
        connections: connections as usize,
    };
    let (ended, end) = mpsc::channel();
    beside(&plan(address, Placement::Anywhere, idle), move |found| {
        let _ = ended.send(found);
    });
    // One more, whose end is the client's.
    let live = live_bytes_of(|| server.run_until_accepted(connections + 1).unwrap());
    drop(server);
    end.recv().unwrap().unwrap();
    live as f64 / (connections + 1) as f64
}
