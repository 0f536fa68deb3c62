//! **What becomes of the function?** The same function without `async`, whose
//! body builds a runtime and blocks on the old body:
//!
//! ```text
//! fn NAME(ARGS) -> RETURN {
//!     let body = async {
//!         if let Some(returned) = None::<RETURN> {
//!             return returned;
//!         }
//!         { BODY }
//!     };
//!     ::kolo::runtime::Builder::new_…().enable_all().build().expect("…").block_on(body)
//! }
//! ```
//!
//! An async block can't state what it returns. The `return` in front, which is
//! never run, tells the compiler: it then reads `?`, `Err(Box::new(error))` and
//! a wrong last expression as in an `async fn`, and points where it would point
//! there. (The trick is that of the crate tracing-attributes.)
//!
//! The body is never parsed, only passed on: it may be long, and what is wrong
//! in it is the compiler's to say. When something is wrong with the attribute or
//! the signature, the function is still written out, beside the error, so that
//! an editor goes on understanding the rest of the file.
//!
//! In a test the future is pinned and seen as a `dyn Future`: hundreds of tests
//! then share one instance of `block_on` and need not each compile their own. It
//! also keeps the size of the body out of `block_on`'s frame. (Both ideas are
//! tokio's.)

use proc_macro2::{Delimiter, Group, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::token::Brace;
use syn::{AttrStyle, Attribute, Error, Meta, ReturnType, Signature, Type, Visibility};

use crate::library;
use crate::settings::{Flavor, Settings};

/// Which of the two macros.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Entry {
    Main,
    Test,
}

impl Entry {
    /// As messages write it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Entry::Main => "kolo::main",
            Entry::Test => "kolo::test",
        }
    }
}

/// A function, its body unparsed.
struct Function {
    attributes: Vec<Attribute>,
    visibility: Visibility,
    signature: Signature,
    brace: Brace,
    body: TokenStream,
}

impl Parse for Function {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let signature = input.parse()?;
        let content;
        let brace = syn::braced!(content in input);
        // The body moves into a closure, where an inner attribute may not
        // stand; on the function it means the same.
        attributes.extend(
            Attribute::parse_inner(&content)?
                .into_iter()
                .map(|mut inner| {
                    inner.style = AttrStyle::Outer;
                    inner
                }),
        );
        Ok(Self {
            attributes,
            visibility,
            signature,
            brace,
            body: content.parse()?,
        })
    }
}

/// The item that takes the place of `item`, with errors beside it.
pub(crate) fn expand(entry: Entry, args: TokenStream, item: TokenStream) -> TokenStream {
    let function: Function = match syn::parse2(item.clone()) {
        Ok(function) => function,
        Err(error) => {
            let error = error.into_compile_error();
            return quote!(#item #error);
        }
    };

    let (settings, errors) = read(entry, args, &function);
    let mut expansion = write(entry, &settings, function);
    if let Some(errors) = errors {
        errors.into_compile_error().to_tokens(&mut expansion);
    }
    expansion
}

/// The settings, and all that is wrong with them and with the function.
fn read(entry: Entry, args: TokenStream, function: &Function) -> (Settings, Option<Error>) {
    match (check(entry, function), Settings::parse(entry, args)) {
        (Ok(()), Ok(settings)) => (settings, None),
        (Err(error), Ok(settings)) => (settings, Some(error)),
        (Ok(()), Err(error)) => (Settings::default_of(entry), Some(error)),
        (Err(mut error), Err(other)) => {
            error.combine(other);
            (Settings::default_of(entry), Some(error))
        }
    }
}

/// Can this function be what `entry` makes of it?
fn check(entry: Entry, function: &Function) -> syn::Result<()> {
    let signature = &function.signature;
    if signature.asyncness.is_none() {
        return Err(Error::new(
            signature.fn_token.span,
            format!(
                "`#[{}]` is for an `async fn`: the `async` is missing here",
                entry.name()
            ),
        ));
    }
    if entry == Entry::Main && signature.ident == "main" && !signature.inputs.is_empty() {
        return Err(Error::new_spanned(
            &signature.inputs,
            "`main` takes no arguments",
        ));
    }
    if entry == Entry::Test {
        if !signature.inputs.is_empty() {
            return Err(Error::new_spanned(
                &signature.inputs,
                "a test takes no arguments",
            ));
        }
        if let Some(second) = function.attributes.iter().find(|a| makes_a_test(a)) {
            return Err(Error::new_spanned(
                second,
                "this makes the function a test a second time, and it would run twice: remove it",
            ));
        }
    }
    Ok(())
}

/// `#[test]`, or the same through the prelude of `core` or `std`.
fn makes_a_test(attribute: &Attribute) -> bool {
    let Meta::Path(path) = &attribute.meta else {
        return false;
    };
    let segments: Vec<_> = path.segments.iter().map(|s| s.ident.to_string()).collect();
    match segments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["test"] => path.leading_colon.is_none(),
        ["core" | "std", "prelude", _, "test"] => true,
        _ => false,
    }
}

fn write(entry: Entry, settings: &Settings, function: Function) -> TokenStream {
    let Function {
        attributes,
        visibility,
        mut signature,
        brace,
        body,
    } = function;
    signature.asyncness = None;

    // The names bound here are not the caller's; paths are.
    let here = Span::mixed_site();

    // `impl Trait` and `!` are types only where a function returns them.
    let output = match &signature.output {
        ReturnType::Default => Some(quote!(())),
        ReturnType::Type(_, ty) if matches!(**ty, Type::Never(_)) || has_impl_trait(ty) => None,
        ReturnType::Type(_, ty) => Some(ty.to_token_stream()),
    };
    let hint = output.as_ref().map(|ty| {
        // At the return type: there the compiler says that it was inferred.
        quote_spanned! {here.located_at(ty.span())=>
            if let ::core::option::Option::Some(returned) = ::core::option::Option::<#ty>::None {
                return returned;
            }
        }
    });
    let pin = output.as_ref().filter(|_| entry == Entry::Test).map(|ty| {
        quote_spanned! {here=>
            let body: ::core::pin::Pin<&mut dyn ::core::future::Future<Output = #ty>> =
                ::core::pin::pin!(body);
        }
    });

    // Braces of ours, so that no lint calls them superfluous, at the place of
    // the caller's, so that errors about the whole body point there.
    let mut body = Group::new(Delimiter::Brace, body);
    body.set_span(here.located_at(brace.span.join()));

    let builder = builder(settings);
    // After the other attributes, so that macros among them see it in the item.
    let test = (entry == Entry::Test).then(|| quote!(#[::core::prelude::v1::test]));

    quote_spanned! {here=>
        #(#attributes)*
        #test
        #visibility #signature {
            let body = async {
                #hint
                #body
            };
            #pin
            #builder.expect("Failed building the Runtime").block_on(body)
        }
    }
}

/// From the `Builder` to its `build()`.
fn builder(settings: &Settings) -> TokenStream {
    let library = settings.library.as_ref().map_or_else(
        || {
            let name = library::name();
            quote!(::#name)
        },
        ToTokens::to_token_stream,
    );
    let flavor = match settings.flavor {
        Flavor::CurrentThread | Flavor::Local => quote!(new_current_thread),
        Flavor::MultiThread => quote!(new_multi_thread),
    };
    let build = match settings.flavor {
        Flavor::CurrentThread | Flavor::MultiThread => quote!(build()),
        Flavor::Local => quote!(build_local(::core::default::Default::default())),
    };
    let worker_threads = settings
        .worker_threads
        .as_ref()
        .map(|n| quote!(.worker_threads(#n)));
    let start_paused = settings
        .start_paused
        .as_ref()
        .map(|b| quote!(.start_paused(#b)));
    let name = settings.name.as_ref().map(|s| quote!(.name(#s)));

    quote! {
        #library::runtime::Builder::#flavor()
            .enable_all()
            #worker_threads
            #start_paused
            #name
            .#build
    }
}

/// Is there an `impl Trait` anywhere in the type?
fn has_impl_trait(ty: &Type) -> bool {
    // Only there can the keyword stand in a type; what is inside a macro call is
    // not known yet, and would be an error anyway.
    fn has_impl(tokens: TokenStream) -> bool {
        tokens.into_iter().any(|token| match token {
            proc_macro2::TokenTree::Ident(ident) => ident == "impl",
            proc_macro2::TokenTree::Group(group) => has_impl(group.stream()),
            _ => false,
        })
    }
    has_impl(ty.to_token_stream())
}

#[cfg(test)]
#[path = "expand_tests.rs"]
mod tests;
