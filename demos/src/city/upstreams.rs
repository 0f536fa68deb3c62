//! **Whom does the API ask?** The services at `--upstreams`; or else the bundled ones: this
//! binary again, as a process that answers over HTTP with the latencies of `places.rs`.
//!
//! Its standard input is a pipe that nobody writes to. When that ends, because the
//! owner has closed it or is no more, the services say how many requests they were
//! waiting with at once, and end. So they can be left behind by nobody.

use std::env;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use kolo_load::late::{self, Reply};

use super::places;
use crate::stage::Stage;
use crate::web::address::Address;
use crate::web::ask_for_all_descriptors;

/// The first argument of the process that is the services; the second is how many
/// seconds a second of the course takes.
const UPSTREAMS: &str = "--be-the-upstreams";

/// The services.
pub(crate) struct Upstreams {
    address: Address,
    bundled: Option<Bundled>,
}

/// The process, while it runs.
struct Bundled {
    process: Child,
    /// Closed, it ends them.
    open: Option<ChildStdin>,
    says: BufReader<ChildStdout>,
}

/// Is the services, and ends the process, if that is what it was started for. To be
/// called before anything else in `main`.
pub(crate) fn be_upstreams_if_asked() {
    let mut arguments = env::args().skip(1);
    if arguments.next().as_deref() != Some(UPSTREAMS) {
        return;
    }
    let scale = arguments.next().and_then(|scale| scale.parse().ok());
    let ended = be_upstreams(scale.unwrap_or(1.0));
    if let Err(error) = &ended {
        eprintln!("the services: {error}");
    }
    std::process::exit(ended.is_err().into())
}

fn be_upstreams(scale: f64) -> io::Result<()> {
    let listener = kolo_load::listen(super::address(None))?;
    // The other end may have gone already; then standard input has ended too.
    let _ = writeln!(io::stdout(), "{}", listener.local_addr()?);
    let most = late::serve(listener, &io::stdin(), |path| {
        let reply = places::reply(path);
        Reply {
            after: reply.after.mul_f64(scale),
            ..reply
        }
    })?;
    let _ = writeln!(io::stdout(), "{most}");
    Ok(())
}

impl Upstreams {
    /// Those that were asked for; the bundled ones are up when this returns.
    ///
    /// # Errors
    ///
    /// A sentence, if they can't be started.
    pub(crate) fn start(stage: &Stage) -> io::Result<Self> {
        // The processes that are started from here inherit it.
        ask_for_all_descriptors();
        if let Some(address) = stage.wishes().city.upstreams.clone() {
            let bundled = None;
            return Ok(Self { address, bundled });
        }
        let scale = stage.wait(Duration::from_secs(1)).as_secs_f64();
        let mut process = Command::new(env::current_exe()?)
            .args([UPSTREAMS, &scale.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let open = process.stdin.take();
        let says = process.stdout.take().expect("its output is a pipe");
        let mut bundled = Bundled {
            process,
            open,
            says: BufReader::new(says),
        };
        let mut line = String::new();
        bundled.says.read_line(&mut line)?;
        match format!("http://{}", line.trim()).parse() {
            Ok(address) => Ok(Self {
                address,
                bundled: Some(bundled),
            }),
            Err(_) => Err(bundled.ended()?),
        }
    }

    pub(crate) fn address(&self) -> Address {
        self.address.clone()
    }

    /// Ends them. How many requests the bundled ones were waiting with at once.
    ///
    /// # Errors
    ///
    /// A sentence, if they had ended before.
    pub(crate) fn end(mut self) -> io::Result<Option<usize>> {
        let Some(bundled) = &mut self.bundled else {
            return Ok(None);
        };
        drop(bundled.open.take());
        let mut said = String::new();
        bundled.says.read_to_string(&mut said)?;
        match said.trim().parse() {
            Ok(most) => Ok(Some(most)),
            Err(_) => Err(bundled.ended()?),
        }
    }
}

impl Bundled {
    /// What to say when they have ended too early.
    fn ended(&mut self) -> io::Result<io::Error> {
        let status = self.process.wait()?;
        Ok(io::Error::other(format!(
            "the services ended in the middle: {status}"
        )))
    }
}

impl Drop for Bundled {
    fn drop(&mut self) {
        // Whoever has ended already can't be killed, and still has to be waited for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
