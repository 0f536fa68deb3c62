//! **Why can a page not be had, and what is to be done about it?** Whatever a client
//! meets, by hyper or by ureq, becomes one [`Trouble`], and each says both in one line.
//!
//! An error arrives wrapped several times over: rustls' within an `io::Error`, that
//! within hyper's or ureq's. [`Trouble::of`] looks at each layer, from the inside out,
//! for one that it knows.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use hyper::StatusCode;
use tokio_rustls::rustls;

/// Why there is no page.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The site answered, with no page.
    Status(StatusCode),
    /// It said too often that the page is elsewhere.
    Redirected,
    /// It said that the page is at a place that can't be.
    Nowhere(String, String),
    /// It closed the connection without a word.
    Silent,
    /// It closed the connection within the page.
    Cut,
    /// It speaks, but not HTTP.
    Foreign,
    /// Its page goes on and on.
    TooLong,
    /// There was no page in time.
    TooLate(Duration),
    /// It can't prove who it is.
    Unproven(String),
    /// TLS fails in another way.
    Insecure(String),
    /// Nobody listens there.
    Refused,
    /// No host has this name.
    NoHost(String),
    /// This process has no file descriptor left.
    OutOfFiles,
    /// Something else, in the words of whoever met it.
    Other(String),
}

impl Trouble {
    /// What an error of one of the clients means; `within` the page, or before it.
    pub(crate) fn of(error: &(dyn Error + 'static), within: bool) -> Self {
        let layers: Vec<_> = std::iter::successors(Some(error), |&error| inside(error)).collect();
        let known = layers.iter().rev().find_map(|layer| known(*layer, within));
        known.unwrap_or_else(|| {
            let mut words: Vec<_> = layers.iter().map(ToString::to_string).collect();
            words.dedup_by(|inner, outer| outer.contains(&*inner));
            Trouble::Other(words.join(": "))
        })
    }
}

/// The error within an error. An `io::Error` that wraps another hides it from
/// `source`, which begins with what is within that one.
fn inside<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    let wrapped = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    match (wrapped, error.downcast_ref::<ureq::Error>()) {
        (Some(wrapped), _) => Some(wrapped),
        // ureq's errors have no `source`.
        (None, Some(ureq::Error::Io(error))) => Some(error),
        (None, Some(ureq::Error::Rustls(error))) => Some(error),
        (None, _) => error.source(),
    }
}

fn known(error: &(dyn Error + 'static), within: bool) -> Option<Trouble> {
    let ended = if within {
        Trouble::Cut
    } else {
        Trouble::Silent
    };
    if let Some(error) = error.downcast_ref::<rustls::Error>() {
        return Some(match error {
            rustls::Error::InvalidCertificate(why) => Trouble::Unproven(why.to_string()),
            other => Trouble::Insecure(other.to_string()),
        });
    }
    if let Some(error) = error.downcast_ref::<io::Error>() {
        /// Too many open files, for the process and for the system.
        const EMFILE: i32 = 24;
        const ENFILE: i32 = 23;
        return match error.kind() {
            _ if matches!(error.raw_os_error(), Some(EMFILE | ENFILE)) => Some(Trouble::OutOfFiles),
            io::ErrorKind::ConnectionRefused => Some(Trouble::Refused),
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => Some(ended),
            _ => None,
        };
    }
    if let Some(error) = error.downcast_ref::<hyper::Error>() {
        return if error.is_parse() {
            Some(Trouble::Foreign)
        } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
            Some(ended)
        } else {
            None
        };
    }
    if error.is::<http_body_util::LengthLimitError>() {
        return Some(Trouble::TooLong);
    }
    match error.downcast_ref::<ureq::Error>()? {
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => Some(Trouble::Foreign),
        ureq::Error::BodyExceedsLimit(_) => Some(Trouble::TooLong),
        _ => None,
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Trouble::Status(status) if status.is_server_error() => {
                write!(f, "the site answers {status}; try again later")
            }
            Trouble::Status(status) => write!(
                f,
                "the site answers {status}; look at --base-url, and whether there are so many --pages"
            ),
            Trouble::Redirected => write!(
                f,
                "the site says more than {} times that the page is elsewhere; look at --base-url",
                super::REDIRECTS
            ),
            Trouble::Nowhere(location, why) => write!(
                f,
                "the site says that the page is at {location:?}, and {why}; look at --base-url"
            ),
            Trouble::Silent => f.write_str(
                "the site closed the connection without an answer; try again, and look at --base-url: \
                 http and https are not answered at the same port",
            ),
            Trouble::Cut => f.write_str(
                "the site closed the connection in the middle of the page; try again",
            ),
            Trouble::Foreign => f.write_str(
                "what answers there does not speak HTTP; look at the port in --base-url",
            ),
            Trouble::TooLong => write!(
                f,
                "the page is longer than {} MB, and was not read to its end; look at --base-url",
                super::PAGE_LIMIT / 1_000_000
            ),
            Trouble::TooLate(timeout) => write!(
                f,
                "there was no page after {} s; try again, or give it longer with --timeout",
                timeout.as_secs_f64()
            ),
            Trouble::Unproven(why) => write!(
                f,
                "the site can't prove that it is what --base-url names ({why}); if you know who vouches \
                 for it, name their certificate with --ca-file"
            ),
            Trouble::Insecure(why) => write!(
                f,
                "no TLS with this site ({why}); look at --base-url: perhaps it is http:// or another port"
            ),
            Trouble::Refused => f.write_str(
                "nobody listens there; look at the host and the port in --base-url, and whether the site is up",
            ),
            Trouble::NoHost(host) => {
                write!(f, "there is no host {host}; look at --base-url, and at the network")
            }
            Trouble::OutOfFiles => f.write_str(
                "no file descriptor is left for it; ask for fewer --pages, or raise the limit with ulimit -n",
            ),
            Trouble::Other(why) => write!(f, "{why}; try again, and look at --base-url"),
        }
    }
}
