//! **How does a picture look in a terminal?** As lines of text, 80 columns wide unless
//! the terminal is narrower, that say the same without their colours: what somebody does
//! has a glyph of its own, and so has each series.
//!
//! Read next: `svg.rs`, the same where there are pixels.

use super::scale::{Scale, label};
use super::{Curves, Doing, Drawn, Group, Plate, Series};
use crate::console::Voice;
use crate::table::duration;

/// A line in several voices.
pub(crate) type Line = Vec<(Voice, String)>;

const WIDEST: usize = 80;
/// Below this a picture would say nothing; it is wider than the terminal then.
const NARROWEST: usize = 40;
/// How many lines a plot is high, without its axis.
const HEIGHT: usize = 12;

impl Doing {
    fn glyph(self) -> char {
        match self {
            Doing::InLine => '·',
            Doing::Working => '█',
            Doing::Waiting => '░',
        }
    }

    fn voice(self) -> Voice {
        match self {
            Doing::InLine => Voice::Dim,
            Doing::Working => Voice::Yellow,
            Doing::Waiting => Voice::Cyan,
        }
    }
}

/// The marks of the measured series: the runtimes' four between those of others.
const MARKS: [(char, Voice); 6] = [
    ('●', Voice::White),
    ('■', Voice::Yellow),
    ('◆', Voice::Cyan),
    ('□', Voice::Green),
    ('◇', Voice::Magenta),
    ('○', Voice::Plain),
];

pub(crate) fn lines(plate: &Plate, width: usize) -> Vec<Line> {
    let width = width.clamp(NARROWEST, WIDEST);
    let mut lines = vec![vec![(Voice::Bold, format!("  {}", plate.title()))]];
    match plate {
        Plate::Timelines { groups, .. } => timelines(groups, width, &mut lines),
        Plate::Curves(curves) => plot(curves, width, &mut lines),
    }
    lines
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

// Timelines.

fn timelines(groups: &[Group], width: usize, lines: &mut Vec<Line>) {
    let lanes = || groups.iter().flat_map(|group| &group.lanes);
    let names = lanes().map(|lane| chars(&lane.name)).max().unwrap_or(0) + 6;
    // Behind the bars there is room for how long they took.
    let room = width.saturating_sub(names + 10).max(10);
    let end_s = lanes().map(super::Lane::end_s).fold(0.0, f64::max);
    let each_s = end_s / room as f64;

    let mut legend = vec![(Voice::Plain, " ".to_owned())];
    for doing in Doing::ALL {
        legend.push((doing.voice(), format!(" {}", doing.glyph())));
        legend.push((Voice::Dim, format!(" {} ", doing.text())));
    }
    lines.push(legend);
    for group in groups {
        lines.push(vec![(Voice::Plain, format!("  {}", group.name))]);
        for lane in &group.lanes {
            let mut cells = vec![None; room];
            let cell = |time_s: f64| ((time_s / each_s) as usize).min(room - 1);
            for (at, cell) in cells.iter_mut().enumerate() {
                let middle_s = (at as f64 + 0.5) * each_s;
                let mut spans = lane.spans.iter();
                *cell = spans
                    .find(|span| (span.from_s..span.to_s).contains(&middle_s))
                    .map(|span| span.doing);
            }
            // Work is short: it is seen all the same.
            for span in lane.spans.iter().filter(|s| s.doing == Doing::Working) {
                cells[cell(f64::midpoint(span.from_s, span.to_s))] = Some(span.doing);
            }
            let mut line = vec![(Voice::Dim, format!("    {:<1$}", lane.name, names - 4))];
            for run in cells.chunk_by(|a, b| a == b) {
                line.push(match run[0] {
                    Some(doing) => (doing.voice(), doing.glyph().to_string().repeat(run.len())),
                    None => (Voice::Plain, " ".repeat(run.len())),
                });
            }
            let took = duration(lane.end_s());
            line.push((Voice::Plain, format!("  {}", took.trim_end())));
            lines.push(line);
        }
    }
    let scale = Scale::over(std::iter::once(end_s / 1.05), super::Spacing::Linear);
    let axis = axis_below(&scale, super::Unit::Seconds, room, room + 8);
    lines.push(vec![(Voice::Dim, format!("{:names$}{axis}", ""))]);
}

/// Tick labels below where their numbers stand, within `limit`; those without room are
/// left out.
fn axis_below(scale: &Scale, unit: super::Unit, room: usize, limit: usize) -> String {
    let mut axis = String::new();
    for tick in scale.ticks(room / 10, unit) {
        let text = label(tick, unit);
        let at = (scale.place(tick) * (room - 1) as f64).round() as usize;
        let at = at.saturating_sub((chars(&text) - 1) / 2);
        let at = at.min(limit - chars(&text));
        if axis.is_empty() || at > chars(&axis) {
            axis += &" ".repeat(at - chars(&axis));
            axis += &text;
        }
    }
    axis
}

// Curves.

fn plot(curves: &Curves, width: usize, lines: &mut Vec<Line>) {
    let points = || curves.series.iter().flat_map(|series| &series.points);
    let x = Scale::over(points().map(|p| p[0]), curves.x.spacing);
    let y = Scale::over(points().map(|p| p[1]), curves.y.spacing);
    let bounds = || curves.series.iter().filter(|s| s.drawn == Drawn::Bound);
    let measured: Vec<&Series> = curves
        .series
        .iter()
        .filter(|s| s.drawn != Drawn::Bound)
        .collect();

    let y_ticks = y.ticks(5, curves.y.unit);
    let y_labels: Vec<String> = y_ticks.iter().map(|&t| label(t, curves.y.unit)).collect();
    let left = y_labels.iter().map(|text| chars(text)).max().unwrap_or(0) + 2;
    let right = bounds()
        .map(|bound| chars(&bound.name) + 1)
        .max()
        .unwrap_or(0);
    let room = width.saturating_sub(left + 2 + right).max(10);
    let column = |number: f64| (x.place(number) * (room - 1) as f64).round() as usize;
    let row = |number: f64| ((1.0 - y.place(number)) * (HEIGHT - 1) as f64).round() as usize;

    let mut cells = vec![vec![(Voice::Plain, ' '); room]; HEIGHT];
    for bound in bounds() {
        for pair in bound.points.windows(2) {
            let [from, to] = [pair[0], pair[1]].map(|p| (column(p[0]), y.place(p[1])));
            for (step, at) in (from.0..=to.0).enumerate() {
                let share = step as f64 / (to.0 - from.0).max(1) as f64;
                let height = from.1 + (to.1 - from.1) * share;
                let row = ((1.0 - height) * (HEIGHT - 1) as f64).round() as usize;
                cells[row][at] = (Voice::Dim, '·');
            }
        }
    }
    // Side by side where they would lie over one another, each on its own side.
    for (at, series) in measured.iter().enumerate() {
        let (glyph, voice) = MARKS[series.mark(at)];
        for point in &series.points {
            let column = (column(point[0]) + at).saturating_sub(measured.len() / 2);
            cells[row(point[1])][column.min(room - 1)] = (voice, glyph);
        }
    }

    lines.push(vec![(Voice::Dim, format!("  {}", curves.y.name))]);
    for (at, cells) in cells.iter().enumerate() {
        let tick = y_ticks.iter().position(|&tick| row(tick) == at);
        let text = tick.map_or("", |tick| &y_labels[tick]);
        let edge = if tick.is_some() { '┤' } else { '│' };
        let mut line = vec![(Voice::Dim, format!("{text:>left$} {edge}"))];
        for run in cells.chunk_by(|a, b| a.0 == b.0) {
            line.push((run[0].0, run.iter().map(|cell| cell.1).collect()));
        }
        let named = bounds().find(|b| b.points.last().is_some_and(|p| row(p[1]) == at));
        if let Some(bound) = named {
            line.push((Voice::Dim, format!(" {}", bound.name)));
        }
        lines.push(line);
    }
    let axis = "─".repeat(room);
    lines.push(vec![(Voice::Dim, format!("{:left$} └{axis}", ""))]);
    let axis = axis_below(&x, curves.x.unit, room, room + right);
    lines.push(vec![(Voice::Dim, format!("{:left$}  {axis}", ""))]);
    let name = &curves.x.name;
    lines.push(vec![(Voice::Dim, format!("{name:>0$}", left + 2 + room))]);
    legend(&measured, width, lines);
}

fn legend(measured: &[&Series], width: usize, lines: &mut Vec<Line>) {
    let mut line = vec![(Voice::Plain, " ".to_owned())];
    let mut wide = 1;
    for (at, series) in measured.iter().enumerate() {
        let (glyph, voice) = MARKS[series.mark(at)];
        let name = format!(" {} ", series.name);
        if wide + 2 + chars(&name) > width {
            lines.push(std::mem::replace(
                &mut line,
                vec![(Voice::Plain, " ".to_owned())],
            ));
            wide = 1;
        }
        wide += 2 + chars(&name);
        line.push((voice, format!(" {glyph}")));
        line.push((Voice::Dim, name));
    }
    lines.push(line);
}

#[cfg(test)]
mod tests {
    use super::super::{Axis, Lane, Spacing, Span, Unit};
    use super::*;

    fn text(plate: &Plate, width: usize) -> Vec<String> {
        let plain = |line: &Line| line.iter().map(|(_, text)| &**text).collect::<String>();
        let lines = lines(plate, width);
        lines
            .iter()
            .map(|line| plain(line).trim_end().to_owned())
            .collect()
    }

    fn span(doing: Doing, from_s: f64, to_s: f64) -> Span {
        Span {
            doing,
            from_s,
            to_s,
        }
    }

    #[test]
    fn a_bar_is_as_long_as_it_took() {
        let lane = |name: &str, spans| Lane {
            name: name.to_owned(),
            spans,
        };
        let plate = Plate::Timelines {
            title: "Two".to_owned(),
            groups: vec![Group {
                name: "in turn".to_owned(),
                lanes: vec![
                    lane(
                        "a",
                        vec![
                            span(Doing::Working, 0.0, 0.5),
                            span(Doing::Waiting, 0.5, 1.0),
                        ],
                    ),
                    lane(
                        "b",
                        vec![
                            span(Doing::InLine, 0.0, 1.0),
                            // Shorter than a cell, and seen.
                            span(Doing::Working, 1.0, 1.001),
                            span(Doing::Waiting, 1.001, 2.0),
                        ],
                    ),
                ],
            }],
        };
        assert_eq!(
            text(&plate, 57),
            [
                "  Two",
                "  █ working  ░ waiting  · in line",
                "  in turn",
                "    a  ██████████░░░░░░░░░░                      1.00 s",
                "    b  ····················█░░░░░░░░░░░░░░░░░░░  2.00 s",
                "       0                  1 s                2 s",
            ]
        );
    }

    #[test]
    fn a_plot_has_its_marks_where_the_axes_say() {
        let axis = |name| Axis::new(name, Unit::Count, Spacing::Linear);
        let plate = Plate::Curves(Curves {
            title: "Rise".to_owned(),
            x: axis("threads"),
            y: axis("speed"),
            series: vec![
                Series::new("most", Drawn::Bound, vec![[1.0, 1.0], [4.0, 4.0]]),
                Series::new("one", Drawn::Marks, vec![[1.0, 1.0], [4.0, 3.0]]),
            ],
        });
        let text = text(&plate, 40);
        assert_eq!(text[1], "  speed");
        assert_eq!(text.len(), HEIGHT + 6);
        let line = |number: &str| {
            let mut lines = text.iter();
            lines
                .find(|line| line.trim_start().starts_with(number))
                .expect("a tick")
        };
        let column = |line: &str, glyph| line.chars().position(|c| c == glyph);
        let four = column(line("3 ┤"), '●').expect("a mark");
        assert_eq!(text[15].chars().nth(four), Some('4'), "{text:#?}");
        assert!(line("1 ┤").contains('●'), "{text:#?}");
        assert!(line("4 ┤").ends_with(" most"), "{text:#?}");
        assert_eq!(text.last().expect("lines"), "  ● one");
    }

    #[test]
    fn nothing_is_wider_than_the_terminal() {
        let axis = |name| Axis::new(name, Unit::Seconds, Spacing::Log);
        let names = [
            "threads",
            "kolo-current",
            "kolo-multi",
            "tokio-current",
            "tokio-multi",
        ];
        let plate = Plate::Curves(Curves {
            title: "Wide".to_owned(),
            x: axis("x"),
            y: axis("y"),
            series: names
                .map(|name| Series::new(name, Drawn::Line, vec![[0.001, 0.2], [8.0, 90.0]]))
                .into(),
        });
        for width in [40, 57, 80] {
            for line in text(&plate, width) {
                assert!(chars(&line) <= width, "{width}: {line}");
            }
        }
        let widest = text(&plate, 200).iter().map(|line| chars(line)).max();
        assert!(widest <= Some(WIDEST));
    }
}
