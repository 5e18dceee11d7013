//! Every target of every package, with the files of its modules.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use super::source::{Token, begins, tokens, without_tests};
use super::{root, text};

/// A target of a package, which cargo compiles as one crate.
pub struct Target {
    /// The package's name.
    pub package: String,
    /// The target's name, with its kind.
    pub name: String,
    /// The target's modules, the root first.
    pub modules: Vec<ModuleFile>,
}

/// A module in its own file.
pub struct ModuleFile {
    /// The module's path in the crate. The path of the root is empty.
    pub path: Vec<String>,
    /// The module's file, relative to the workspace.
    pub file: String,
    /// Whether only tests compile the module.
    pub is_test: bool,
    /// The file's text.
    pub source: String,
}

impl ModuleFile {
    /// The tokens of the file without its tests.
    pub fn tokens(&self) -> Vec<Token<'_>> {
        without_tests(&tokens(&self.source))
    }
}

/// The manifests of all packages of this workspace, from `cargo metadata`.
pub fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--no-deps", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    serde_json::from_value(metadata["packages"].take()).unwrap()
}

/// Every target of this workspace with its modules.
pub fn targets() -> Vec<Target> {
    let mut targets = Vec::new();
    for package in packages() {
        for target in package["targets"].as_array().unwrap() {
            let kind = target["kind"][0].as_str().unwrap();
            let source = Path::new(target["src_path"].as_str().unwrap());
            let file = source.strip_prefix(root()).unwrap().to_owned();
            let mut modules = Vec::new();
            walk(&mut modules, Vec::new(), file, kind == "test");
            let name = format!("{} ({kind})", target["name"].as_str().unwrap());
            let package = package["name"].as_str().unwrap().to_owned();
            targets.push(Target { package, name, modules });
        }
    }
    targets
}

/// Every source file of this workspace, once.
pub fn files() -> Vec<ModuleFile> {
    let mut seen = BTreeSet::new();
    let modules = targets().into_iter().flat_map(|target| target.modules);
    modules.filter(|module| seen.insert(module.file.clone())).collect()
}

/// Reads a module's file and the files of the modules it declares.
fn walk(modules: &mut Vec<ModuleFile>, path: Vec<String>, file: PathBuf, is_test: bool) {
    let source = text(file.to_str().unwrap());
    let folder = folder(&path, &file);
    let all = declared(&tokens(&source));
    let shipped = declared(&without_tests(&tokens(&source)));
    let name = file.to_str().unwrap().to_owned();
    modules.push(ModuleFile { path: path.clone(), file: name, is_test, source });
    for module in all {
        let flat = folder.join(format!("{module}.rs"));
        let nested = folder.join(&module).join("mod.rs");
        let file = if root().join(&flat).exists() { flat } else { nested };
        let is_test = is_test || !shipped.contains(&module);
        walk(modules, [path.as_slice(), &[module]].concat(), file, is_test);
    }
}

/// The folder for the child modules of a file.
fn folder(path: &[String], file: &Path) -> PathBuf {
    let parent = file.parent().unwrap();
    let is_nested = !path.is_empty() && !file.ends_with("mod.rs");
    if is_nested { parent.join(file.file_stem().unwrap()) } else { parent.to_owned() }
}

/// The modules that a file declares with `mod name;`.
fn declared(tokens: &[Token<'_>]) -> Vec<String> {
    let places = tokens.windows(3).filter(|window| begins(window, &["mod"]));
    let outside = places.filter(|window| window[2].text == ";");
    outside.map(|window| window[1].text.to_owned()).collect()
}
