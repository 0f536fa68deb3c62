//! **What can be asked for?** The command line, as clap reads it. Every option may
//! stand before or after the command; each command and each demo has a `--help` with
//! examples. Defaults that differ between commands are filled in by `commands.rs`.
//!
//! Read next: `arguments.rs`.

use std::path::PathBuf;

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Args, ColorChoice, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use crate::amdahl::Shares;
use crate::bank::Business;
use crate::catalogue::{Demo, Program};
use crate::city::options::City;
use crate::crew::options::{ComputeOptions, PoolOptions};
use crate::enter::Press;
use crate::files::FileOptions;
use crate::greeting::Greeting;
use crate::load::LoadOptions;
use crate::runtimes::Runtime;
use crate::stage::Settings;
use crate::web::visit::Visit;
use crate::wishes::Wishes;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::White.on_default().bold())
    .usage(AnsiColor::White.on_default().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(AnsiColor::Yellow.on_default());

/// The programs of the course Async Techniques and Examples in Python, in Rust: one
/// source text, run on kolo and on tokio.
///
/// Without a command: every demo in a short setting on every runtime, then one table,
/// in under a minute.
#[derive(Parser, Debug)]
#[command(name = "demos", version, styles = STYLES, max_term_width = 100, after_help = "\
Examples (in a clone, `cargo run --release --` stands for `demos`):
  demos                                     the tour
  demos list                                what there is
  demos run count                           one demo, at the course's pace
  demos run loop --rt kolo-current,tokio-current
  demos explain count                       what the course says, and the lines that matter
  demos compare loop --runs 9 --export-json loop.json
  demos compare --all --export-markdown all.md
  demos completions bash                    a script that completes all of this
  demos --html course.html                  the tour, as a page too

Exit codes:
  0    done (rows that can't run here are skipped)
  1    a demo's check failed, or a result could not be written
  2    usage
  3    what was asked for by name can't run
  130  Ctrl-C; the table shows what there was until then
  143  SIGTERM, and 129 SIGHUP: the same")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) options: Options,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Options {
    /// Only on these runtimes, by comma [default: all]
    #[arg(
        long,
        global = true,
        value_enum,
        value_delimiter = ',',
        value_name = "RUNTIMES",
        hide_possible_values = true,
        long_help = "\
Only on these runtimes, by comma: kolo-current, kolo-multi, tokio-current, tokio-multi [default: all]"
    )]
    pub(crate) rt: Option<Vec<Runtime>>,

    /// Multiply each wait, by a number above 0 and at most 100; below 1 ms the number of waits shrinks
    /// instead [default: 1 with run; 0.05 otherwise]
    #[arg(long, global = true, value_name = "F", value_parser = time_scale, long_help = "\
Multiply each wait, by a number above 0 and at most 100. Below 1 ms a wait stays, and the number of waits shrinks instead, as far as the \
demo keeps its sense. Where nothing waits, there is less to do: fewer transfers in `bank`, steps in \
`compute`, files in `files`. `fib`, `loop` and `echo` are the same at any pace. [default: 1 with run; 0.05 with compare and without a command]")]
    pub(crate) time_scale: Option<f64>,

    /// Repeat what an earlier run drew at random: waits, and transfers [default: a new seed]
    #[arg(long, global = true, value_name = "N")]
    pub(crate) seed: Option<u64>,

    /// How many actions `loop` takes
    #[arg(long, global = true, value_name = "N", default_value_t = 500_000, value_parser = clap::value_parser!(u64).range(2..=4_000_000))]
    pub(crate) items: u64,

    /// The Python whose asyncio and uvloop join `loop` and `unsync` [default: python3]
    #[arg(long, global = true, value_name = "PATH")]
    pub(crate) python: Option<PathBuf>,

    /// Write the pictures to this file
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        long_help = "\
Write the pictures that were drawn to this file: `upper-bound` and `requests` draw some. It has \
light and dark colours, and a description for those who can't see it."
    )]
    pub(crate) svg: Option<PathBuf>,

    /// Write a page of all that was run to this file
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        long_help = "\
Write a page of all that was run to this file: tables, checks, pictures, the machine. It needs no \
network, and fits a phone."
    )]
    pub(crate) html: Option<PathBuf>,

    /// For people, or JSON for programs
    #[arg(long, global = true, value_enum, default_value_t = Format::Human, value_name = "FORMAT")]
    pub(crate) format: Format,

    /// When to colour (NO_COLOR is obeyed)
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    pub(crate) color: ColorChoice,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Human,
    Json,
}

#[derive(Subcommand, Debug)]
#[expect(clippy::large_enum_variant, reason = "one to a process")]
pub(crate) enum Command {
    /// Show the demos and the runtimes
    #[command(after_help = "\
Examples (in a clone, `cargo run --release --` stands for `demos`):
  demos list
  demos list --format json")]
    List,

    /// Run one demo on each runtime, with all that it says
    #[command(
        subcommand_value_name = "DEMO",
        subcommand_help_heading = "Demos",
        after_help = "\
Examples (in a clone, `cargo run --release --` stands for `demos`):
  demos run count
  demos run producer-consumer --rt kolo-current --time-scale 0.1 --seed 7
  demos run loop --rt kolo-current,tokio-current,tokio-multi"
    )]
    Run {
        #[command(subcommand)]
        demo: DemoName,
    },

    /// Tell what is to be learned from a demo, and which lines to read
    #[command(after_help = "\
What the course says, the lines that matter with their file and line, what to try next and what
to see. Without a name: which demos there are.

Examples (in a clone, `cargo run --release --` stands for `demos`):
  demos explain
  demos explain count
  demos explain scrape --format json")]
    Explain {
        /// Which one: `demos list` shows them
        #[arg(value_enum, hide_possible_values = true)]
        demo: Option<Demo>,
    },

    /// Measure one demo or all: a fresh process for each run, contenders in turn
    #[command(
        subcommand_help_heading = "Demos",
        override_usage = "demos compare [OPTIONS] <DEMO>\n       demos compare [OPTIONS] --all",
        after_help = "\
Examples (in a clone, `cargo run --release --` stands for `demos`):
  demos compare loop
  demos compare loop --runs 9 --export-json loop.json --export-markdown loop.md
  demos compare count --rt kolo-current,tokio-current --time-scale 0.01
  demos compare --all --runs 3 --export-json all.json --export-markdown all.md"
    )]
    Compare {
        #[command(flatten)]
        how: Comparison,
        #[command(subcommand)]
        demo: Option<DemoName>,
    },

    /// Write the completions for a shell to standard output
    #[command(after_help = "\
Examples (in a clone, `cargo run --release --` stands for `demos`):
  demos completions bash > ~/.local/share/bash-completion/completions/demos
  demos completions zsh > ~/.zfunc/_demos
  demos completions fish > ~/.config/fish/completions/demos.fish")]
    Completions {
        #[arg(value_enum)]
        shell: Shell,
    },

    /// Run one program once and print what was measured: what `compare` starts
    #[command(hide = true)]
    Measure {
        program: Program,
        #[arg(long, value_parser = of_json)]
        settings: Settings,
    },
}

#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "How to compare")]
pub(crate) struct Comparison {
    /// All demos, in one report: in place of a demo's name
    #[arg(long, global = true)]
    pub(crate) all: bool,

    /// How often each contender runs: 5 or more have an interval of 95 %
    #[arg(long, global = true, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub(crate) runs: u32,

    /// Write all samples to this file, as JSON
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) export_json: Option<PathBuf>,

    /// Write the table to this file, as Markdown
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) export_markdown: Option<PathBuf>,
}

#[derive(Subcommand, Clone, Debug)]
pub(crate) enum DemoName {
    /// How much faster can a program become?
    #[command(after_help = "\
A job of which a share can be concurrent, on one thread and on more, up to one for each core; and
a job that waits, with more and more waits at once. Beside what is measured, the bound: what must
be done in order takes its time, however many threads there are.

Examples (in a clone, `cargo run --release --` stands for `demos`):
  demos run upper-bound
  demos run upper-bound --share 0.5,0.99 --rt kolo-multi
  demos compare upper-bound --runs 3 --html bound.html")]
    UpperBound(Shares),

    /// How many requests does a system take before it degrades?
    #[command(after_help = "\
Three requests, each with some work and a long wait for the database: one after another, on
threads, and overlapped. Then more and more requests a second, until response time degrades: for a
thread that waits, and for each runtime. At the course's pace this takes about half a minute.

Examples (in a clone, `cargo run --release --` stands for `demos`):
  demos run requests
  demos run requests --rt kolo-current --time-scale 0.1
  demos run requests --svg requests.svg
  demos compare requests --runs 3 --html requests.html")]
    Requests,

    /// What can a thread do while a function waits?
    #[command(after_help = "\
Three counts of a second each: one after another, and gathered on a loop.

Examples (in a clone, `cargo run --release --` stands for `demos`):
  demos run count
  demos run count --time-scale 0.1
  demos compare count --runs 3")]
    Count,

    /// How can a function stop in the middle, and go on later?
    #[command(after_help = "\
A list, an endless generator, and beside it a future polled by hand, step by step.

Examples (in a clone, `cargo run --release --` stands for `demos`):
  demos run fib
  demos run fib --rt kolo-current")]
    Fib,

    /// How long does an item wait for its consumer?
    #[command(after_help = "\
Twenty items synchronously; then a loop with one producer, and with two. At the course's
pace this takes 30 s and then 43 s on each runtime: --time-scale 0.1 takes a tenth.

Examples (in a clone, `cargo run --release --` stands for `demos`):
  demos run producer-consumer --rt kolo-current
  demos run producer-consumer --time-scale 0.1 --seed 7
  demos compare producer-consumer --runs 3")]
    ProducerConsumer,

    /// What does a loop cost when there is nothing to wait for?
    #[command(after_help = "\
Two producers, one consumer, a yield after each put and get. `mpsc` is the library's own
unbounded channel, `Queue` is kolo::sync::Queue on every runtime; `armed`: with a timer and a
listener waiting. asyncio and uvloop join where a python3 has them.

Examples (in a clone, `cargo run --release --` stands for `demos`):
  demos run loop
  demos run loop --items 50000 --python venv/bin/python
  demos compare loop --runs 9 --export-json loop.json")]
    Loop,

    /// What if most of a program's time is spent waiting for others?
    #[command(after_help = "\
The titles of ten pages: by a thread that blocks, by one task, by a task for each page, and
the same with at most --limit of them asking. The site is bundled, served on loopback, and
takes 0.95 s over each page; --base-url names a real one. At the course's pace this takes
10 s and then 14 s on each runtime: --time-scale 0.1 takes a tenth.

A page that can't be had has a line that says why; the others go on, and the exit code is 1.

Examples (in a clone, `cargo run --release --` stands for `demos`):
  demos run scrape
  demos run scrape --time-scale 0.1 --pages 100 --limit 20
  demos run scrape --rt kolo-current --base-url https://talkpython.fm
  demos run scrape --base-url https://localhost:8443 --ca-file ca.pem
  demos compare scrape --runs 3")]
    Scrape(Visit),

    /// What does a file have to do with a loop?
    #[command(after_help = "\
Files are written to the disk and read again: by a thread that blocks, by one task, and by a
task for each. The kernel never says that a file is ready, and so a runtime has threads wait
for it. The folder is a fresh one, in --dir, and is gone when the run is over, Ctrl-C included.
At the course's pace this takes about a second for each row of files that are not at once.

Examples (in a clone, `cargo run --release --` stands for `demos`):
  demos run files
  demos run files --files 1000 --size 1024 --rt kolo-current
  demos run files --unsynced
  demos run files --dir /dev/shm
  demos compare files --runs 3")]
    Files(FileOptions),

    /// How does one wait for others, and not for ever?
    #[command(after_help = "\
Four greeters, a greeting a second each; joins that give up after a second, and other work
in between. Everybody is waited for, which takes 11 s; with --daemon, as in the course, each
is joined once, and who greets on then is ended: asked to leave, or aborted.

Examples (in a clone, `cargo run --release --` stands for `demos`):
  demos run greeters
  demos run greeters --daemon
  demos run greeters --rt kolo-current --time-scale 0.1
  demos compare greeters --runs 3")]
    Greeters(Greeting),

    /// How does a person cancel what is going on?
    #[command(after_help = "\
Two producers and a consumer, on threads and as tasks, until you press enter: once for each
program. Without a terminal, with --format json and in comparisons a script presses it, after 3 s at
the course's pace. Not cancelled, each takes 22 s.

Examples (in a clone, `cargo run --release --` stands for `demos`):
  demos run threaded-producer
  demos run threaded-producer --rt kolo-current
  demos run threaded-producer --time-scale 0.1 --press-after 60    not cancelled
  demos compare threaded-producer --runs 3")]
    ThreadedProducer(Press),

    /// What if a program never waits, and only computes?
    #[command(after_help = "\
Thirty million roots of squares: on one thread, on threads, in processes (this binary again,
its results through a pipe), as tasks on each runtime, and on the threads that a runtime has
for work that blocks. Each does the same steps in the same parts, and has the same results.

Examples (in a clone, `cargo run --release --` stands for `demos`):
  demos run compute
  demos run compute --parts 8
  demos run compute --rt kolo-multi,tokio-multi --steps 50000000
  demos compare compute --runs 9 --time-scale 1")]
    Compute(ComputeOptions),

    /// What must not be interrupted, and what if two lock it at once?
    #[command(after_help = "\
Five workers move money between six accounts, on threads and as tasks: without a lock, with
one, with a lock for each account; and in the wrong order, until workers wait for each other
in a circle. --time-scale shrinks the number of transfers. The total is checked after each,
which takes every lock there is: --check-every N checks it less often.

Examples (in a clone, `cargo run --release --` stands for `demos`):
  demos run bank
  demos run bank --rt kolo-current --transfers 100
  demos run bank --check-every 1000
  demos run bank --workers 12 --seed 7
  demos compare bank --runs 3 --time-scale 1")]
    Bank(Business),

    /// Who is to do it, a thread or a process?
    #[command(after_help = "\
The titles of five sites, by a pool of threads and by a pool of processes behind the same
interface; then by the threads that each runtime has for what blocks, and by tasks. The sites
are bundled, served on loopback, and take 0.95 s over a page; --site names a real one.

A worker that is killed costs the title that it was to get; the exit code is 1 then.

Examples (in a clone, `cargo run --release --` stands for `demos`):
  demos run pools
  demos run pools --workers 2
  demos run pools --site https://talkpython.fm --site https://pythonbytes.fm
  demos compare pools --runs 3")]
    Pools(PoolOptions),

    /// What if a program has work of every kind at once?
    #[command(after_help = "\
Three parts that compute, two downloads by a client that awaits, two by one that blocks, and
four that sleep a millisecond a thousand times: one after the other, and at once, each where
it suits. At the course's pace that takes 8 s and then 1 to 2 s on each runtime: as long as
the sleeps, which are as late as the runtime's timers. asyncio and uvloop join where a python3
has them; what computes is in processes there.

Examples (in a clone, `cargo run --release --` stands for `demos`):
  demos run unsync
  demos run unsync --rt kolo-current,tokio-current
  demos compare unsync --runs 3 --time-scale 0.2")]
    Unsync,

    /// What happens to a server that has to ask others before it can answer?
    #[command(after_help = "\
A JSON API: /api/weather/<zip>/<country> and /api/sun/<zip>/<country> ask a location service, and
then one for the weather or the sun, over HTTP. Requests arrive at a fixed rate, and are timed
from when they were due: on --threads threads that block, and awaited. At the course's pace this
takes 16 s, and then 6 s on each runtime: --time-scale 0.1 takes a tenth.

The services are bundled, and take as long as the course's took. One that fails is a 502, one that
says nothing within --timeout a 504; each is counted and told, and the exit code is 1.

Examples (in a clone, `cargo run --release --` stands for `demos`):
  demos run city
  demos run city --time-scale 0.1 --threads 32
  demos run city --rt kolo-current --rate 200 --seconds 10
  demos run city --serve --port 8080
  demos run city --serve --upstreams http://127.0.0.1:9000 --timeout 0.5
  demos compare city --runs 3")]
    City(City),

    /// What does a message through a socket cost?
    #[command(after_help = "\
A TCP echo server on each runtime, and by hand over mio; beside it a load client in a process
of its own: messages a second, how long one is under way, and the server's CPU time for it.

Examples (in a clone, `cargo run --release --` stands for `demos`):
  demos run echo
  demos run echo --connections 1000 --seconds 5
  demos run echo --rt kolo-current --message-size 65536 --port 7007
  demos compare echo --runs 9 --export-json echo.json")]
    Echo(LoadOptions),
}

impl DemoName {
    pub(crate) fn demo(&self) -> Demo {
        match self {
            DemoName::UpperBound(_) => Demo::UpperBound,
            DemoName::Requests => Demo::Requests,
            DemoName::Count => Demo::Count,
            DemoName::Fib => Demo::Fib,
            DemoName::ProducerConsumer => Demo::ProducerConsumer,
            DemoName::Loop => Demo::Loop,
            DemoName::Scrape(_) => Demo::Scrape,
            DemoName::Files(_) => Demo::Files,
            DemoName::Greeters(_) => Demo::Greeters,
            DemoName::ThreadedProducer(_) => Demo::ThreadedProducer,
            DemoName::Compute(_) => Demo::Compute,
            DemoName::Bank(_) => Demo::Bank,
            DemoName::Pools(_) => Demo::Pools,
            DemoName::Unsync => Demo::Unsync,
            DemoName::City(_) => Demo::City,
            DemoName::Echo(_) => Demo::Echo,
        }
    }

    /// What is asked of the demo; a load takes this many seconds where none are named.
    pub(crate) fn wishes(&self, moment: f64) -> Wishes {
        let mut wishes = Wishes::usual(moment);
        match self {
            DemoName::UpperBound(shares) => wishes.shares = shares.clone(),
            DemoName::Scrape(visit) => wishes.visit = visit.clone(),
            DemoName::Files(files) => wishes.files = files.clone(),
            DemoName::Greeters(greeting) => wishes.greeting = *greeting,
            DemoName::ThreadedProducer(press) => wishes.press = *press,
            DemoName::Compute(compute) => wishes.compute = compute.settings(),
            DemoName::Bank(business) => wishes.bank = *business,
            DemoName::Pools(pools) => wishes.pools = pools.clone(),
            DemoName::City(city) => wishes.city = city.for_a(moment),
            DemoName::Echo(load) => wishes.load = load.settings(moment),
            DemoName::Requests
            | DemoName::Count
            | DemoName::Fib
            | DemoName::ProducerConsumer
            | DemoName::Loop
            | DemoName::Unsync => {}
        }
        wishes
    }
}

fn of_json(text: &str) -> Result<Settings, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn time_scale(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(scale) if scale > 0.0 && scale <= 100.0 => Ok(scale),
        _ => Err("a number above 0, and at most 100".to_owned()),
    }
}
