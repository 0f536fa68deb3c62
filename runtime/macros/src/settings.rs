//! **What does the attribute ask for?** A list of `key = value`, each key at
//! most once, and only what its flavor can do. Every complaint points at the
//! argument that it is about, and all of them are made at once.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Error, Ident, Lit, LitBool, LitInt, LitStr, Path, Result, Token};

use crate::expand::Entry;

const KEYS: &str = "`flavor`, `worker_threads`, `start_paused`, `name` and `crate`";
const FLAVORS: &str = "`\"current_thread\"`, `\"multi_thread\"` and `\"local\"`";

/// Which executor, and which kind of runtime around it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Flavor {
    CurrentThread,
    MultiThread,
    Local,
}

/// The arguments, checked.
pub(crate) struct Settings {
    pub(crate) flavor: Flavor,
    pub(crate) worker_threads: Option<LitInt>,
    pub(crate) start_paused: Option<LitBool>,
    pub(crate) name: Option<LitStr>,
    /// The path to the library, where the caller gave one.
    pub(crate) library: Option<Path>,
}

/// One argument as it is written.
struct Argument {
    key: Path,
    value: Option<Value>,
}

enum Value {
    Lit(Lit),
    Path(Path),
}

impl Parse for Argument {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        // `crate` is a keyword, yet a key.
        let key = if input.peek(Token![crate]) {
            Ident::parse_any(input)?.into()
        } else {
            input.call(Path::parse_mod_style)?
        };
        let value = if input.parse::<Option<Token![=]>>()?.is_none() {
            None
        } else if input.peek(Lit) {
            Some(Value::Lit(input.parse()?))
        } else {
            Some(Value::Path(input.call(Path::parse_mod_style)?))
        };
        Ok(Self { key, value })
    }
}

impl Settings {
    /// What no arguments at all mean.
    pub(crate) fn default_of(entry: Entry) -> Self {
        Self {
            flavor: match entry {
                Entry::Main => Flavor::MultiThread,
                Entry::Test => Flavor::CurrentThread,
            },
            worker_threads: None,
            start_paused: None,
            name: None,
            library: None,
        }
    }

    /// Reads and checks the arguments.
    pub(crate) fn parse(entry: Entry, args: TokenStream) -> Result<Self> {
        let args = Punctuated::<Argument, Token![,]>::parse_terminated.parse2(args)?;
        let mut settings = Self::default_of(entry);
        let mut errors = Errors(None);
        let mut seen = Vec::new();

        for Argument { key, value } in args {
            let name = key.get_ident().map_or_else(String::new, Ident::to_string);
            if seen.contains(&name) {
                errors.push(Error::new_spanned(&key, format!("`{name}` is given twice")));
                continue;
            }
            errors.extend(settings.set(entry, &name, &key, value));
            seen.push(name);
        }

        errors.extend(settings.check(entry));
        match errors.0 {
            Some(error) => Err(error),
            None => Ok(settings),
        }
    }

    fn set(&mut self, entry: Entry, name: &str, key: &Path, value: Option<Value>) -> Result<()> {
        match name {
            "flavor" => self.flavor = flavor(&string(key, value, "\"current_thread\"")?)?,
            "worker_threads" => self.worker_threads = Some(count(key, value)?),
            "start_paused" => self.start_paused = Some(boolean(key, value)?),
            "name" => self.name = Some(string(key, value, "\"a name\"")?),
            "crate" => self.library = Some(path(key, value)?),
            "unhandled_panic" => {
                return Err(Error::new_spanned(
                    key,
                    "kolo has no `unhandled_panic`: a panic of a task is in the result of its \
                     JoinHandle, and does not end the runtime",
                ));
            }
            "core_threads" => {
                return Err(Error::new_spanned(key, "this is called `worker_threads`"));
            }
            "current_thread" | "multi_thread" | "local" if value.is_none() => {
                return Err(Error::new_spanned(
                    key,
                    format!("write `#[{}(flavor = \"{name}\")]`", entry.name()),
                ));
            }
            _ => {
                return Err(Error::new_spanned(
                    key,
                    format!(
                        "`#[{}]` knows no such argument; it knows {KEYS}",
                        entry.name()
                    ),
                ));
            }
        }
        Ok(())
    }

    /// Does what was asked for go together?
    fn check(&self, entry: Entry) -> Result<()> {
        match (self.flavor, &self.worker_threads, &self.start_paused) {
            (Flavor::CurrentThread | Flavor::Local, Some(count), _) => Err(Error::new_spanned(
                count,
                format!(
                    "only the multi-thread executor has worker threads: \
                     `#[{}(flavor = \"multi_thread\", worker_threads = {count})]`",
                    entry.name(),
                ),
            )),
            (Flavor::MultiThread, _, Some(paused)) => Err(Error::new_spanned(
                paused,
                format!(
                    "the clock can only be paused on one thread: \
                     `#[{}(flavor = \"current_thread\", start_paused = {})]`",
                    entry.name(),
                    paused.value,
                ),
            )),
            _ => Ok(()),
        }
    }
}

/// All errors so far, as the one that syn makes of many.
struct Errors(Option<Error>);

impl Errors {
    fn push(&mut self, error: Error) {
        match &mut self.0 {
            Some(errors) => errors.combine(error),
            None => self.0 = Some(error),
        }
    }

    fn extend(&mut self, result: Result<()>) {
        if let Err(error) = result {
            self.push(error);
        }
    }
}

fn flavor(value: &LitStr) -> Result<Flavor> {
    match value.value().as_str() {
        "current_thread" => Ok(Flavor::CurrentThread),
        "multi_thread" => Ok(Flavor::MultiThread),
        "local" => Ok(Flavor::Local),
        _ => Err(Error::new_spanned(
            value,
            format!("there is no such flavor; there are {FLAVORS}"),
        )),
    }
}

fn string(key: &Path, value: Option<Value>, example: &str) -> Result<LitStr> {
    match value {
        Some(Value::Lit(Lit::Str(value))) => Ok(value),
        other => Err(wrong(key, other, "a string", example)),
    }
}

fn boolean(key: &Path, value: Option<Value>) -> Result<LitBool> {
    match value {
        Some(Value::Lit(Lit::Bool(value))) => Ok(value),
        other => Err(wrong(key, other, "a bool", "true")),
    }
}

fn count(key: &Path, value: Option<Value>) -> Result<LitInt> {
    match value {
        Some(Value::Lit(Lit::Int(value))) if value.base10_parse::<usize>()? == 0 => Err(
            Error::new_spanned(value, "a runtime needs at least one worker thread"),
        ),
        Some(Value::Lit(Lit::Int(value))) => Ok(value),
        other => Err(wrong(key, other, "a number", "4")),
    }
}

fn path(key: &Path, value: Option<Value>) -> Result<Path> {
    match value {
        Some(Value::Path(path)) => Ok(path),
        Some(Value::Lit(Lit::Str(value))) => value
            .parse_with(Path::parse_mod_style)
            .map_err(|_| wrong(key, Some(Value::Lit(Lit::Str(value))), "a path", "\"kolo\"")),
        other => Err(wrong(key, other, "a path", "\"kolo\"")),
    }
}

/// The value is missing or of the wrong kind.
fn wrong(key: &Path, value: Option<Value>, kind: &str, example: &str) -> Error {
    let name = key.get_ident().map_or_else(String::new, Ident::to_string);
    let message = format!("`{name}` takes {kind}: `{name} = {example}`");
    match value {
        None => Error::new_spanned(key, message),
        Some(Value::Lit(value)) => Error::new_spanned(value, message),
        Some(Value::Path(value)) => Error::new_spanned(value, message),
    }
}
