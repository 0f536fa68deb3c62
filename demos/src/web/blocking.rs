//! **How does a page come to a thread that may block?** By ureq: each call keeps the
//! thread until the page is there, and knows no runtime.
//!
//! The mirror image is `client.rs`. Both open a connection for each page, as the
//! course's programs do; both go through no proxy, and read so much and no more.

use std::time::{Duration, Instant};

use hyper::header::LOCATION;

use super::address::Address;
use super::trouble::Trouble;
use super::visit::Visit;
use super::{Answer, PAGE_LIMIT, REDIRECTS, USER_AGENT, trust};

pub(crate) struct Client {
    agent: ureq::Agent,
    site: Address,
    timeout: Duration,
}

impl Client {
    /// A client for the pages of `site`.
    pub(crate) fn new(site: Address, visit: &Visit) -> Self {
        let config = ureq::Agent::config_builder()
            .tls_config(trust::blocking(visit.ca_file.as_ref()))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_idle_connections(0)
            .proxy(None)
            .user_agent(USER_AGENT)
            .build();
        Self {
            agent: config.new_agent(),
            site,
            timeout: visit.timeout(),
        }
    }

    /// Gets a page; the thread waits for it.
    ///
    /// # Errors
    ///
    /// What was in its way.
    pub(crate) fn get(&self, page: &str) -> Result<String, Trouble> {
        let deadline = Instant::now() + self.timeout;
        let mut address = self.site.page(page);
        for _ in 0..=REDIRECTS {
            match self.visit(&address, deadline)? {
                Answer::Page(page) => return Ok(page),
                Answer::Elsewhere(location) => address = location,
            }
        }
        Err(Trouble::Redirected)
    }

    /// Asks once, and reads the answer.
    fn visit(&self, address: &Address, deadline: Instant) -> Result<Answer, Trouble> {
        let trouble = |error: ureq::Error, within| match error {
            ureq::Error::Timeout(_) => Trouble::TooLate(self.timeout),
            ureq::Error::HostNotFound => Trouble::NoHost(address.host().to_owned()),
            ureq::Error::Io(error) if is_of_resolver(&error) => {
                Trouble::NoHost(address.host().to_owned())
            }
            error => Trouble::of(&error, within),
        };
        let left = deadline.saturating_duration_since(Instant::now());
        let answered = self
            .agent
            .get(address.to_string())
            .header("connection", "close")
            .config()
            .timeout_global(Some(left))
            .build()
            .call();
        let response = answered.map_err(|error| trouble(error, false))?;
        let location = response.headers().get(LOCATION);
        if let Some(elsewhere) = Answer::elsewhere(response.status(), location, address)? {
            return Ok(elsewhere);
        }
        let body = response.into_body().into_with_config();
        // One byte more: a page that is as long as the limit is not beyond it.
        let html = body.limit(PAGE_LIMIT as u64 + 1).read_to_vec();
        let html = html.map_err(|error| trouble(error, true))?;
        Ok(Answer::page(&html))
    }
}

/// The resolver's errors have no kind and no code of their own in std, only words.
fn is_of_resolver(error: &std::io::Error) -> bool {
    error.to_string().starts_with("failed to lookup address")
}
