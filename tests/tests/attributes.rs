//! **What does `#[test]` make of a function?** A test on a runtime of its own,
//! with the clock paused if asked; under the library's own name or a given one.

mod on_kolo {
    use kolo as rt;

    #[kolo::test]
    async fn runs_on_one_thread() {
        let flavour = kolo::runtime::Handle::current().runtime_flavor();
        assert_eq!(flavour, kolo::runtime::RuntimeFlavor::CurrentThread);
    }

    #[kolo::test(start_paused = true)]
    async fn starts_paused() {
        let start = kolo::time::Instant::now();
        kolo::time::sleep(std::time::Duration::from_secs(3600)).await;
        assert_eq!(start.elapsed(), std::time::Duration::from_secs(3600));
    }

    #[rt::test(crate = "rt")]
    async fn obeys_the_name_it_is_given() -> Result<(), std::io::Error> {
        rt::spawn(async {}).await?;
        Ok(())
    }

    #[kolo::test]
    #[should_panic(expected = "as it should")]
    async fn panics_like_any_test() {
        panic!("as it should");
    }
}

mod on_tokio {
    use tokio as rt;

    #[tokio::test]
    async fn runs_on_one_thread() {
        let flavour = tokio::runtime::Handle::current().runtime_flavor();
        assert_eq!(flavour, tokio::runtime::RuntimeFlavor::CurrentThread);
    }

    #[tokio::test(start_paused = true)]
    async fn starts_paused() {
        let start = tokio::time::Instant::now();
        tokio::time::sleep(std::time::Duration::from_secs(3600)).await;
        assert_eq!(start.elapsed(), std::time::Duration::from_secs(3600));
    }

    #[rt::test(crate = "rt")]
    async fn obeys_the_name_it_is_given() -> Result<(), std::io::Error> {
        rt::spawn(async {}).await?;
        Ok(())
    }

    #[tokio::test]
    #[should_panic(expected = "as it should")]
    async fn panics_like_any_test() {
        panic!("as it should");
    }
}
