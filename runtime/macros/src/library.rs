//! **Under which name does the caller know the library?** A procedural macro has
//! no `$crate`. What it has is the caller's `Cargo.toml`, where the library
//! stands as `kolo`, under another name (`rt = { package = "kolo" }`), or not at
//! all: then the caller depends on a package that re-exports kolo in tokio's
//! place, and knows it as `tokio`.

use proc_macro_crate::{Error, FoundCrate, crate_name};
use proc_macro2::{Ident, Span};

/// The first segment of `::kolo::…` where the macro is being expanded.
pub(crate) fn name() -> Ident {
    Ident::new(&resolve(crate_name("kolo")), Span::call_site())
}

fn resolve(found: Result<FoundCrate, Error>) -> String {
    match found {
        Ok(FoundCrate::Name(name)) => name,
        // kolo's own tests, examples, and (by `extern crate self`) its library.
        Ok(FoundCrate::Itself) => "kolo".into(),
        Err(Error::CrateNotFound { .. }) => "tokio".into(),
        // No manifest to be read: not built by cargo, so nothing renamed it.
        Err(_) => "kolo".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_callers_name_for_it_else_kolo_at_home_else_tokio() {
        assert_eq!(resolve(Ok(FoundCrate::Name("rt".into()))), "rt");
        assert_eq!(resolve(Ok(FoundCrate::Itself)), "kolo");
        let unknown = Error::CrateNotFound {
            crate_name: "kolo".into(),
            path: "Cargo.toml".into(),
        };
        assert_eq!(resolve(Err(unknown)), "tokio");
        assert_eq!(resolve(Err(Error::CargoManifestDirNotSet)), "kolo");
    }

    #[test]
    fn this_package_knows_it_by_a_dev_dependency() {
        assert_eq!(name(), "kolo");
    }
}
