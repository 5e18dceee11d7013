//! `sqlite:PATH`, and `?durability=any`.

use std::path::{Path, PathBuf};

use super::{Durability, UNSEEN, has_unseen};

/// The path of a store's file. koohook uses it literally: it decodes, expands and interprets
/// nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SqlitePath(PathBuf);

impl SqlitePath {
    /// Reads the text after `sqlite:`.
    ///
    /// # Errors
    /// What is wrong, without the value.
    pub(super) fn parse(rest: &str) -> Result<(Self, Durability), &'static str> {
        if has_unseen(rest) {
            return Err(UNSEEN);
        }
        let (path, durability) = match rest.split_once('?') {
            None => (rest, Durability::Required),
            Some((path, "durability=any")) => (path, Durability::Any),
            Some(_) => return Err(OPTION),
        };
        fault(path).map_or_else(|| Ok((Self(PathBuf::from(path)), durability)), Err)
    }

    /// The path.
    pub fn as_path(&self) -> &Path {
        &self.0
    }

    /// The path of a file in the same folder whose name is the store's with an ending.
    pub fn beside(&self, ending: &str) -> PathBuf {
        beside(&self.0, ending)
    }
}

/// The fault of a path, if there is one.
fn fault(path: &str) -> Option<&'static str> {
    let is_uri =
        path.starts_with("//") || path.get(..5).is_some_and(|it| it.eq_ignore_ascii_case("file:"));
    let is_folder = path.ends_with('/') || matches!(path.rsplit('/').next(), Some("." | ".."));
    let faults = [
        (path.is_empty(), EMPTY),
        (path.trim() != path || path.starts_with(QUOTES) || path.ends_with(QUOTES), AROUND),
        (is_uri, URI),
        // SQLite reserves all names that begin with a colon.
        (path.starts_with(':'), SPECIAL),
        (path.starts_with('~'), HOME),
        (cfg!(unix) && path.contains('\\'), BACKSLASH),
        (is_folder, FOLDER),
    ];
    faults.into_iter().find_map(|(is_so, text)| is_so.then_some(text))
}

/// The path of a file next to another, with the same name and an ending.
pub(in crate::store) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

const EMPTY: &str = "has no path after sqlite:; write one, like sqlite:/var/lib/koohook/koohook.db";
const AROUND: &str = "has a blank or a quotation mark around its path; remove it";
const OPTION: &str = "has an unknown option; after a path only ?durability=any is allowed";
const URI: &str = "is a URI; write a plain path, like sqlite:/var/lib/koohook/koohook.db";
const SPECIAL: &str = "has a path that SQLite does not treat as a file; write memory: for a store \
     that is lost when the process ends, or ./ before the name of a file";
const HOME: &str = "has a path with ~, which only a shell expands; write the full path";
const BACKSLASH: &str = "has a path with backslashes; write / between folders";
const FOLDER: &str = "has the path of a folder; add a file name";
const QUOTES: [char; 6] = ['"', '\'', '`', '\u{201c}', '\u{201d}', '\u{2019}'];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_used_literally() {
        for path in [
            "koohook.db",
            "./koohook.db",
            "../koohook.db",
            "/var/lib/koohook/koohook.db",
            "a b/koo hook.db",
            "数据/云商店.db",
            "100%.db",
            "a%20b%3f.db",
            "a#b&c=d.db",
            "a:b",
            "./:memory:",
            "./~/a",
            "x/file:a",
            "memory",
        ] {
            let parsed =
                |rest: &str| SqlitePath::parse(rest).map(|(path, durability)| (path.0, durability));
            let path = PathBuf::from(path);
            let text = path.to_str().unwrap();
            assert_eq!(parsed(text), Ok((path.clone(), Durability::Required)));
            let any = format!("{text}?durability=any");
            assert_eq!(parsed(&any), Ok((path.clone(), Durability::Any)));
        }
    }

    #[test]
    fn an_invalid_path_is_rejected_with_its_reason() {
        for (rest, reason) in REJECTED {
            assert_eq!(SqlitePath::parse(rest).err(), Some(reason), "{rest:?}");
        }
    }

    const REJECTED: [(&str, &str); 44] = [
        ("", EMPTY),
        ("?durability=any", EMPTY),
        (":memory:", SPECIAL),
        (":memory:?durability=any", SPECIAL),
        (":MEMORY:", SPECIAL),
        (":other:", SPECIAL),
        ("file:a.db", URI),
        ("FILE:a.db", URI),
        ("file::memory:?cache=shared", OPTION),
        ("file::memory:", URI),
        ("//a.db", URI),
        ("///var/lib/a.db", URI),
        ("//localhost/a.db", URI),
        ("a.db?mode=memory", OPTION),
        ("a.db?mode=ro", OPTION),
        ("a.db?", OPTION),
        ("a.db?durability=any&mode=ro", OPTION),
        ("a.db?durability=any?", OPTION),
        ("a.db\n", UNSEEN),
        ("a.db\r\n", UNSEEN),
        ("a.db\r", UNSEEN),
        ("a\0.db", UNSEEN),
        ("\u{feff}a.db", UNSEEN),
        ("a.db\u{200b}", UNSEEN),
        ("a.db\u{202e}", UNSEEN),
        ("a.db?durability=any\n", UNSEEN),
        (" a.db", AROUND),
        ("a.db ", AROUND),
        ("a.db\u{a0}", AROUND),
        ("a.db\u{3000}", AROUND),
        (" ", AROUND),
        ("\"a.db\"", AROUND),
        ("'a.db'", AROUND),
        ("a.db\"", AROUND),
        ("~/a.db", HOME),
        ("~koohook/a.db", HOME),
        ("~", HOME),
        ("C:\\data\\a.db", BACKSLASH),
        ("/", FOLDER),
        ("a/", FOLDER),
        (".", FOLDER),
        ("..", FOLDER),
        ("a/..", FOLDER),
        ("a/.", FOLDER),
    ];
}
