//! **What can `city` be told?** What arrives, how it is served, and whom the views ask.
//!
//! Where nothing is said, load and waits shrink together: at a tenth of the course's
//! pace ten times as many requests arrive, for a tenth of the time. Threads that fall
//! behind at the one pace do so at the other.

use std::time::Duration;

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::stage::Stage;
use crate::web::address::Address;

#[derive(Args, Clone, Debug, Serialize, Deserialize)]
#[command(next_help_heading = "What arrives, and who answers")]
pub(crate) struct City {
    /// Requests that arrive each second [default: 25 at the course's pace]
    #[arg(long, value_name = "N", value_parser = rate, long_help = "\
Requests that arrive each second [default: 25 at the course's pace; where waits are a tenth, ten \
times as many, up to 500]")]
    pub(crate) rate: Option<f64>,

    /// For how long they arrive [default: 5 at the course's pace]
    #[arg(long, value_name = "SECONDS", value_parser = seconds, long_help = "\
For how long they arrive [default: 5 at the course's pace, 3 with compare; where waits are a tenth, \
a tenth of that]")]
    pub(crate) seconds: Option<f64>,

    /// The most connections of the load client at once
    #[arg(long, value_name = "N", default_value_t = USUAL.connections, value_parser = clap::value_parser!(u32).range(1..=20_000))]
    pub(crate) connections: u32,

    /// How many threads the server has that blocks
    #[arg(long, value_name = "N", default_value_t = USUAL.threads, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    pub(crate) threads: u32,

    /// Give a service up after this long, and answer 504
    #[arg(long, value_name = "SECONDS", default_value_t = USUAL.timeout, value_parser = seconds)]
    pub(crate) timeout: f64,

    /// Where the API listens [default: a port that is free]
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: Option<u16>,

    /// Ask other services: URL/location/97201/us, URL/sun/45.5/-122.69, URL/weather/…
    #[arg(long, value_name = "URL", value_parser = Address::of_site)]
    pub(crate) upstreams: Option<Address>,

    /// No load: serve until Ctrl-C, for curl, on the first of the runtimes
    #[arg(long, conflicts_with_all = ["rate", "seconds", "connections", "threads"])]
    pub(crate) serve: bool,

    /// For how long requests arrive at the course's pace.
    #[arg(skip = USUAL.pace_seconds)]
    pace_seconds: f64,
}

/// What is meant where nothing is said.
pub(crate) static USUAL: City = City {
    rate: None,
    seconds: None,
    connections: 256,
    threads: 8,
    timeout: 5.0,
    port: None,
    upstreams: None,
    serve: false,
    pace_seconds: 5.0,
};

/// Requests a second at the course's pace.
const RATE: f64 = 25.0;

/// At no pace more than this, where nobody asked for it: what a small machine can do.
const FASTEST: f64 = 500.0;

/// So many seconds at the course's pace are enough where many runs are to be short.
const BRIEF: f64 = 3.0;

impl City {
    /// The same for a command whose loads are to take so many seconds: all of it with
    /// one, less with less.
    pub(crate) fn for_a(&self, moment: f64) -> Self {
        Self {
            pace_seconds: if moment < 1.0 {
                BRIEF
            } else {
                USUAL.pace_seconds
            },
            ..self.clone()
        }
    }

    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs_f64(self.timeout)
    }

    /// How many seconds a second of the course takes on this stage.
    fn scale(stage: &Stage) -> f64 {
        stage.wait(Duration::from_secs(1)).as_secs_f64()
    }

    /// Requests a second.
    pub(crate) fn rate(&self, stage: &Stage) -> f64 {
        let usual = || (RATE / Self::scale(stage)).min(FASTEST);
        self.rate.unwrap_or_else(usual)
    }

    /// How many requests arrive. Where waits would be shorter than a millisecond, they
    /// become fewer.
    pub(crate) fn requests(&self, stage: &Stage) -> u64 {
        let number = match (self.rate, self.seconds) {
            (None, None) => stage.many((RATE * self.pace_seconds) as u64),
            _ => {
                let usual = || self.pace_seconds * Self::scale(stage);
                let seconds = self.seconds.unwrap_or_else(usual);
                (self.rate(stage) * seconds).round() as u64
            }
        };
        number.clamp(1, MOST)
    }

    /// How long a run takes on threads or on tasks, in seconds of the course.
    pub(crate) fn takes(&self, on_threads: bool, scale: f64) -> f64 {
        /// What a request waits for its services, in the mean.
        const WAITS: f64 = 0.95;
        // What was named is in seconds of the clock.
        let seconds = self.seconds.map_or(self.pace_seconds, |s| s / scale);
        let rate = self.rate.unwrap_or((RATE / scale).min(FASTEST)) * scale;
        let threads = rate * seconds * WAITS / f64::from(self.threads);
        let takes = if on_threads {
            threads.max(seconds)
        } else {
            seconds
        };
        takes + WAITS
    }
}

/// So many requests at most: a run has an end.
const MOST: u64 = 10_000_000;

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if (0.1..=100_000.0).contains(&rate) => Ok(rate),
        _ => Err("a number from 0.1 to 100000".to_owned()),
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(seconds) if (0.01..=600.0).contains(&seconds) => Ok(seconds),
        _ => Err("a number from 0.01 to 600".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::catalogue::Program;
    use crate::console::Console;
    use crate::stage::{Settings, Threads};
    use crate::wishes::Wishes;

    fn stage(time_scale: f64) -> Stage {
        let settings = Settings {
            time_scale,
            seed: 0,
            items: 2,
            wishes: Wishes::usual(1.0),
        };
        let console = Arc::new(Console::new(true));
        Stage::new(Program::CityAwaited, Threads::One, settings, console)
    }

    #[test]
    fn load_and_waits_shrink_together() {
        let usual = USUAL.for_a(1.0);
        for (scale, rate, requests) in [
            (1.0, 25.0, 125),
            (0.1, 250.0, 125),
            (0.01, 500.0, 125),
            // A quarter of what makes the shortest wait a millisecond.
            (0.25 / 288.0, 500.0, 31),
        ] {
            let stage = stage(scale);
            assert!((usual.rate(&stage) - rate).abs() < 0.001, "{scale}");
            assert_eq!(usual.requests(&stage), requests, "{scale}");
        }
        assert_eq!(USUAL.for_a(0.3).requests(&stage(1.0)), 75);
    }

    #[test]
    fn what_is_named_stays_as_it_is() {
        let named = City {
            rate: Some(40.0),
            seconds: Some(0.5),
            ..USUAL.clone()
        };
        for scale in [1.0, 0.1] {
            let stage = stage(scale);
            assert!((named.rate(&stage) - 40.0).abs() < 0.001);
            assert_eq!(named.requests(&stage), 20);
        }
        // Twenty requests, 95 ms each, on eight threads: the half second is longer.
        assert!((named.takes(true, 0.1) * 0.1 - 0.595).abs() < 0.001);
        assert!((USUAL.takes(true, 1.0) - 15.79).abs() < 0.01);
        assert!((USUAL.takes(false, 1.0) - 5.95).abs() < 0.01);
    }
}
