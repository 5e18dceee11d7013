//! Inside every crate, no file imports a file that imports it.
//!
//! A module and its own children count as one, so the siblings at every level have an order. The
//! test follows a name through every `use`, so a re-export hides no import. The root of a crate
//! counts as a module: an import from the root points up.

use std::collections::{BTreeMap, BTreeSet};

use super::imports::{ImportedNames, Place, imports, named, resolve};
use super::modules::{ModuleFile, Target, targets};

/// The modules at the bottom of a package, and the modules above, which they must not import.
const BOTTOM: [(&str, &[&str], &[&str]); 1] = [(
    "protocol",
    &["cipher", "digest", "json", "key", "mac", "open_api", "query", "result_code", "text", "time"],
    &["message", "order_query", "signature", "usage"],
)];

/// Two siblings, and the lines where the first imports the second.
type Arrows = BTreeMap<(String, String), BTreeSet<String>>;

/// Siblings that import each other, directly or indirectly.
struct Circle {
    package: String,
    module: String,
    siblings: BTreeSet<String>,
    arrows: String,
}

#[test]
fn no_file_imports_one_that_imports_it() {
    let circles: Vec<Circle> = targets().iter().flat_map(circles).collect();
    let shown: Vec<String> = circles.iter().map(Circle::show).collect();
    assert!(shown.is_empty(), "{} circles:\n{}", shown.len(), shown.join("\n"));
}

#[test]
fn the_modules_at_the_bottom_import_none_above_them() {
    for (package, bottom, above) in BOTTOM {
        let targets = targets();
        let target = targets.iter().find(|target| target.package == package).unwrap();
        let levels = levels(&target.modules);
        for ((from, to), places) in &levels[""] {
            let runs_up = bottom.contains(&from.as_str()) && above.contains(&to.as_str());
            assert!(!runs_up, "{package}: {from} imports {to}: {places:?}");
        }
    }
}

/// Example modules: path and source.
type ExampleModules = &'static [(&'static str, &'static str)];

/// Example modules, and the circle in them.
const EXAMPLES: [(ExampleModules, Option<&str>); 9] = [
    (&[("", "mod a; mod b;"), ("a", "use crate::b::X;"), ("b", "")], None),
    (&[("", ""), ("a", "use crate::b::X;"), ("b", "fn f() { crate::a::g() }")], Some("a b")),
    (&[("", ""), ("a", "use super::{b::{X, Y}};"), ("b", "use crate::a;")], Some("a b")),
    // Tests and comments do not count.
    (&[("", ""), ("a", "use crate::b;"), ("b", "#[cfg(test)] use crate::a; // crate::a")], None),
    // A module and its own child count as one, also for other modules.
    (&[("", ""), ("a", "use c::X;"), ("a::c", "use super::Y;")], None),
    (&[("", ""), ("a", ""), ("a::c", "use crate::b::X;"), ("b", "use crate::a;")], Some("a b")),
    // Two children count as two, and a re-export hides no import.
    (
        &[
            ("", ""),
            ("a", "pub use c::X;"),
            ("a::c", "use super::d::Y;"),
            ("a::d", "use super::X;"),
        ],
        Some("c d"),
    ),
    (&[("", "use a::f;"), ("a", "use crate::Error;")], Some("a the root")),
    // A name that imports a module counts as that module.
    (
        &[("", ""), ("a", "use crate::b; fn f() { b::g() }"), ("b", "use super::a as x; x::f!()")],
        Some("a b"),
    ),
];

#[test]
fn circles_are_found_in_example_modules() {
    for (modules, expected) in EXAMPLES {
        let module = |(path, source): &(&str, &str)| ModuleFile {
            path: path.split("::").filter(|name| !name.is_empty()).map(str::to_owned).collect(),
            file: format!("{path}.rs"),
            is_test: false,
            source: (*source).to_owned(),
        };
        let modules = modules.iter().map(module).collect();
        let found =
            circles(&Target { package: "p".to_owned(), name: "p (lib)".to_owned(), modules });
        let found = found.first().map(|circle| Vec::from_iter(circle.siblings.clone()).join(" "));
        assert_eq!(found.as_deref(), expected);
    }
}

impl Circle {
    fn show(&self) -> String {
        let siblings: Vec<&str> = self.siblings.iter().map(String::as_str).collect();
        format!("{} {}{{{}}}{}", self.package, self.module, siblings.join(", "), self.arrows)
    }
}

/// The import circles of a crate.
fn circles(target: &Target) -> Vec<Circle> {
    let mut circles = Vec::new();
    for (module, arrows) in levels(&target.modules) {
        for siblings in tangles(&arrows) {
            let inside =
                |(from, to): &(String, String)| siblings.contains(from) && siblings.contains(to);
            let mut shown = String::new();
            for ((from, to), places) in arrows.iter().filter(|(arrow, _)| inside(arrow)) {
                let places: Vec<&str> = places.iter().map(String::as_str).collect();
                shown += &format!("\n    {from} -> {to}: {}", places.join(", "));
            }
            let package = target.package.clone();
            circles.push(Circle { package, module: module.clone(), siblings, arrows: shown });
        }
    }
    circles
}

/// The imports between siblings, by their parent module.
fn levels(modules: &[ModuleFile]) -> BTreeMap<String, Arrows> {
    let is_suite = modules.first().is_some_and(|root| root.is_test);
    let modules: Vec<&ModuleFile> =
        modules.iter().filter(|module| is_suite || !module.is_test).collect();
    let places: BTreeSet<&Place> = modules.iter().map(|module| &module.path).collect();
    let names: BTreeMap<Place, ImportedNames> =
        modules.iter().map(|module| (module.path.clone(), imports(module, &places))).collect();
    let mut levels: BTreeMap<String, Arrows> = BTreeMap::new();
    for module in &modules {
        for (place, line) in named(module, &names) {
            let there = resolve(&place, &names);
            let Some((parent, arrow)) = siblings(&module.path, &there) else { continue };
            let seen = format!("{}:{line}", module.file);
            levels.entry(parent).or_default().entry(arrow).or_default().insert(seen);
        }
    }
    levels
}

/// The siblings that an import connects, and their parent module. `None` for an import between a
/// module and its own child.
fn siblings(from: &[String], to: &[String]) -> Option<(String, (String, String))> {
    let shared = from.iter().zip(to).take_while(|(from, to)| from == to).count();
    let name = |path: &[String]| match path.get(shared) {
        Some(name) => Some(name.clone()),
        None if path.is_empty() => Some("the root".to_owned()),
        None => None,
    };
    let arrow = (name(from)?, name(to)?);
    (arrow.0 != arrow.1).then(|| (from[..shared].join("::"), arrow))
}

/// The largest groups of siblings that import each other.
fn tangles(arrows: &Arrows) -> BTreeSet<BTreeSet<String>> {
    let names: BTreeSet<&String> = arrows.keys().map(|(from, _)| from).collect();
    let reached: BTreeMap<&String, BTreeSet<String>> =
        names.into_iter().map(|name| (name, reached(name, arrows))).collect();
    let circle = |(name, there): (&&String, &BTreeSet<String>)| {
        let leads_back = |to: &&String| reached.get(to).is_some_and(|back| back.contains(*name));
        there.iter().filter(leads_back).cloned().collect::<BTreeSet<String>>()
    };
    reached.iter().map(circle).filter(|circle| !circle.is_empty()).collect()
}

/// The siblings that a sibling imports, directly or indirectly.
fn reached(from: &str, arrows: &Arrows) -> BTreeSet<String> {
    let mut reached = BTreeSet::new();
    let mut next = vec![from];
    while let Some(name) = next.pop() {
        for (_, to) in arrows.keys().filter(|(from, _)| from == name) {
            if reached.insert(to.clone()) {
                next.push(to);
            }
        }
    }
    reached
}
