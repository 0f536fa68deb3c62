//! **How do the pictures of several rows become one?** By their titles: a [`Plate`] holds
//! all that the rows of a demo drew under one title. That is where the comparison is
//! seen, since a scale is shared only within a plate.

use super::{Curves, Lane, Picture};
use crate::catalogue::{Contender, Demo, Runner};
use crate::report::Report;

/// One picture as it is shown.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Plate {
    Timelines { title: String, groups: Vec<Group> },
    Curves(Curves),
}

/// One contender's lanes.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) lanes: Vec<Lane>,
}

impl Plate {
    pub(crate) fn title(&self) -> &str {
        match self {
            Plate::Timelines { title, .. } => title,
            Plate::Curves(curves) => &curves.title,
        }
    }

    fn of(contender: Contender, picture: &Picture) -> Self {
        match picture {
            Picture::Timeline(timeline) => Plate::Timelines {
                title: timeline.title.clone(),
                groups: vec![Group {
                    name: match contender.runner {
                        Runner::Plain => contender.program.name().to_owned(),
                        runner => format!("{}, {}", contender.program.name(), runner.name()),
                    },
                    lanes: timeline.lanes.clone(),
                }],
            },
            Picture::Curves(curves) => {
                let mut curves = curves.clone();
                for series in &mut curves.series {
                    if series.name.is_empty() {
                        series.name = match contender.runner {
                            Runner::Plain => contender.program.name(),
                            runner => runner.name(),
                        }
                        .to_owned();
                    }
                }
                Plate::Curves(curves)
            }
        }
    }

    /// Takes in another row's part; gives it back if it belongs elsewhere.
    fn admit(&mut self, part: Plate) -> Option<Plate> {
        if self.title() != part.title() {
            return Some(part);
        }
        match (self, part) {
            (
                Plate::Timelines { groups, .. },
                Plate::Timelines {
                    groups: another, ..
                },
            ) => groups.extend(another),
            (Plate::Curves(curves), Plate::Curves(another)) => {
                // A bound is the same whoever draws it.
                let new = another.series.into_iter();
                let new: Vec<_> = new.filter(|s| !curves.series.contains(s)).collect();
                curves.series.extend(new);
            }
            (_, part) => return Some(part),
        }
        None
    }
}

/// What the rows of a demo drew, in the order in which it was drawn.
pub(crate) fn plates(report: &Report, demo: Demo) -> Vec<Plate> {
    let rows = report.rows.iter().filter(|row| row.demo() == demo);
    let drawn = rows.flat_map(|row| row.pictures.iter().map(|p| Plate::of(row.contender, p)));
    let mut plates: Vec<Plate> = Vec::new();
    for part in drawn {
        let homeless = plates
            .iter_mut()
            .try_fold(part, |part, plate| plate.admit(part).ok_or(()));
        plates.extend(homeless.ok());
    }
    plates
}

#[cfg(test)]
mod tests {
    use super::super::{Axis, Drawn, Series, Spacing, Timeline, Unit};
    use super::*;
    use crate::catalogue::Program;
    use crate::report::{Measured, Status};
    use crate::runtimes::Runtime;
    use crate::stage::Settings;
    use crate::wishes::Wishes;

    fn report() -> Report {
        let settings = Settings {
            time_scale: 1.0,
            seed: 1,
            items: 2,
            wishes: Wishes::usual(1.0),
        };
        Report::new("run", settings)
    }

    fn add(report: &mut Report, program: Program, runner: Runner, picture: Picture) {
        let mut measured = Measured::without_result(Status::Done, String::new());
        measured.pictures.push(picture);
        report.add(Contender { program, runner }, measured);
    }

    fn curves(title: &str, points: Vec<[f64; 2]>) -> Picture {
        let axis = || Axis::new("", Unit::Count, Spacing::Linear);
        Picture::Curves(Curves {
            title: title.to_owned(),
            x: axis(),
            y: axis(),
            series: vec![
                Series::new("bound", Drawn::Bound, vec![[1.0, 1.0]]),
                Series::new("", Drawn::Marks, points),
            ],
        })
    }

    #[test]
    fn curves_of_one_title_lie_over_one_another_with_one_bound() {
        let mut report = report();
        let kolo = Runner::On(Runtime::KoloCurrent);
        let gathered = Program::CountGathered;
        add(
            &mut report,
            Program::CountSynchronous,
            Runner::Plain,
            curves("a", vec![[1.0, 1.0]]),
        );
        add(&mut report, gathered, kolo, curves("a", vec![[1.0, 2.0]]));
        let plates = plates(&report, Demo::Count);
        let [Plate::Curves(curves)] = &plates[..] else {
            panic!("{plates:?}")
        };
        let names: Vec<_> = curves.series.iter().map(|s| &*s.name).collect();
        assert_eq!(names, ["bound", "synchronous", "kolo-current"]);
    }

    #[test]
    fn timelines_stand_below_one_another_and_other_titles_apart() {
        let mut report = report();
        let timeline = || {
            Picture::Timeline(Timeline {
                title: "b".to_owned(),
                lanes: Vec::new(),
            })
        };
        let gathered = Program::CountGathered;
        for runtime in [Runtime::KoloCurrent, Runtime::TokioCurrent] {
            add(&mut report, gathered, Runner::On(runtime), timeline());
        }
        let plain = Program::CountSynchronous;
        add(&mut report, plain, Runner::Plain, curves("b", Vec::new()));
        let plates = plates(&report, Demo::Count);
        let [Plate::Timelines { groups, .. }, Plate::Curves(_)] = &plates[..] else {
            panic!("{plates:?}")
        };
        let names: Vec<_> = groups.iter().map(|group| &*group.name).collect();
        assert_eq!(names, ["gathered, kolo-current", "gathered, tokio-current"]);
        assert!(super::plates(&report, Demo::Fib).is_empty());
    }
}
