//! The sections about messages on the operators' pages.

use std::collections::BTreeSet;
use std::fs;

use super::literals::Levels;
use crate::structure::root;

/// The form of a page in one language.
pub struct PageForm {
    pub page: &'static str,
    /// The heading before the sections.
    heading: &'static str,
    /// What separates the name of a part from its text.
    separator: &'static str,
    /// The parts of each section, in order. The first has the levels.
    pub parts: [&'static str; 6],
    /// The parts that name a command, or say that there is nothing to do.
    pub commands: [&'static str; 2],
    /// How a part begins that has nothing to do.
    pub nothing: &'static str,
}

/// A section about one message.
#[derive(Debug)]
pub struct Section {
    pub message: String,
    /// The name and the text of each part.
    pub parts: Vec<(String, String)>,
}

pub const ENGLISH: PageForm = PageForm {
    page: "docs/operating.md",
    heading: "\n## Messages\n",
    separator: ":**",
    parts: ["Level", "Meaning", "Effect", "Look at", "Type", "Marketplace"],
    commands: ["Look at", "Type"],
    nothing: "nothing",
};
const CHINESE: PageForm = PageForm {
    page: "docs/operating.zh-CN.md",
    heading: "\n## 告警消息\n",
    separator: "**：",
    parts: ["级别", "含义", "影响", "查看", "执行", "联系云商店"],
    commands: ["查看", "执行"],
    nothing: "无需",
};

impl PageForm {
    pub const ALL: [Self; 2] = [ENGLISH, CHINESE];

    /// The sections of the page, in order.
    pub fn sections(&self) -> Vec<Section> {
        self.read(&fs::read_to_string(root().join(self.page)).unwrap())
    }

    fn read(&self, page: &str) -> Vec<Section> {
        let (_, rest) = page.split_once(self.heading).expect("the page has the heading");
        let messages = rest.split("\n## ").next().unwrap_or_default();
        let sections = messages.split("\n### `").skip(1);
        sections.map(|text| self.section(text)).collect()
    }

    fn section(&self, text: &str) -> Section {
        let (message, body) = text.split_once("`\n").expect("the heading is only the message");
        let parts = body.split("\n- **").skip(1).map(|part| {
            let (name, text) = part.split_once(self.separator).expect("a part has a name");
            (name.to_owned(), text.split_whitespace().collect::<Vec<_>>().join(" "))
        });
        Section { message: message.to_owned(), parts: parts.collect() }
    }
}

impl Section {
    /// The levels that the section names.
    pub fn levels(&self) -> Levels {
        let text = self.parts.first().map_or("", |(_, text)| text);
        let words = text.split(|letter: char| !letter.is_ascii_uppercase());
        words.filter(|word| !word.is_empty()).map(str::to_owned).collect::<BTreeSet<_>>()
    }
}

#[test]
fn a_section_is_read_with_its_parts() {
    let page = "# A\n\n## Messages\n\nText.\n\n### `store lost`\n\n- **Level:** WARN, ERROR\n\
                - **Meaning:** It is\n  gone.\n\n## Next\n\n### `other`\n";
    let sections = ENGLISH.read(page);
    let [section] = sections.as_slice() else { panic!("{sections:?}") };
    assert_eq!(section.message, "store lost");
    assert_eq!(section.levels(), ["ERROR", "WARN"].map(str::to_owned).into());
    assert_eq!(section.parts[1], ("Meaning".to_owned(), "It is gone.".to_owned()));
}
