//! **How is the command line read?** By clap, and what clap can't know is asked for
//! here: whether there is to be colour, which its own texts need to know first; and that
//! a comparison is of one demo or of all.
//!
//! A command line that stands anywhere in our texts is read by a test: in a help, in a
//! lesson, in a README.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{ColorChoice, CommandFactory, FromArgMatches, ValueEnum};

use crate::cli::{Cli, Command};

/// Reads the command line; ends the process on `--help`, `--version` and misuse.
pub(crate) fn parse() -> Cli {
    let command = command().color(color_of(std::env::args().skip(1)));
    let cli = read(command, std::env::args_os()).unwrap_or_else(|error| error.exit());
    cli.options.color.write_global();
    cli
}

/// The command line, to which -1 is a number that may be too small, and no option.
fn command() -> clap::Command {
    fn with_negative_numbers(command: clap::Command) -> clap::Command {
        command
            .mut_args(|arg| {
                let has_value = arg.get_action().takes_values();
                arg.allow_negative_numbers(has_value)
            })
            .mut_subcommands(with_negative_numbers)
    }
    with_negative_numbers(Cli::command())
}

fn read(
    mut command: clap::Command,
    args: impl IntoIterator<Item = OsString>,
) -> Result<Cli, clap::Error> {
    let cli = Cli::from_arg_matches(&command.try_get_matches_from_mut(args)?)?;
    if let Some(Command::Compare { how, demo }) = &cli.command {
        let (kind, wrong) = match (how.all, demo) {
            (true, None) | (false, Some(_)) => return Ok(cli),
            (false, None) => (
                ErrorKind::MissingSubcommand,
                "which demo is to be measured? Name one, or ask for --all (`demos list` shows them)",
            ),
            (true, Some(_)) => (
                ErrorKind::ArgumentConflict,
                "--all measures every demo: name one of them, or say --all",
            ),
        };
        let compare = command.find_subcommand_mut("compare");
        return Err(compare.expect("it was just read").error(kind, wrong));
    }
    Ok(cli)
}

/// Ends the process as on misuse: options that each make sense, but not together.
pub(crate) fn refuse(why: &str) -> ! {
    Cli::command()
        .color(color_of(std::env::args().skip(1)))
        .error(ErrorKind::ArgumentConflict, why)
        .exit()
}

/// The commands that people use: completions are for them.
pub(crate) fn without_hidden() -> clap::Command {
    let all = Cli::command();
    let shown = all
        .get_subcommands()
        .filter(|command| !command.is_hide_set());
    clap::Command::new("demos")
        .version(env!("CARGO_PKG_VERSION"))
        .args(all.get_arguments())
        .subcommands(shown)
}

/// `--color` as far as clap's own texts need it, before clap has read it.
fn color_of(args: impl Iterator<Item = String>) -> ColorChoice {
    let mut args = args.skip_while(|arg| !arg.starts_with("--color"));
    let value = match args.next() {
        Some(arg) if arg == "--color" => args.next(),
        Some(arg) => arg.strip_prefix("--color=").map(str::to_owned),
        None => None,
    };
    value
        .and_then(|value| ColorChoice::from_str(&value, true).ok())
        .unwrap_or(ColorChoice::Auto)
}

/// Tells `anstream` what was chosen.
trait WriteGlobal {
    fn write_global(self);
}

impl WriteGlobal for ColorChoice {
    fn write_global(self) {
        match self {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}

#[cfg(test)]
mod tests {
    use clap::builder::StyledStr;

    use super::*;
    use crate::catalogue::Demo;

    #[test]
    fn the_command_line_is_well_formed() {
        command().debug_assert();
        without_hidden().debug_assert();
    }

    #[test]
    fn colour_is_known_before_clap_knows() {
        let of = |line: &str| color_of(line.split(' ').map(str::to_owned));
        assert_eq!(of("run count --color never"), ColorChoice::Never);
        assert_eq!(of("--color=always list"), ColorChoice::Always);
        assert_eq!(of("list"), ColorChoice::Auto);
    }

    fn readable(line: &str, from: &str) {
        // A file that only the reader can have: it is opened while the line is read.
        let line = line.replace(" --ca-file ca.pem", "");
        let words = line.split_whitespace().map(OsString::from);
        if let Err(error) = read(command(), words) {
            let asks_for_help = error.kind() == ErrorKind::DisplayHelp;
            assert!(asks_for_help, "{from}: `{line}`: {error}");
        }
    }

    /// The commands among a text's lines: without what is said of them after two blanks,
    /// where they are sent, or what is sent to them.
    fn commands(text: &str) -> Vec<String> {
        let mut commands = Vec::new();
        for line in text.lines() {
            let line = line.trim_start().trim_start_matches("$ ");
            let line = line
                .replace("cargo run --release -p kolo-demos --", "demos")
                .replace("cargo run --release --", "demos")
                .replace("target/release/demos", "demos");
            let ours = |part: &&str| *part == "demos" || part.starts_with("demos ");
            let Some(command) = line
                .split(" | ")
                .find(ours)
                .filter(|part| !part.contains('<'))
            else {
                continue;
            };
            let ends = ["  ", " > ", " # "];
            let end = ends.iter().filter_map(|end| command.find(end)).min();
            commands.push(command[..end.unwrap_or(command.len())].to_owned());
        }
        commands
    }

    #[test]
    fn every_example_of_every_help_can_be_typed() {
        fn helps(command: &clap::Command) -> Vec<String> {
            let own = command.get_after_help().map(StyledStr::to_string);
            let below = command.get_subcommands().flat_map(helps);
            own.into_iter().chain(below).collect()
        }
        let mut read = 0;
        for help in helps(&Cli::command()) {
            let commands = commands(&help);
            assert!(!commands.is_empty(), "no examples in: {help}");
            for line in commands {
                readable(&line, "a help");
                read += 1;
            }
        }
        assert!(read > 20, "{read} examples");
    }

    #[test]
    fn every_experiment_of_every_lesson_can_be_typed() {
        for demo in Demo::all() {
            for (line, _) in demo.chapter().lesson.experiments {
                let commands = commands(line);
                assert_eq!(
                    commands.len(),
                    1,
                    "{demo:?}: `{line}` is no command of ours"
                );
                readable(&commands[0], demo.name());
            }
        }
    }

    #[test]
    fn every_command_of_the_readmes_can_be_typed() {
        for (name, text) in [
            ("README.md", include_str!("../../README.md")),
            ("demos/README.md", include_str!("../README.md")),
        ] {
            let mut commands = self::commands(text);
            // Between backticks, in prose.
            let quoted = text.split('`').skip(1).step_by(2);
            let quoted = quoted.filter(|quoted| !quoted.contains('\n'));
            commands.extend(quoted.flat_map(self::commands));
            assert!(commands.len() > 2, "{name}: {commands:?}");
            for line in commands {
                readable(&line, name);
            }
        }
    }

    #[test]
    fn a_comparison_is_of_one_demo_or_of_all() {
        let kind = |line: &str| {
            let words = line.split(' ').map(OsString::from);
            read(command(), words).map_err(|error| error.kind())
        };
        assert!(kind("demos compare --all --runs 3").is_ok());
        assert!(kind("demos compare fib --runs 3").is_ok());
        let error = |line| kind(line).map(|_| ()).expect_err(line);
        assert_eq!(error("demos compare"), ErrorKind::MissingSubcommand);
        for line in ["demos compare --all fib", "demos compare fib --all"] {
            assert_eq!(error(line), ErrorKind::ArgumentConflict);
        }
    }
}
