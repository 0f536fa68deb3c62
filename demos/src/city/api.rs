//! **What does the API understand, and what does it answer?** Two routes, and JSON for
//! everything, refusals included. Neither waits nor reads from anywhere: that is the
//! views' part, in `course/city.rs`.
//!
//! | it answers | when |
//! |---|---|
//! | 200 | with what the services say |
//! | 400 | a zip or a country that can't be one, or one too few |
//! | 404 | no such place, or no such route |
//! | 405 | something else than GET |
//! | 502 | a service failed: it is not there, it broke off, it talks nonsense |
//! | 503 | no file descriptor is left to ask it with |
//! | 504 | a service said nothing in time |

use std::fmt;

use hyper::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::places::{Place, Spot};
use crate::web::trouble::Trouble;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum View {
    Weather,
    Sun,
}

/// A request that makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) view: View,
    /// In capitals.
    pub(crate) zip: String,
    /// In small letters.
    pub(crate) country: String,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    status: StatusCode,
    why: String,
}

/// What goes back to who asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// JSON.
    pub(crate) body: String,
}

/// A service that the views ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Service {
    Location,
    Weather,
    Sun,
}

/// What a view has to say of a place.
#[derive(Serialize)]
struct Told<'a, S, T> {
    zip: &'a str,
    country: &'a str,
    city: S,
    #[serde(flatten)]
    what: T,
}

impl View {
    pub(crate) fn name(self) -> &'static str {
        match self {
            View::Weather => "weather",
            View::Sun => "sun",
        }
    }
}

impl Asked {
    /// What a request asks for.
    ///
    /// # Errors
    ///
    /// Why it can't be answered.
    pub(crate) fn parse(method: &str, path: &str) -> Result<Self, Refusal> {
        let path = path.split('?').next().unwrap_or_default();
        let mut parts = path.strip_prefix("/api/").unwrap_or_default().split('/');
        let view = match parts.next() {
            Some("weather") => View::Weather,
            Some("sun") => View::Sun,
            _ => {
                let routes = "/api/weather/<zip>/<country> and /api/sun/<zip>/<country>";
                let why = format!("there are {routes}");
                return Err(Refusal::new(StatusCode::NOT_FOUND, why));
            }
        };
        if method != "GET" {
            let why = "there is only GET".to_owned();
            return Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, why));
        }
        let malformed = |why: String| Refusal::new(StatusCode::BAD_REQUEST, why);
        let [Some(zip), Some(country), None] = std::array::from_fn(|_| parts.next()) else {
            let view = view.name();
            let form = format!("it should look like /api/{view}/97201/us");
            return Err(malformed(form));
        };
        let fits = |letter: u8| letter.is_ascii_alphanumeric() || letter == b'-';
        if !(3..=10).contains(&zip.len()) || !zip.bytes().all(fits) {
            let form = "three to ten letters, digits and dashes";
            return Err(malformed(format!("a zip has {form}")));
        }
        if country.len() != 2 || !country.bytes().all(|letter| letter.is_ascii_alphabetic()) {
            let why = "a country has two letters, as in us or de";
            return Err(malformed(why.to_owned()));
        }
        Ok(Self {
            view,
            zip: zip.to_ascii_uppercase(),
            country: country.to_ascii_lowercase(),
        })
    }

    /// Where the location service has the place.
    pub(crate) fn location(&self) -> String {
        format!("location/{}/{}", self.zip, self.country)
    }

    /// The answer, when the services have said all.
    pub(crate) fn answer<S: Serialize>(&self, spot: Spot<S>, what: impl Serialize) -> Answer {
        let told = Told {
            zip: &self.zip,
            country: &self.country,
            city: spot.city,
            what,
        };
        Answer {
            status: StatusCode::OK,
            body: serde_json::to_string(&told).expect("plain data"),
        }
    }

    /// What this place is to be answered with, if all goes well.
    pub(crate) fn expected(view: View, place: &Place) -> (String, Answer) {
        let asked = Self {
            view,
            zip: place.zip.to_owned(),
            country: place.country.to_owned(),
        };
        let path = format!("/api/{}/{}/{}", view.name(), place.zip, place.country);
        let answer = match view {
            View::Weather => {
                let (spot, weather) = place.weather();
                asked.answer(spot, weather)
            }
            View::Sun => {
                let (spot, sun) = place.sun();
                asked.answer(spot, sun)
            }
        };
        (path, answer)
    }
}

impl<S> Spot<S> {
    /// Where a service has what it says of these coordinates.
    pub(crate) fn at(&self, service: Service) -> String {
        let Self {
            latitude,
            longitude,
            ..
        } = self;
        format!("{service}/{latitude}/{longitude}")
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Service::Location => "location",
            Service::Weather => "weather",
            Service::Sun => "sun",
        })
    }
}

impl Service {
    /// What a service has answered, or what that means for who asked us.
    ///
    /// # Errors
    ///
    /// The refusal.
    pub(crate) fn said<T: DeserializeOwned>(
        self,
        answered: Result<String, Trouble>,
    ) -> Result<T, Refusal> {
        let failed = |why: &str| Refusal::new(StatusCode::BAD_GATEWAY, format!("the {self} {why}"));
        let body = answered.map_err(|trouble| match trouble {
            Trouble::Status(StatusCode::NOT_FOUND) => {
                let why = format!("the {self} service knows of no such place");
                Refusal::new(StatusCode::NOT_FOUND, why)
            }
            Trouble::TooLate(limit) => {
                let seconds = limit.as_secs_f64();
                let why = format!("the {self} service said nothing for {seconds} s");
                Refusal::new(StatusCode::GATEWAY_TIMEOUT, why)
            }
            Trouble::OutOfFiles => {
                let why = "no file descriptor is left to ask a service with".to_owned();
                Refusal::new(StatusCode::SERVICE_UNAVAILABLE, why)
            }
            Trouble::Status(status) => failed(&format!("service answers {status}")),
            Trouble::Refused | Trouble::NoHost(_) => failed("service is not there"),
            Trouble::Silent => failed("service closed the connection without an answer"),
            Trouble::Cut => failed("service broke off in the middle of its answer"),
            Trouble::Foreign => failed("service does not speak HTTP"),
            Trouble::TooLong => failed("service goes on and on"),
            Trouble::Redirected | Trouble::Nowhere(..) => failed("service says it is elsewhere"),
            Trouble::Unproven(why) | Trouble::Insecure(why) => {
                failed(&format!("service can't be trusted: {why}"))
            }
            Trouble::Other(why) => failed(&format!("service can't be asked: {why}")),
        })?;
        serde_json::from_str(&body).map_err(|_| failed("service answers with something else"))
    }
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, why: String) -> Self {
        Self { status, why }
    }
}

impl From<Refusal> for Answer {
    fn from(refusal: Refusal) -> Self {
        Self {
            status: refusal.status,
            body: serde_json::json!({ "error": refusal.why }).to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::places::{PLACES, Sun};
    use super::*;

    fn status(method: &str, path: &str) -> u16 {
        match Asked::parse(method, path) {
            Ok(_) => 200,
            Err(refusal) => refusal.status.as_u16(),
        }
    }

    #[test]
    fn routes() {
        let asked = Asked::parse("GET", "/api/sun/ec1a/GB?units=metric").expect("it makes sense");
        let expected = Asked {
            view: View::Sun,
            zip: "EC1A".to_owned(),
            country: "gb".to_owned(),
        };
        assert_eq!(asked, expected);
        assert_eq!(asked.location(), "location/EC1A/gb");
        for (path, expected) in [
            ("/api/weather/97201/us", 200),
            ("/api/weather/100-0001/jp", 200),
            ("/api/sun/97201", 400),
            ("/api/sun/97201/us/today", 400),
            ("/api/sun/97201/us/", 400),
            ("/api/sun//us", 400),
            ("/api/sun/97/us", 400),
            ("/api/sun/97201972019/us", 400),
            ("/api/sun/97%20201/us", 400),
            ("/api/sun/97201/usa", 400),
            ("/api/sun/97201/u1", 400),
            ("/api/sun/97201/ü", 400),
            ("/api/moon/97201/us", 404),
            ("/api/", 404),
            ("/api", 404),
            ("/", 404),
            ("", 404),
            ("*", 404),
        ] {
            assert_eq!(status("GET", path), expected, "{path}");
        }
        assert_eq!(status("POST", "/api/sun/97201/us"), 405);
        assert_eq!(status("DELETE", "/"), 404);
    }

    #[test]
    fn answers_are_json() {
        let (path, answer) = Asked::expected(View::Sun, &PLACES[0]);
        assert_eq!(path, "/api/sun/97201/us");
        let body = r#"{"zip":"97201","country":"us","city":"Portland","sunrise":"04:15","sunset":"19:45"}"#;
        assert_eq!((answer.status, &*answer.body), (StatusCode::OK, body));
        let (path, answer) = Asked::expected(View::Weather, &PLACES[6]);
        assert_eq!(path, "/api/weather/100-0001/jp");
        let body =
            r#"{"zip":"100-0001","country":"jp","city":"Tokyo","sky":"rain","celsius":22.0}"#;
        assert_eq!(answer.body, body);
    }

    #[test]
    fn every_place_can_be_asked_for() {
        for place in &PLACES {
            let (path, _) = Asked::expected(View::Weather, place);
            let asked = Asked::parse("GET", &path).expect("it makes sense");
            assert_eq!((&*asked.zip, &*asked.country), (place.zip, place.country));
        }
    }

    #[test]
    fn a_trouble_of_a_service_becomes_a_status() {
        for (trouble, status, why) in [
            (Trouble::Status(StatusCode::NOT_FOUND), 404, "no such place"),
            (
                Trouble::Status(StatusCode::INTERNAL_SERVER_ERROR),
                502,
                "500",
            ),
            (
                Trouble::TooLate(Duration::from_millis(1500)),
                504,
                "nothing for 1.5 s",
            ),
            (Trouble::Cut, 502, "in the middle"),
            (Trouble::Silent, 502, "without an answer"),
            (Trouble::Refused, 502, "not there"),
            (Trouble::OutOfFiles, 503, "descriptor"),
        ] {
            let refused = Service::Sun.said::<Sun>(Err(trouble)).unwrap_err();
            let answer = Answer::from(refused);
            assert_eq!(answer.status.as_u16(), status);
            assert!(answer.body.starts_with(r#"{"error":""#), "{}", answer.body);
            assert!(answer.body.contains(why), "{}", answer.body);
        }
        let nonsense = Service::Location.said::<Sun>(Ok("{}".to_owned()));
        let answer = Answer::from(nonsense.unwrap_err());
        assert_eq!(answer.status.as_u16(), 502);
        assert!(
            answer.body.contains("the location service answers with"),
            "{}",
            answer.body
        );
        let sun = Service::Sun.said::<Sun>(Ok(r#"{"sunrise":"1","sunset":"2"}"#.to_owned()));
        assert_eq!(sun.expect("a sun").sunset, "2");
    }
}
