//! **What did a program draw?** A [`Picture`], as plain data that knows nothing of how
//! it is shown: a [`Timeline`], who worked and who waited when; or [`Curves`], points
//! that were measured beside bounds that were computed. A program hands it to
//! [`Stage::draw`](crate::stage::Stage::draw), a row of the report keeps it, and so does
//! the exported JSON.
//!
//! A program draws only what it saw itself. What is to be compared is put together
//! afterwards, by `album.rs`: pictures of one demo that have the same title become one
//! [`Plate`], timelines one below the other on one axis, curves one over the other.
//! `text.rs` shows a plate in a terminal, `svg.rs` in a file and in a page.
//!
//! Times are in seconds. No number in a picture is infinite or not a number: JSON has
//! no such.
//!
//! Read next: `album.rs`, `scale.rs`.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::runtimes::Runtime;

mod album;
mod scale;
pub(crate) mod svg;
pub(crate) mod text;

pub(crate) use album::{Group, Plate, plates};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub(crate) enum Picture {
    Timeline(Timeline),
    Curves(Curves),
}

/// Who did what when.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Timeline {
    pub(crate) title: String,
    pub(crate) lanes: Vec<Lane>,
}

/// One bar: somebody's spans, one after the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Lane {
    pub(crate) name: String,
    pub(crate) spans: Vec<Span>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Span {
    pub(crate) doing: Doing,
    /// From the picture's start.
    pub(crate) from_s: f64,
    pub(crate) to_s: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Doing {
    /// Waiting for its turn: nothing of it has begun, and nobody works on it.
    InLine,
    Working,
    /// Waiting for somebody else.
    Waiting,
}

/// Points over an axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Curves {
    pub(crate) title: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) series: Vec<Series>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Axis {
    pub(crate) name: String,
    pub(crate) unit: Unit,
    pub(crate) spacing: Spacing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Unit {
    Seconds,
    /// So many, or so many a second.
    Count,
    /// So many times as much.
    Times,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Spacing {
    /// Even, from zero.
    Linear,
    /// Each factor as wide as the next.
    Log,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Series {
    /// Empty for what the program itself was measured at: the album knows who that was.
    pub(crate) name: String,
    pub(crate) drawn: Drawn,
    pub(crate) points: Vec<[f64; 2]>,
}

/// What its points are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Drawn {
    /// Measured, each for itself.
    Marks,
    /// Measured, one leading to the next.
    Line,
    /// Computed.
    Bound,
}

impl Axis {
    pub(crate) fn new(name: &str, unit: Unit, spacing: Spacing) -> Self {
        Self {
            name: name.to_owned(),
            unit,
            spacing,
        }
    }
}

impl Series {
    /// Which of the marks is its, `at` being its place: a runtime has the same in every
    /// picture.
    pub(crate) fn mark(&self, at: usize) -> usize {
        let runtimes = Runtime::ALL.iter();
        let known = runtimes
            .map(|runtime| runtime.name())
            .position(|name| name == self.name);
        match known {
            Some(known) => 1 + known,
            None if at == 0 => 0,
            None => 5,
        }
    }

    /// Points that can't be drawn are left out.
    pub(crate) fn new(name: &str, drawn: Drawn, points: Vec<[f64; 2]>) -> Self {
        let can_be_drawn = |point: &[f64; 2]| point.iter().all(|number| number.is_finite());
        Self {
            name: name.to_owned(),
            drawn,
            points: points.into_iter().filter(can_be_drawn).collect(),
        }
    }
}

impl Lane {
    /// Until when it goes.
    pub(crate) fn end_s(&self) -> f64 {
        self.spans.last().map_or(0.0, |span| span.to_s)
    }

    /// Whether it did something while another did something else.
    pub(crate) fn overlaps(&self, mine: Doing, other: &Lane, theirs: Doing) -> bool {
        let of = |lane: &Lane, doing| {
            let spans = lane.spans.clone().into_iter();
            spans.filter(move |span| span.doing == doing)
        };
        of(self, mine).any(|mine| {
            of(other, theirs).any(|theirs| mine.from_s < theirs.to_s && theirs.from_s < mine.to_s)
        })
    }

    /// How long it did that, in all.
    pub(crate) fn time_s(&self, doing: Doing) -> f64 {
        let spans = self.spans.iter().filter(|span| span.doing == doing);
        spans.map(|span| span.to_s - span.from_s).sum()
    }
}

impl Doing {
    pub(crate) const ALL: [Doing; 3] = [Doing::Working, Doing::Waiting, Doing::InLine];

    /// In the words of a legend.
    pub(crate) fn text(self) -> &'static str {
        match self {
            Doing::InLine => "in line",
            Doing::Working => "working",
            Doing::Waiting => "waiting",
        }
    }
}

/// A lane while it is being lived: each step ends when the next begins.
pub(crate) struct Bar {
    zero: Instant,
    now: Doing,
    since: Instant,
    lane: Lane,
}

impl Bar {
    /// Somebody stands in line, from the picture's start on.
    pub(crate) fn in_line(name: String, zero: Instant) -> Self {
        let spans = Vec::new();
        Self {
            zero,
            now: Doing::InLine,
            since: zero,
            lane: Lane { name, spans },
        }
    }

    /// From here on it does this.
    pub(crate) fn begins(&mut self, doing: Doing) {
        let now = Instant::now();
        self.lane.spans.push(Span {
            doing: self.now,
            from_s: (self.since - self.zero).as_secs_f64(),
            to_s: (now - self.zero).as_secs_f64(),
        });
        (self.now, self.since) = (doing, now);
    }

    pub(crate) fn ends(mut self) -> Lane {
        self.begins(self.now);
        self.lane
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_leaves_no_gap() {
        let mut bar = Bar::in_line("one".to_owned(), Instant::now());
        bar.begins(Doing::Working);
        bar.begins(Doing::Waiting);
        let lane = bar.ends();
        let doing: Vec<_> = lane.spans.iter().map(|span| span.doing).collect();
        assert_eq!(doing, [Doing::InLine, Doing::Working, Doing::Waiting]);
        assert_eq!(lane.spans[0].from_s, 0.0);
        for pair in lane.spans.windows(2) {
            assert_eq!(pair[0].to_s, pair[1].from_s);
        }
        let all: f64 = Doing::ALL.map(|doing| lane.time_s(doing)).iter().sum();
        assert!((all - lane.end_s()).abs() < 1e-9);
    }

    #[test]
    fn a_picture_comes_back_from_json() {
        let axis = |unit, spacing| Axis::new("how many", unit, spacing);
        let pictures = [
            Picture::Timeline(Timeline {
                title: "t".to_owned(),
                lanes: vec![Bar::in_line("l".to_owned(), Instant::now()).ends()],
            }),
            Picture::Curves(Curves {
                title: "c".to_owned(),
                x: axis(Unit::Count, Spacing::Log),
                y: axis(Unit::Times, Spacing::Linear),
                series: vec![Series::new("s", Drawn::Bound, vec![[1.0, 2.0]])],
            }),
        ];
        for picture in pictures {
            let text = serde_json::to_string(&picture).expect("plain data");
            let again: Picture = serde_json::from_str(&text).expect("what it wrote");
            assert_eq!(again, picture, "{text}");
        }
    }

    #[test]
    fn what_json_cannot_say_is_no_point() {
        let points = vec![[1.0, f64::NAN], [1.0, f64::INFINITY], [1.0, 2.0]];
        let series = Series::new("", Drawn::Marks, points);
        assert_eq!(series.points, [[1.0, 2.0]]);
    }
}
