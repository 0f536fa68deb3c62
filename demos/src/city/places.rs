//! **What do the services know, and how long do they take to say it?** Thirteen places,
//! as many as the course has measured of its location service, each with one of those
//! latencies; the sun's five go round among them. So every place takes the same time on
//! every runtime, and what a run must take at least is known beforehand.
//!
//! The sun is computed from the coordinates, so that a right answer shows that the
//! first service's answer has reached the second: sunrise and sunset of the longest day
//! of the year in the north, by the local sun, without refraction. The weather is made
//! up. Of its service the notes have no latencies; it has the sun's.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use kolo_load::late::Reply;

/// Somewhere on earth.
pub(crate) struct Place {
    pub(crate) zip: &'static str,
    pub(crate) country: &'static str,
    spot: Spot<&'static str>,
    weather: Weather<&'static str>,
}

/// What the location service answers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Spot<S> {
    pub(crate) city: S,
    pub(crate) latitude: f64,
    pub(crate) longitude: f64,
}

/// What the weather service answers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Weather<S> {
    pub(crate) sky: S,
    pub(crate) celsius: f64,
}

/// What the sun service answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sun {
    pub(crate) sunrise: String,
    pub(crate) sunset: String,
}

#[rustfmt::skip] // a table
pub(crate) const PLACES: [Place; LOCATION.len()] = [
    place("97201", "us", "Portland", 45.5, -122.69, "light rain", 14.5),
    place("10115", "de", "Berlin", 52.53, 13.39, "clear", 23.0),
    place("75001", "fr", "Paris", 48.86, 2.34, "a few clouds", 24.5),
    place("1000", "si", "Ljubljana", 46.05, 14.51, "thunder", 21.0),
    place("11000", "rs", "Belgrade", 44.82, 20.46, "clear", 29.0),
    place("EC1A", "gb", "London", 51.52, -0.1, "overcast", 17.5),
    place("100-0001", "jp", "Tokyo", 35.68, 139.76, "rain", 22.0),
    place("2000", "au", "Sydney", -33.87, 151.21, "clear", 12.5),
    place("8001", "za", "Cape Town", -33.92, 18.42, "wind", 13.0),
    place("0150", "no", "Oslo", 59.91, 10.75, "a few clouds", 19.0),
    place("00100", "ke", "Nairobi", -1.29, 36.82, "overcast", 18.5),
    place("01000", "mx", "Mexico City", 19.35, -99.2, "thunder", 20.5),
    place("96799", "as", "Pago Pago", -14.28, -170.7, "rain", 27.0),
];

const fn place(
    zip: &'static str,
    country: &'static str,
    city: &'static str,
    latitude: f64,
    longitude: f64,
    sky: &'static str,
    celsius: f64,
) -> Place {
    Place {
        zip,
        country,
        spot: Spot {
            city,
            latitude,
            longitude,
        },
        weather: Weather { sky, celsius },
    }
}

/// How long the location service took in the course, in milliseconds.
const LOCATION: [u64; 13] = [
    288, 335, 335, 344, 340, 344, 342, 352, 536, 527, 533, 534, 523,
];

/// The same of the sun service.
const SUN: [u64; 5] = [399, 705, 423, 742, 405];

/// The shortest of all.
pub(crate) const SHORTEST: Duration = Duration::from_millis(LOCATION[0]);

fn location_takes(at: usize) -> Duration {
    Duration::from_millis(LOCATION[at])
}

fn second_takes(at: usize) -> Duration {
    Duration::from_millis(SUN[at % SUN.len()])
}

/// What the API needs at least to answer for this place, at the course's pace.
pub(crate) fn takes(at: usize) -> Duration {
    location_takes(at) + second_takes(at)
}

/// What the services answer to this path, each in its own time, at the course's pace.
pub(crate) fn reply(path: &str) -> Reply {
    let mut parts = path.trim_start_matches('/').split('/');
    let asked: [Option<&str>; 4] = std::array::from_fn(|_| parts.next());
    match asked {
        [Some("location"), Some(zip), Some(country), None] => {
            let of = |place: &Place| place.zip == zip && place.country == country;
            match PLACES.iter().position(of) {
                Some(at) => found(location_takes(at), &PLACES[at].spot),
                None => refused(SHORTEST, 404, "no such place"),
            }
        }
        [
            Some(service @ ("sun" | "weather")),
            Some(latitude),
            Some(longitude),
            None,
        ] => {
            let [Ok(latitude), Ok(longitude)] = [latitude, longitude].map(str::parse) else {
                return refused(Duration::ZERO, 400, "coordinates are numbers");
            };
            let here = |place: &Place| {
                (place.spot.latitude, place.spot.longitude) == (latitude, longitude)
            };
            let at = PLACES.iter().position(here);
            let takes = second_takes(at.unwrap_or(0));
            match (service, at) {
                ("sun", _) => found(takes, &Sun::at(latitude)),
                (_, Some(at)) => found(takes, &PLACES[at].weather),
                (_, None) => refused(takes, 404, "nobody measures there"),
            }
        }
        _ => refused(Duration::ZERO, 404, "no such service"),
    }
}

fn found(after: Duration, what: &impl Serialize) -> Reply {
    Reply {
        after,
        status: 200,
        body: serde_json::to_string(what).expect("plain data"),
    }
}

fn refused(after: Duration, status: u16, why: &str) -> Reply {
    Reply {
        after,
        status,
        body: serde_json::json!({ "error": why }).to_string(),
    }
}

impl Sun {
    /// On the day of the northern solstice, at this latitude.
    fn at(latitude: f64) -> Self {
        /// How far north the sun stands at noon on that day, in degrees.
        const DECLINATION: f64 = 23.44;
        let tangents = latitude.to_radians().tan() * DECLINATION.to_radians().tan();
        // Beyond the polar circles it does not rise, or does not set.
        let half = (-tangents).clamp(-1.0, 1.0).acos().to_degrees() / 15.0;
        let clock = |hour: f64| {
            let minutes = (hour * 60.0).round() as u32;
            format!("{:02}:{:02}", minutes / 60, minutes % 60)
        };
        Self {
            sunrise: clock(12.0 - half),
            sunset: clock(12.0 + half),
        }
    }
}

impl Place {
    /// What the API is to answer when it is asked for the sun here.
    pub(crate) fn sun(&self) -> (Spot<&'static str>, Sun) {
        (self.spot, Sun::at(self.spot.latitude))
    }

    /// The same for the weather.
    pub(crate) fn weather(&self) -> (Spot<&'static str>, Weather<&'static str>) {
        (self.spot, self.weather)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sun_is_where_it_should_be() {
        let day = |latitude| {
            let sun = Sun::at(latitude);
            (sun.sunrise, sun.sunset)
        };
        let expect = |rise: &str, set: &str| (rise.to_owned(), set.to_owned());
        assert_eq!(day(0.0), expect("06:00", "18:00"));
        assert_eq!(day(45.5), expect("04:15", "19:45"));
        assert_eq!(day(-45.5), expect("07:45", "16:15"));
        assert_eq!(day(80.0), expect("00:00", "24:00"));
        assert_eq!(day(-80.0), expect("12:00", "12:00"));
    }

    #[test]
    fn each_place_is_known_by_its_name_and_by_its_coordinates() {
        for (at, place) in PLACES.iter().enumerate() {
            let located = reply(&format!("/location/{}/{}", place.zip, place.country));
            assert_eq!(located.status, 200);
            let spot: Spot<String> = serde_json::from_str(&located.body).expect("a spot");
            assert_eq!(spot.city, place.spot.city);
            let Spot {
                latitude,
                longitude,
                ..
            } = spot;
            let sun = reply(&format!("/sun/{latitude}/{longitude}"));
            let found: Sun = serde_json::from_str(&sun.body).expect("a sun");
            assert_eq!(found, place.sun().1);
            let weather = reply(&format!("/weather/{latitude}/{longitude}"));
            let found: Weather<String> = serde_json::from_str(&weather.body).expect("weather");
            assert_eq!(found.celsius, place.weather.celsius);
            assert_eq!(located.after + sun.after, takes(at));
            assert_eq!(sun.after, weather.after);
        }
    }

    #[test]
    fn what_they_do_not_know_they_say() {
        for (path, status) in [
            ("/location/00000/us", 404),
            ("/location/97201/de", 404),
            ("/location/97201", 404),
            ("/weather/1.5/1.5", 404),
            ("/sun/north/east", 400),
            ("/sun/1/2/3", 404),
            ("/moon/1/2", 404),
            ("/", 404),
        ] {
            assert_eq!(reply(path).status, status, "{path}");
        }
        assert_eq!(reply("/sun/1.5/1.5").status, 200);
    }
}
