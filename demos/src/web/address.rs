//! **Where is a page?** At an [`Address`]: `http` or `https`, a host, perhaps a port,
//! and a path. Whatever has another form is refused when it is read, so that the
//! clients have nothing to doubt.

use std::fmt;
use std::str::FromStr;

use hyper::Uri;
use hyper::http::uri::{PathAndQuery, Scheme};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An absolute `http` or `https` address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address(Uri);

impl Address {
    /// The address of a site, below which its pages are: for the command line.
    ///
    /// # Errors
    ///
    /// A sentence that says what it should look like.
    pub(crate) fn of_site(text: &str) -> Result<Self, String> {
        let address: Self = text.parse()?;
        if address.0.query().is_some() {
            return Err("it ends in a query, after which no page number can stand".to_owned());
        }
        Ok(address)
    }

    /// Where the page of this name is, on the site at this address; its own page has
    /// none.
    pub(crate) fn page(&self, name: &str) -> Self {
        if name.is_empty() {
            return self.clone();
        }
        let path = format!("{}/{name}", self.0.path().trim_end_matches('/'));
        self.with_path(&path)
            .expect("a path and a name make a path")
    }

    /// Where `location`, named by the page at this address, leads to.
    ///
    /// # Errors
    ///
    /// A sentence that says what is wrong with it.
    pub(crate) fn follow(&self, location: &str) -> Result<Self, String> {
        // A fragment is for the reader; it is no part of what is asked for.
        let location = location.split('#').next().unwrap_or_default();
        if let Some(host_and_path) = location.strip_prefix("//") {
            return format!("{}://{host_and_path}", self.scheme()).parse();
        }
        if location.contains("://") {
            return location.parse();
        }
        let folder = match self.0.path().rsplit_once('/') {
            _ if location.starts_with('/') => "",
            Some((folder, _)) => folder,
            None => "",
        };
        let separator = if location.starts_with('/') { "" } else { "/" };
        self.with_path(&format!("{folder}{separator}{location}"))
    }

    fn with_path(&self, path: &str) -> Result<Self, String> {
        let mut parts = self.0.clone().into_parts();
        let path = PathAndQuery::from_str(path).map_err(|error| error.to_string())?;
        parts.path_and_query = Some(path);
        Uri::from_parts(parts)
            .map(Self)
            .map_err(|error| error.to_string())
    }

    fn scheme(&self) -> &str {
        self.0.scheme_str().expect("it is absolute")
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.0.scheme() == Some(&Scheme::HTTPS)
    }

    /// The host, for a resolver: a name, or an IP address without brackets.
    pub(crate) fn host(&self) -> &str {
        let host = self.0.host().expect("it is absolute");
        host.trim_start_matches('[').trim_end_matches(']')
    }

    pub(crate) fn port(&self) -> u16 {
        let usual = if self.is_secure() { 443 } else { 80 };
        self.0.port_u16().unwrap_or(usual)
    }

    /// The header `Host`.
    pub(crate) fn authority(&self) -> &str {
        self.0.authority().expect("it is absolute").as_str()
    }

    /// What is asked for there.
    pub(crate) fn path(&self) -> &str {
        self.0.path_and_query().map_or("/", PathAndQuery::as_str)
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let uri: Uri = text.parse().map_err(|_| form())?;
        let known = uri.scheme() == Some(&Scheme::HTTP) || uri.scheme() == Some(&Scheme::HTTPS);
        let Some(authority) = uri.authority().filter(|_| known) else {
            return Err(form());
        };
        if authority.as_str().contains('@') {
            return Err("user names are not sent: leave out what is before the @".to_owned());
        }
        // `http::Uri` lets "http://host:port too big" and "http://:80" through.
        let port = authority.as_str()[authority.host().len()..].strip_prefix(':');
        if authority.host().is_empty() || port.is_some_and(|port| port.parse::<u16>().is_err()) {
            return Err(form());
        }
        Ok(Self(uri))
    }
}

fn form() -> String {
    "it should look like https://host or http://host:port/path".to_owned()
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of_site(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Address {
        text.parse().expect(text)
    }

    #[test]
    fn parts() {
        let site = address("https://example.org:8443/shows");
        assert!(site.is_secure());
        assert_eq!((site.host(), site.port()), ("example.org", 8443));
        assert_eq!(site.authority(), "example.org:8443");
        let local = address("http://[::1]:80");
        assert!(!local.is_secure());
        assert_eq!((local.host(), local.port(), local.path()), ("::1", 80, "/"));
        assert_eq!(address("https://example.org").port(), 443);
    }

    #[test]
    fn pages_stand_below_their_site() {
        for (site, page) in [
            ("http://a", "http://a/150"),
            ("http://a/", "http://a/150"),
            ("http://a/b", "http://a/b/150"),
            ("http://a/b/", "http://a/b/150"),
        ] {
            assert_eq!(address(site).page("150").to_string(), page);
            assert_eq!(address(site).page(""), address(site));
        }
    }

    #[test]
    fn locations_may_be_relative() {
        let page = address("http://a:81/shows/150?x=1");
        for (location, to) in [
            ("https://b/c", "https://b/c"),
            ("//b/c", "http://b/c"),
            ("/c?d#e", "http://a:81/c?d"),
            ("c", "http://a:81/shows/c"),
        ] {
            assert_eq!(page.follow(location).unwrap().to_string(), to);
        }
        for wrong in ["ftp://b/c", "http://", "/a b"] {
            assert!(page.follow(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn other_forms_are_refused() {
        for wrong in [
            "",
            "example.org",
            "/150",
            "htp://a",
            "http://",
            "http://:80",
            "http://a:b",
            "http://a:99999",
            "http://me@a",
            "http://a b",
        ] {
            assert!(wrong.parse::<Address>().is_err(), "{wrong}");
        }
        assert!(Address::of_site("http://a/?page=").is_err());
        assert!(Address::of_site("http://a/").is_ok());
    }
}
