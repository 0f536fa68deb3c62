//! What is written for which attribute, and what is said, and where, of one that
//! makes no sense.

use proc_macro2::TokenStream;

use super::*;

fn tokens(text: &str) -> TokenStream {
    text.parse().unwrap()
}

/// What is expanded, without white space.
fn expanded(entry: Entry, args: &str, item: &str) -> String {
    packed(expand(entry, tokens(args), tokens(item)))
}

fn packed(tokens: TokenStream) -> String {
    tokens.to_string().replace(' ', "")
}

/// Each complaint, and the text that it points to.
fn complaints(entry: Entry, args: &str, item: &str) -> Vec<(String, String)> {
    let function: Function = syn::parse_str(item).unwrap();
    let (_, errors) = read(entry, tokens(args), &function);
    errors
        .into_iter()
        .flatten()
        .map(|e| (e.to_string(), e.span().source_text().unwrap_or_default()))
        .collect()
}

/// The one complaint: its place, and a word that must be in it.
#[track_caller]
fn complains(entry: Entry, args: &str, item: &str, place: &str, word: &str) {
    let complaints = complaints(entry, args, item);
    let [(message, at)] = &complaints[..] else {
        panic!("{complaints:?}")
    };
    assert_eq!(at, place, "{message}");
    assert!(message.contains(word), "{message}");
}

/// The chain of calls from the `Builder` on.
fn chain(entry: Entry, args: &str) -> String {
    let expansion = expanded(entry, args, "async fn f() {}");
    assert!(!expansion.contains("compile_error"), "{expansion}");
    let end = expansion.rfind(".expect(").unwrap();
    let begin = expansion[..end].rfind("runtime::").unwrap();
    expansion[begin + "runtime::".len()..end].to_string()
}

#[test]
fn the_whole_of_main() {
    let expected = quote! {
        #[inline(never)]
        #[allow(dead_code)]
        pub(crate) fn run<T: Send>(self, n: T) -> Option<T> where T: Clone {
            let body = async {
                if let ::core::option::Option::Some(returned)
                    = ::core::option::Option::<Option<T>>::None
                {
                    return returned;
                }
                {
                    other(n).await;
                    None
                }
            };
            ::kolo::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()
                .expect("Failed building the Runtime")
                .block_on(body)
        }
    };
    let item = "#[inline(never)]
        pub(crate) async fn run<T: Send>(self, n: T) -> Option<T> where T: Clone {
            #![allow(dead_code)]
            other(n).await;
            None
        }";
    assert_eq!(expanded(Entry::Main, "", item), packed(expected));
}

#[test]
fn the_whole_of_test() {
    let expected = quote! {
        #[should_panic]
        #[::core::prelude::v1::test]
        fn fails() {
            let body = async {
                if let ::core::option::Option::Some(returned)
                    = ::core::option::Option::<()>::None
                {
                    return returned;
                }
                { panic!() }
            };
            let body: ::core::pin::Pin<&mut dyn ::core::future::Future<Output = ()>> =
                ::core::pin::pin!(body);
            ::kolo::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("Failed building the Runtime")
                .block_on(body)
        }
    };
    let item = "#[should_panic] async fn fails() { panic!() }";
    assert_eq!(expanded(Entry::Test, "", item), packed(expected));
}

#[test]
fn a_type_that_only_a_function_can_return_is_not_repeated() {
    for item in [
        "async fn f() -> ! { loop {} }",
        "async fn f() -> impl Send {}",
        "async fn f() -> Result<Vec<impl Send>, ()> { g() }",
        "async fn f() -> (impl Send, u8) { g() }",
    ] {
        for entry in [Entry::Main, Entry::Test] {
            let expansion = expanded(entry, "", item);
            assert!(!expansion.contains("Option::<"), "{expansion}");
            assert!(!expansion.contains("dyn"), "{expansion}");
        }
    }
}

#[test]
fn arguments_become_calls() {
    let main = |args| chain(Entry::Main, args);
    assert_eq!(main(""), "Builder::new_multi_thread().enable_all().build()");
    assert_eq!(
        main("flavor = \"multi_thread\", worker_threads = 3, name = \"n\","),
        "Builder::new_multi_thread().enable_all().worker_threads(3).name(\"n\").build()"
    );
    assert_eq!(
        main("start_paused = true, flavor = \"current_thread\""),
        "Builder::new_current_thread().enable_all().start_paused(true).build()"
    );
    assert_eq!(
        main("flavor = \"local\", start_paused = false"),
        "Builder::new_current_thread().enable_all().start_paused(false)\
         .build_local(::core::default::Default::default())"
    );
    let test = |args| chain(Entry::Test, args);
    assert_eq!(
        test(""),
        "Builder::new_current_thread().enable_all().build()"
    );
    assert_eq!(
        test("flavor = \"multi_thread\", worker_threads = 1"),
        "Builder::new_multi_thread().enable_all().worker_threads(1).build()"
    );
}

#[test]
fn the_library_goes_by_the_path_that_is_given() {
    for (args, path) in [
        ("crate = \"rt\"", "};rt::runtime::"),
        ("crate = rt", "};rt::runtime::"),
        ("crate = \"::a::b\"", "};::a::b::runtime::"),
        ("crate = crate::c", "};crate::c::runtime::"),
        ("", "};::kolo::runtime::"),
    ] {
        let expansion = expanded(Entry::Main, args, "async fn f() {}");
        assert!(expansion.contains(path), "{args}: {expansion}");
    }
}

#[test]
fn complains_of_the_function() {
    let (main, test) = (Entry::Main, Entry::Test);
    complains(main, "", "pub fn f() {}", "fn", "`async` is missing");
    complains(test, "", "fn f() {}", "fn", "#[kolo::test]");
    complains(
        main,
        "",
        "async fn main(a: u8, b: u8) {}",
        "a: u8, b: u8",
        "no arguments",
    );
    complains(test, "", "async fn f(a: u8) {}", "a: u8", "no arguments");
    assert_eq!(complaints(main, "", "async fn other(a: u8) {}"), []);

    for second in [
        "#[test]",
        "#[core::prelude::v1::test]",
        "#[::std::prelude::rust_2021::test]",
    ] {
        complains(
            test,
            "",
            &format!("#[ignore] {second} async fn f() {{}}"),
            second,
            "twice",
        );
    }
    assert_eq!(
        complaints(test, "", "#[my::test] #[cfg(test)] async fn f() {}"),
        []
    );
}

#[test]
fn complains_of_an_argument() {
    let main = |args, place, word| complains(Entry::Main, args, "async fn f() {}", place, word);
    main("flavour = \"local\"", "flavour", "`flavor`");
    main(
        "tokio::flavor = \"local\"",
        "tokio::flavor",
        "no such argument",
    );
    main("flavor", "flavor", "`flavor = \"current_thread\"`");
    main("flavor = 1", "1", "takes a string");
    main(
        "flavor = current_thread",
        "current_thread",
        "takes a string",
    );
    main("flavor = \"basic\"", "\"basic\"", "no such flavor");
    main(
        "current_thread",
        "current_thread",
        "flavor = \"current_thread\"",
    );
    main("worker_threads = \"2\"", "\"2\"", "takes a number");
    main("worker_threads = 0", "0", "at least one");
    main("core_threads = 2", "core_threads", "`worker_threads`");
    main("flavor = \"local\", start_paused = 1", "1", "takes a bool");
    main("name = true", "true", "takes a string");
    main("crate = \"not a path\"", "\"not a path\"", "takes a path");
    main("crate = 1", "1", "takes a path");
    main(
        "unhandled_panic = \"ignore\"",
        "unhandled_panic",
        "JoinHandle",
    );
    main("flavor = \"local\", flavor = \"local\"", "flavor", "twice");
    complains(
        Entry::Test,
        "flavor(x)",
        "async fn f() {}",
        "(",
        "expected `,`",
    );
}

#[test]
fn complains_of_arguments_that_do_not_go_together() {
    let f = "async fn f() {}";
    complains(
        Entry::Test,
        "worker_threads = 2",
        f,
        "2",
        "`#[kolo::test(flavor = \"multi_thread\"",
    );
    complains(
        Entry::Main,
        "flavor = \"local\", worker_threads = 2",
        f,
        "2",
        "multi-thread",
    );
    complains(
        Entry::Main,
        "start_paused = true",
        f,
        "true",
        "`#[kolo::main(flavor = \"current_",
    );
}

#[test]
fn complains_of_everything_at_once_and_still_writes_the_function() {
    let (args, item) = ("speed = 1, flavor = 2", "pub fn f() -> u8 { 1 }");
    let places: Vec<_> = complaints(Entry::Main, args, item)
        .into_iter()
        .map(|c| c.1)
        .collect();
    assert_eq!(places, ["fn", "speed", "2"]);

    let expansion = expanded(Entry::Main, args, item);
    assert!(expansion.contains("pubfnf()->u8{"), "{expansion}");
    assert_eq!(expansion.matches("compile_error").count(), 3, "{expansion}");

    let not_a_function = expanded(Entry::Main, "", "struct S;");
    assert!(not_a_function.starts_with("structS;"), "{not_a_function}");
    assert!(not_a_function.contains("compile_error"), "{not_a_function}");
}
