//! Every relative link in a page leads to a file that exists, and to a heading that the file has.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::root;

/// Folders whose pages are ours.
const FOLDERS: [&str; 2] = ["docs", "examples"];

#[test]
fn every_relative_link_in_the_readmes_and_docs_resolves() {
    let pages = pages();
    assert!(pages.len() >= 10, "{pages:?}");
    let broken: Vec<String> = pages.iter().flat_map(|page| broken_links(page)).collect();
    assert!(broken.is_empty(), "broken links:\n{}", broken.join("\n"));
}

#[test]
fn links_are_found_and_headings_have_the_names_that_github_gives() {
    let text = "[a](b.md) `[no](code)` ![c](d.png \"title\")\n```\n[no](block)\n```\n[e](f.md#g-h)";
    assert_eq!(links(text), ["b.md", "d.png", "f.md#g-h"]);
    let text = "# A, `b-c` & d\n```\n# no\n```\n## 更换 密钥\n## Twice\n## Twice\n";
    let expected = ["a-b-c--d", "twice", "twice-1", "更换-密钥"];
    assert_eq!(anchors(text), expected.map(str::to_owned).into());
}

/// The pages at the root and below the folders.
fn pages() -> Vec<PathBuf> {
    let mut pages = markdown(&root());
    let mut folders: Vec<PathBuf> = FOLDERS.map(|folder| root().join(folder)).into();
    while let Some(folder) = folders.pop() {
        pages.extend(markdown(&folder));
        folders.extend(entries(&folder).into_iter().filter(|path| path.is_dir()));
    }
    pages
}

fn markdown(folder: &Path) -> Vec<PathBuf> {
    let is_page = |path: &PathBuf| path.extension().is_some_and(|ending| ending == "md");
    entries(folder).into_iter().filter(is_page).collect()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn broken_links(page: &Path) -> Vec<String> {
    let text = fs::read_to_string(page).unwrap();
    let is_relative = |link: &String| !link.contains("://") && !link.starts_with("mailto:");
    let broken = links(&text).into_iter().filter(is_relative).filter(|link| !resolves(page, link));
    broken.map(|link| format!("{}: {link}", page.display())).collect()
}

fn resolves(page: &Path, link: &str) -> bool {
    let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
    let target = match path {
        "" => page.to_owned(),
        path => page.parent().unwrap().join(path),
    };
    if anchor.is_empty() || !target.is_file() {
        return target.exists();
    }
    fs::read_to_string(&target).is_ok_and(|text| anchors(&text).contains(anchor))
}

/// The targets of links and pictures. Code has no links.
fn links(text: &str) -> Vec<String> {
    let mut links = Vec::new();
    for line in lines_outside_code(text) {
        // Every second part is code.
        let prose: String = line.split('`').step_by(2).collect();
        for rest in prose.split("](").skip(1) {
            let target = rest.split([')', ' ']).next().unwrap_or_default();
            links.push(target.to_owned());
        }
    }
    links
}

/// The names that GitHub gives the headings.
fn anchors(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    for line in lines_outside_code(text).into_iter().filter(|line| line.starts_with('#')) {
        let name = anchor(line.trim_start_matches('#').trim());
        let numbered = (1..).map(|number| format!("{name}-{number}"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|it| !anchors.contains(it));
        anchors.extend(free);
    }
    anchors
}

fn anchor(heading: &str) -> String {
    let heading = heading.to_lowercase();
    let kept = heading.chars().filter(|it| it.is_alphanumeric() || matches!(it, '-' | '_' | ' '));
    kept.map(|it| if it == ' ' { '-' } else { it }).collect()
}

fn lines_outside_code(text: &str) -> Vec<&str> {
    let mut is_code = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            lines.push(line);
        }
    }
    lines
}
