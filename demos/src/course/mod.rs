//! **How does one source text run on two runtime libraries?** It is compiled
//! twice. Each module below says once which library `rt` is, and then loads the
//! same files. That line is the swap; no program of the course knows it.
//!
//! Within a library, one thread or all of them is the Builder's choice, made in
//! `library.rs`. So two modules give the four runtimes of `runtimes.rs`.
//!
//! The inline modules carry `#[path = "."]`, or rustc would look for their files
//! in a folder `on_kolo/`.
//!
//! What hyper and TLS need to run on a library differs too, and so has a line of its
//! own: `web`.
//!
//! Read next: `upper_bound.rs`, `requests.rs`, `rush.rs`, `count.rs`, `fib.rs`,
//! `producer_consumer.rs`, `loop_program.rs`, `scrape.rs`, `files.rs`, `greeters.rs`,
//! `threaded_producer.rs`, `compute.rs`, `bank.rs`, `pools.rs`, `unsync.rs`, `city.rs`: the
//! order of the course; then `echo.rs`.

#![allow(clippy::duplicate_mod)] // one text, compiled once per library: the point

/// The course on kolo.
#[path = "."]
pub(crate) mod on_kolo {
    use ::kolo as rt;

    use crate::web::on_kolo as web;

    #[path = "bank.rs"]
    mod bank;
    #[path = "bank_locked.rs"]
    mod bank_locked;
    #[path = "bank_unlocked.rs"]
    mod bank_unlocked;
    #[path = "bank_watched.rs"]
    mod bank_watched;
    #[path = "city.rs"]
    mod city;
    #[path = "compute.rs"]
    mod compute;
    #[path = "count.rs"]
    mod count;
    #[path = "echo.rs"]
    mod echo;
    #[path = "fib.rs"]
    mod fib;
    #[path = "files.rs"]
    mod files;
    #[path = "greeters.rs"]
    mod greeters;
    #[path = "library.rs"]
    mod library;
    #[path = "loop_program.rs"]
    mod loop_program;
    #[path = "pools.rs"]
    mod pools;
    #[path = "producer_consumer.rs"]
    mod producer_consumer;
    #[path = "requests.rs"]
    mod requests;
    #[path = "rush.rs"]
    mod rush;
    #[path = "scrape.rs"]
    mod scrape;
    #[path = "threaded_producer.rs"]
    mod threaded_producer;
    #[path = "unsync.rs"]
    mod unsync;
    #[path = "upper_bound.rs"]
    mod upper_bound;

    #[path = "../web/client.rs"]
    mod client;
    #[path = "../web/site.rs"]
    mod site;
    #[path = "../city/tasks.rs"]
    mod tasks;

    pub(crate) use library::{new_loop, new_loop_with_pool, play};
}

/// The course on tokio. Its site has Python among its guests, too.
#[path = "."]
pub(crate) mod on_tokio {
    use ::tokio as rt;

    use crate::web::on_tokio as web;

    #[path = "bank.rs"]
    mod bank;
    #[path = "bank_locked.rs"]
    mod bank_locked;
    #[path = "bank_unlocked.rs"]
    mod bank_unlocked;
    #[path = "bank_watched.rs"]
    mod bank_watched;
    #[path = "city.rs"]
    mod city;
    #[path = "compute.rs"]
    mod compute;
    #[path = "count.rs"]
    mod count;
    #[path = "echo.rs"]
    mod echo;
    #[path = "fib.rs"]
    mod fib;
    #[path = "files.rs"]
    mod files;
    #[path = "greeters.rs"]
    mod greeters;
    #[path = "library.rs"]
    mod library;
    #[path = "loop_program.rs"]
    mod loop_program;
    #[path = "pools.rs"]
    mod pools;
    #[path = "producer_consumer.rs"]
    mod producer_consumer;
    #[path = "requests.rs"]
    mod requests;
    #[path = "rush.rs"]
    mod rush;
    #[path = "scrape.rs"]
    mod scrape;
    #[path = "threaded_producer.rs"]
    mod threaded_producer;
    #[path = "unsync.rs"]
    mod unsync;
    #[path = "upper_bound.rs"]
    mod upper_bound;

    #[path = "../web/client.rs"]
    mod client;
    #[path = "../web/site.rs"]
    mod site;
    #[path = "../city/tasks.rs"]
    mod tasks;

    pub(crate) use library::{new_loop, new_loop_with_pool, play};
    pub(crate) use site::Site;
}
