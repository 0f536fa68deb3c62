//! **What is on the bundled site?** The course's ten episodes, as pages that look like
//! pages: a title that is also a link, entities, a comment and a script that a search
//! for `<h1>` would fall for. And how a page is read: by a real HTML parser.

use std::fmt::Write;
use std::ops::Range;
use std::sync::LazyLock;
use std::time::Duration;

use scraper::{Html, Selector};

/// The number of the first.
pub(crate) const FIRST: u32 = 150;

/// How long the site takes over each page, at the course's pace.
pub(crate) const LATENCY: Duration = Duration::from_millis(950);

const TITLES: [&str; 10] = [
    "Technical Lessons Learned from Pythonic Refactoring",
    "Gradual Typing of Production Applications",
    "Understanding and using Python's AST",
    "How Python Evolves",
    "Python in Biology and Genomics",
    "Practical steps for moving to Python 3",
    "Python History and Perspectives",
    "The Journal of Open Source Software",
    "Quantum Computing and Python",
    "Inside the new PyPI launch",
];

/// The first so many.
pub(crate) fn numbers(pages: u64) -> Range<u32> {
    FIRST..FIRST + u32::try_from(pages).expect("the command line allows a few thousand")
}

/// What an episode of the bundled site is called. Those beyond the course's ten have
/// only their number.
pub(crate) fn title(number: u32) -> Option<String> {
    let at = number.checked_sub(FIRST)? as usize;
    let title = TITLES.get(at).map(|title| (*title).to_owned());
    Some(title.unwrap_or_else(|| format!("Episode {number}")))
}

/// An episode's page, if there is such an episode.
pub(crate) fn page(number: u32) -> Option<String> {
    let title = escaped(&title(number)?);
    Some(format!(
        r#"<!DOCTYPE html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>#{number}: {title}</title>
  <script>document.body.innerHTML = "<h1>Loading …</h1>";</script>
</head>
<body>
  <!-- <h1>Draft</h1> -->
  <header><a href="/">All episodes</a></header>
  <main>
    <h1 class="episode">
      <a href="/{number}">{title}</a>
    </h1>
    <p>Episode {number}.</p>
    <h1>Transcript</h1>
    <p>…</p>
  </main>
</body>
</html>
"#
    ))
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        if letter.is_ascii_alphanumeric() || letter == ' ' {
            escaped.push(letter);
        } else {
            write!(escaped, "&#{};", u32::from(letter)).expect("a string takes it all");
        }
    }
    escaped
}

/// The text of the first `h1`, or `MISSING`.
pub(crate) fn title_in(html: &str) -> String {
    static HEADER: LazyLock<Selector> =
        LazyLock::new(|| Selector::parse("h1").expect("a selector"));
    let html = Html::parse_document(html);
    let Some(header) = html.select(&HEADER).next() else {
        return "MISSING".to_owned();
    };
    let words = header.text().flat_map(str::split_whitespace);
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_title_is_found_in_its_page() {
        for number in numbers(12) {
            let page = page(number).expect("there is such an episode");
            assert_eq!(Some(title_in(&page)), title(number));
        }
        assert_eq!(
            title(152).as_deref(),
            Some("Understanding and using Python's AST")
        );
        assert_eq!(title(160).as_deref(), Some("Episode 160"));
        assert_eq!(page(FIRST - 1), None);
    }

    #[test]
    fn the_first_h1_wins_and_none_is_missing() {
        assert_eq!(title_in("<h1>a <b>b</b>\n c</h1><h1>d</h1>"), "a b c");
        assert_eq!(title_in("<h2>a</h2><!-- <h1>b</h1> -->"), "MISSING");
        assert_eq!(title_in("no HTML at all"), "MISSING");
        assert_eq!(title_in(""), "MISSING");
        // A page that never closes its tags still has a title.
        assert_eq!(title_in("<body><div><h1>a"), "a");
    }
}
