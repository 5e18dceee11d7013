//! Each WARN and ERROR that the log can have has a section on the operators' pages, and a test that
//! causes it. Both are checked in both directions.
//!
//! [`literals`] reads the messages from the source, [`sections`] the pages, and [`causes`] the list
//! of tests. [`relay`], [`stores`] and [`usage`] cause the messages that no other subject causes.

mod causes;
mod literals;
mod relay;
mod sections;
mod stores;
mod usage;

use std::collections::BTreeMap;
use std::fs;

use self::literals::{Levels, alarms};
use self::sections::{ENGLISH, PageForm, Section};

fn read(path: &str) -> String {
    fs::read_to_string(crate::structure::root().join(path)).unwrap()
}

/// The message and the levels of each section, in order.
fn levels_of(sections: &[Section]) -> Vec<(String, Levels)> {
    sections.iter().map(|it| (it.message.clone(), it.levels())).collect()
}

#[test]
fn each_warning_and_error_has_a_section_and_each_section_a_message() {
    let logged = alarms();
    for form in PageForm::ALL {
        let sections = form.sections();
        let described: BTreeMap<_, _> = levels_of(&sections).into_iter().collect();
        assert_eq!(described.len(), sections.len(), "{}: two sections of one message", form.page);
        for (message, levels) in &logged {
            let found = described.get(message);
            assert_eq!(
                found,
                Some(levels),
                "{} needs a section like the others: {message}",
                form.page
            );
        }
        for message in described.keys() {
            assert!(logged.contains_key(message), "{}: never logged: {message}", form.page);
        }
    }
}

/// Each remark of a call is explained on the pages of the log.
#[test]
fn the_pages_explain_each_remark() {
    let source = read("shared/domain/src/remark.rs");
    let words: Vec<_> =
        source.split("=> \"").skip(1).filter_map(|it| it.split('"').next()).collect();
    assert!(words.len() > 10, "{words:?}");
    for page in ["docs/log.md", "docs/log.zh-CN.md"] {
        let text = read(page);
        for word in &words {
            assert!(text.contains(&format!("`{word}`")), "{page} does not explain {word}");
        }
    }
}

#[test]
fn each_section_says_what_it_means_and_what_to_do() {
    for form in PageForm::ALL {
        for section in form.sections() {
            let what = format!("{}: {}", form.page, section.message);
            let names: Vec<_> = section.parts.iter().map(|(name, _)| name.as_str()).collect();
            assert_eq!(names, form.parts, "{what}");
            for (name, text) in &section.parts {
                assert!(text.len() >= 3, "{what}: {name} is empty");
            }
            for name in form.commands {
                let (_, text) = section.parts.iter().find(|(it, _)| it == name).unwrap();
                let is_told = text.contains('`') || text.starts_with(form.nothing);
                assert!(is_told, "{what}: {name} has no command and no {}", form.nothing);
            }
        }
    }
}

#[test]
fn both_languages_have_the_same_sections_in_the_same_order() {
    let english = levels_of(&ENGLISH.sections());
    for form in PageForm::ALL {
        assert_eq!(levels_of(&form.sections()), english, "{}", form.page);
    }
}
