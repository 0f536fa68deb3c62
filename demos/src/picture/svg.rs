//! **How does a picture look where there are pixels?** As SVG, for a file of its own
//! ([`document`]) or within a page ([`figure`]), drawn for a given width so that its text
//! stays as large on a phone as elsewhere.
//!
//! Colours are custom properties of `picture.css`, which knows light and dark. Nothing
//! is said by colour alone: what somebody does has a height too, and a series a shape.
//! Who can't see it hears its title and a description with the numbers.
//!
//! maud writes the tags and escapes the text; every element has an end tag, as XML asks.
//!
//! Read next: `../page.rs`.

use std::fmt::Write;

use maud::{Markup, PreEscaped, html};

use super::scale::{Scale, label};
use super::{Curves, Doing, Drawn, Group, Lane, Plate, Series, Spacing, Unit};
use crate::table::duration;

/// The colours of every picture, for its own file or the page around it.
pub(crate) const STYLE: &str = include_str!("picture.css");

/// How wide a picture is in a file of its own.
const WIDTH: f64 = 720.0;
const MARGIN: f64 = 24.0;
const LINE: f64 = 20.0;
/// About as wide as a letter of the text is.
const LETTER: f64 = 7.2;
const BAR: f64 = 14.0;
/// How much of other text as wide as a title there is in it: its letters are larger.
const TITLE: f64 = 0.75;

/// All of them in one file, one below the other.
pub(crate) fn document(plates: &[Plate]) -> String {
    let (mut y, mut drawn) = (MARGIN, Vec::new());
    for plate in plates {
        let (markup, height) = draw(plate, WIDTH);
        drawn.push((y, markup));
        y += height + 2.0 * MARGIN;
    }
    if plates.is_empty() {
        drawn.push((
            y,
            html! { text class="title" y="16" { "No picture was drawn." } },
        ));
        y += 2.0 * LINE;
    }
    let (width, height) = (WIDTH + 2.0 * MARGIN, y);
    let told: Vec<_> = plates.iter().map(description).collect();
    let markup = html! {
        svg xmlns="http://www.w3.org/2000/svg" class="picture" role="img" width=(width)
            height=(height) viewBox=(format!("0 0 {width} {height}"))
            aria-labelledby="title description" {
            title id="title" { (titles(plates)) }
            desc id="description" { (told.join(" ")) }
            // A style sheet is no text: only in HTML would it need no escape.
            style { (PreEscaped(STYLE)) }
            rect class="paper" width="100%" height="100%" {}
            @for (y, markup) in drawn {
                g transform=(format!("translate({MARGIN} {y})")) { (markup) }
            }
        }
    };
    markup.into_string() + "\n"
}

fn titles(plates: &[Plate]) -> String {
    let titles: Vec<_> = plates.iter().map(Plate::title).collect();
    match titles.is_empty() {
        true => "No picture".to_owned(),
        false => titles.join("; "),
    }
}

/// One of them within a page that has [`STYLE`], so wide; `name` is its own there.
pub(crate) fn figure(plate: &Plate, width: f64, name: &str) -> Markup {
    let (markup, height) = draw(plate, width);
    let [title, told] = ["title", "description"].map(|of| format!("{name}-{of}"));
    html! {
        svg xmlns="http://www.w3.org/2000/svg" class="picture" role="img"
            viewBox=(format!("0 0 {width} {height}")) width=(width) height=(height)
            aria-labelledby=(format!("{title} {told}")) {
            title id=(title) { (plate.title()) }
            desc id=(told) { (description(plate)) }
            (markup)
        }
    }
}

/// A picture in words.
fn description(plate: &Plate) -> String {
    let mut told = format!("{}.", plate.title());
    let mut tell = |text: String| {
        let _ = write!(told, " {text}");
    };
    match plate {
        Plate::Timelines { groups, .. } => {
            for group in groups {
                tell(format!("{}:", group.name));
                let told = |lane: &Lane| {
                    let time = |doing| duration(lane.time_s(doing)).trim_end().to_owned();
                    let [working, waiting, in_line] = Doing::ALL.map(time);
                    let end = duration(lane.end_s());
                    format!(
                        "{} ends after {}, {working} working, {waiting} waiting, {in_line} in line",
                        lane.name,
                        end.trim_end()
                    )
                };
                let lanes: Vec<_> = group.lanes.iter().map(told).collect();
                tell(format!("{}.", lanes.join("; ")));
            }
        }
        Plate::Curves(curves) => {
            tell(format!("{} over {}.", curves.y.name, curves.x.name));
            for series in curves.series.iter().filter(|s| s.drawn != Drawn::Bound) {
                let point = |point: &[f64; 2]| {
                    let x = label(point[0], curves.x.unit);
                    format!("{} at {x}", label(point[1], curves.y.unit))
                };
                let points: Vec<_> = series.points.iter().map(point).collect();
                tell(format!("{}: {}.", series.name, points.join(", ")));
            }
        }
    }
    told
}

/// What it shows, and how high that is.
fn draw(plate: &Plate, width: f64) -> (Markup, f64) {
    match plate {
        Plate::Timelines { title, groups } => timelines(title, groups, width),
        Plate::Curves(curves) => plot(curves, width),
    }
}

fn px(number: f64) -> String {
    format!("{}", (number * 10.0).round() / 10.0)
}

fn wide(text: &str) -> f64 {
    text.chars().count() as f64 * LETTER
}

/// Breaks what does not fit into the width.
fn broken(text: &str, width: f64) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("never empty");
        if !line.is_empty() && wide(line) + wide(word) + LETTER > width {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

fn title(lines: &[String]) -> Markup {
    html! {
        @for (at, line) in lines.iter().enumerate() {
            text class="title" x="0" y=(px(16.0 + at as f64 * LINE)) { (line) }
        }
    }
}

/// Entries of a legend in rows that fit: where each stands, and how high all are.
fn rows_of(names: &[&str], width: f64) -> (Vec<(f64, f64)>, f64) {
    let (mut x, mut y, mut places) = (0.0, 0.0, Vec::new());
    for name in names {
        let wide = wide(name) + 36.0;
        if x > 0.0 && x + wide > width {
            (x, y) = (0.0, y + LINE);
        }
        places.push((x, y));
        x += wide;
    }
    (places, y + LINE)
}

// Timelines.

impl Doing {
    fn class(self) -> &'static str {
        match self {
            Doing::InLine => "in-line",
            Doing::Working => "working",
            Doing::Waiting => "waiting",
        }
    }

    /// How much of the bar's height it fills.
    fn height(self) -> f64 {
        match self {
            Doing::InLine => 2.0,
            Doing::Working => BAR,
            Doing::Waiting => BAR * 0.55,
        }
    }
}

fn bar(doing: Doing, x: f64, y: f64, width: f64) -> Markup {
    let height = doing.height();
    // Work is short: it is seen all the same.
    let width = if doing == Doing::Working {
        width.max(1.5)
    } else {
        width
    };
    html! {
        rect class=(doing.class()) x=(px(x)) y=(px(y + (BAR - height) / 2.0)) width=(px(width))
            height=(px(height)) {}
    }
}

fn timelines(named: &str, groups: &[Group], width: f64) -> (Markup, f64) {
    let lanes = || groups.iter().flat_map(|group| &group.lanes);
    let left = lanes().map(|lane| wide(&lane.name)).fold(0.0, f64::max) + 12.0;
    let room = width - left - wide("1.00 ms ") - 4.0;
    let end_s = lanes().map(Lane::end_s).fold(0.0, f64::max);
    let scale = Scale::over(std::iter::once(end_s / 1.05), Spacing::Linear);
    let x = |time_s: f64| left + scale.place(time_s) * room;
    let heading = broken(named, width * TITLE);
    let (legend, legend_height) = rows_of(&Doing::ALL.map(Doing::text), width);
    let legend_y = heading.len() as f64 * LINE + 8.0;
    let top = legend_y + legend_height + 8.0;
    let mut y = top;
    let mut drawn = Vec::new();
    for group in groups {
        y += 6.0;
        drawn.push(html! { text class="group" x="0" y=(px(y + 13.0)) { (group.name) } });
        y += LINE;
        for lane in &group.lanes {
            let baseline = px(y + BAR - 2.5);
            drawn.push(html! {
                text class="quiet" x="0" y=(baseline) { (lane.name) }
                @for span in &lane.spans {
                    (bar(span.doing, x(span.from_s), y, x(span.to_s) - x(span.from_s)))
                }
                text x=(px(x(lane.end_s()) + 6.0)) y=(baseline) { (duration(lane.end_s()).trim_end()) }
            });
            y += LINE;
        }
    }
    let ticks = scale.ticks((room / 90.0) as usize + 1, Unit::Seconds);
    let markup = html! {
        (title(&heading))
        @for (doing, at) in Doing::ALL.into_iter().zip(legend) {
            (bar(doing, at.0, legend_y + at.1, 20.0))
            text x=(px(at.0 + 26.0)) y=(px(legend_y + at.1 + BAR - 2.5)) { (doing.text()) }
        }
        @for tick in ticks {
            line class="grid" x1=(px(x(tick))) x2=(px(x(tick))) y1=(px(top)) y2=(px(y + 4.0)) {}
            text class="quiet" text-anchor="middle" x=(px(x(tick))) y=(px(y + LINE)) {
                (label(tick, Unit::Seconds))
            }
        }
        @for markup in &drawn { (markup) }
    };
    (markup, y + LINE + 6.0)
}

// Curves.

/// The shape of a measured series, around a place; there are six.
fn mark(which: usize, x: f64, y: f64) -> Markup {
    let class = format!("series series-{which}");
    let polygon = |corners: &[(f64, f64)]| {
        let corners: Vec<_> = corners
            .iter()
            .map(|c| format!("{},{}", px(x + c.0), px(y + c.1)))
            .collect();
        html! { polygon class=(class) points=(corners.join(" ")) {} }
    };
    match which {
        0 => html! { circle class=(class) cx=(px(x)) cy=(px(y)) r="4.5" {} },
        1 => polygon(&[(-4.0, -4.0), (4.0, -4.0), (4.0, 4.0), (-4.0, 4.0)]),
        2 => polygon(&[(0.0, -5.5), (5.0, 4.0), (-5.0, 4.0)]),
        3 => polygon(&[(0.0, -5.5), (5.5, 0.0), (0.0, 5.5), (-5.5, 0.0)]),
        4 => polygon(&[(-5.0, -4.0), (5.0, -4.0), (0.0, 5.5)]),
        _ => html! { circle class=(format!("{class} hollow")) cx=(px(x)) cy=(px(y)) r="4" {} },
    }
}

fn plot(curves: &Curves, width: f64) -> (Markup, f64) {
    let points = || curves.series.iter().flat_map(|series| &series.points);
    let x = Scale::over(points().map(|p| p[0]), curves.x.spacing);
    let y = Scale::over(points().map(|p| p[1]), curves.y.spacing);
    let (measured, bounds): (Vec<&Series>, Vec<&Series>) =
        curves.series.iter().partition(|s| s.drawn != Drawn::Bound);
    let heading = broken(&curves.title, width * TITLE);

    let y_ticks = y.ticks(6, curves.y.unit);
    let y_labels = y_ticks
        .iter()
        .map(|&tick| wide(&label(tick, curves.y.unit)));
    let left = y_labels.fold(0.0, f64::max) + 10.0;
    let right = bounds
        .iter()
        .map(|b| wide(&b.name) + 10.0)
        .fold(12.0, f64::max);
    let named = broken(&curves.y.name, width);
    let top = (heading.len() + named.len()) as f64 * LINE + 14.0;
    let (room, height) = (width - left - right, (width * 0.5).clamp(200.0, 280.0));
    let place = |point: &[f64; 2]| {
        (
            left + x.place(point[0]) * room,
            top + (1.0 - y.place(point[1])) * height,
        )
    };
    let path = |series: &Series| {
        let points: Vec<_> = series.points.iter().map(place).collect();
        let points: Vec<_> = points
            .iter()
            .map(|p| format!("{},{}", px(p.0), px(p.1)))
            .collect();
        points.join(" ")
    };
    // Single points would lie over one another: they stand side by side.
    let aside = |at: usize, series: &Series| match series.drawn {
        Drawn::Marks => (at as f64 - (measured.len() - 1) as f64 / 2.0) * 9.0,
        Drawn::Line | Drawn::Bound => 0.0,
    };
    let x_ticks = x.ticks((room / 50.0) as usize + 1, curves.x.unit);
    let bottom = top + height;
    let names: Vec<_> = measured.iter().map(|series| &*series.name).collect();
    let (legend, legend_height) = rows_of(&names, width);
    let legend_y = bottom + 2.0 * LINE + 16.0;
    let markup = html! {
        (title(&heading))
        @for (at, line) in named.iter().rev().enumerate() {
            text class="quiet" x="0" y=(px(top - 12.0 - at as f64 * LINE)) { (line) }
        }
        @for &tick in &y_ticks {
            @let at = place(&[0.0, tick]).1;
            line class="grid" x1=(px(left)) x2=(px(left + room)) y1=(px(at)) y2=(px(at)) {}
            text class="quiet" text-anchor="end" x=(px(left - 6.0)) y=(px(at + 4.0)) { (label(tick, curves.y.unit)) }
        }
        @for &tick in &x_ticks {
            @let at = place(&[tick, 0.0]).0;
            line class="axis" x1=(px(at)) x2=(px(at)) y1=(px(bottom)) y2=(px(bottom + 5.0)) {}
            text class="quiet" text-anchor="middle" x=(px(at)) y=(px(bottom + LINE)) { (label(tick, curves.x.unit)) }
        }
        line class="axis" x1=(px(left)) x2=(px(left + room)) y1=(px(bottom)) y2=(px(bottom)) {}
        text class="quiet" text-anchor="end" x=(px(left + room)) y=(px(bottom + 2.0 * LINE)) { (curves.x.name) }
        @for bound in &bounds {
            polyline class="bound" points=(path(bound)) {}
            @if let Some((_, last)) = bound.points.last().map(place) {
                text class="quiet" x=(px(left + room + 6.0)) y=(px(last + 4.0)) { (bound.name) }
            }
        }
        @for (at, series) in measured.iter().enumerate() {
            @if series.drawn == Drawn::Line {
                polyline class=(format!("curve series-{}", series.mark(at))) points=(path(series)) {}
            }
            @for point in series.points.iter().map(place) {
                (mark(series.mark(at), point.0 + aside(at, series), point.1))
            }
        }
        @for (at, (series, place)) in measured.iter().zip(legend).enumerate() {
            (mark(series.mark(at), place.0 + 8.0, legend_y + place.1 + 7.0))
            text x=(px(place.0 + 20.0)) y=(px(legend_y + place.1 + 11.5)) { (series.name) }
        }
    };
    (markup, legend_y + legend_height)
}
