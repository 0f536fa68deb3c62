//! **What does the scraper need besides its runtime?** Addresses, pages, words for
//! what can go wrong, certificates to trust, a blocking client; and for each runtime
//! library the adapters that hyper and rustls need to run on it.
//!
//! What awaits is compiled once per library, with the course's programs, and so lies
//! beside them in name only: `client.rs` and `site.rs` here are loaded by
//! `course/mod.rs`, and find the library as `super::rt` and its adapters as
//! `super::web`.
//!
//! Read next: `visit.rs`, `episodes.rs`, `site.rs`, `client.rs`, `claims.rs`; and
//! `trouble.rs` for what is said when a page can't be had.

use hyper::StatusCode;
use hyper::header::HeaderValue;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use address::Address;
use trouble::Trouble;

pub(crate) mod address;
pub(crate) mod blocking;
pub(crate) mod claims;
pub(crate) mod episodes;
pub(crate) mod guests;
pub(crate) mod on_kolo;
pub(crate) mod on_tokio;
pub(crate) mod trouble;
pub(crate) mod trust;
pub(crate) mod visit;

/// A page larger than this is not read to its end, in bytes.
pub(crate) const PAGE_LIMIT: usize = 4_000_000;

/// How many times a page may say that it is elsewhere.
pub(crate) const REDIRECTS: usize = 5;

/// How the clients introduce themselves.
pub(crate) const USER_AGENT: &str = concat!("kolo-demos/", env!("CARGO_PKG_VERSION"));

/// Raises the process's own limit on open files to the one that the system sets it:
/// a page at once is a connection, and of the bundled site's it has both ends.
pub(crate) fn ask_for_all_descriptors() {
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        // Refused, it stays as it is; a page that finds none left will say so.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    }
}

/// What a site answers, if it has the page.
pub(crate) enum Answer {
    Page(String),
    Elsewhere(Address),
}

impl Answer {
    /// The page, if this is its head and it follows: `None`. Or else where it is.
    ///
    /// # Errors
    ///
    /// If there is no page, or no such place.
    pub(crate) fn elsewhere(
        status: StatusCode,
        location: Option<&HeaderValue>,
        asked: &Address,
    ) -> Result<Option<Self>, Trouble> {
        let location = location.filter(|_| status.is_redirection());
        match location.map(|location| String::from_utf8_lossy(location.as_bytes())) {
            Some(location) => match asked.follow(&location) {
                Ok(address) => Ok(Some(Self::Elsewhere(address))),
                Err(why) => Err(Trouble::Nowhere(location.into_owned(), why)),
            },
            None if status.is_success() => Ok(None),
            None => Err(Trouble::Status(status)),
        }
    }

    /// A page of these bytes. What is not UTF-8 is replaced.
    pub(crate) fn page(bytes: &[u8]) -> Self {
        Self::Page(String::from_utf8_lossy(bytes).into_owned())
    }
}
