//! What the operator wants: from the options, and on a terminal from questions.

use std::io::IsTerminal;
use std::path::Path;

use clap::ValueEnum;
use shell::config::{Config, variable};

use super::{Contract, InitArguments, InitPlatform};
use crate::error::CommandError;
use crate::options::given_or_in_file;
use crate::output::errln;
use crate::question::answer;
use crate::{generated, input};

/// What is to run where. All texts are without blanks around them.
pub struct Answers {
    pub platform: InitPlatform,
    contracts: Vec<Contract>,
    pub store: String,
    pub product_url: Option<String>,
    pub app_info: Option<String>,
    pub base_key: Option<String>,
    pub kit_key: Option<String>,
}

impl Answers {
    /// Takes the options, and asks for the rest if there is a terminal.
    ///
    /// # Errors
    /// If a file or an answer cannot be read or used.
    pub fn ask(arguments: &InitArguments) -> Result<Self, CommandError> {
        let ask = Asking(std::io::stdin().is_terminal());
        let platform = match arguments.platform {
            Some(platform) => platform,
            None => ask.word("Where will koohook run: machine or functiongraph", "machine")?,
        };
        let contracts = if arguments.contracts.is_empty() {
            ask.words(
                "What does the marketplace call: v1, v2, kit, usage (separated by commas)",
                "v2",
            )?
        } else {
            arguments.contracts.clone()
        };
        let store = match (&arguments.store, platform) {
            (Some(_), InitPlatform::Functiongraph) => return Err(NO_STORE.into()),
            (Some(store), InitPlatform::Machine) => store.clone(),
            (None, InitPlatform::Machine) => {
                ask.text("Store", "sqlite:/var/lib/koohook/koohook.db")?
            }
            // Terraform makes the store, and knows its address.
            (None, InitPlatform::Functiongraph) => String::new(),
        };
        let (product_url, app_info) = ask.product(arguments)?;
        if contracts.contains(&Contract::Usage) && product_url.is_none() {
            return Err(NO_REPORTS.into());
        }
        let (base_key, kit_key) = (None, None);
        let mut answers =
            Self { platform, contracts, store, product_url, app_info, base_key, kit_key };
        let (base, kit) = (&arguments.base_key_file, &arguments.kit_key_file);
        answers.base_key = ask.key(base.as_deref(), "KOOHOOK_BASE_KEY", answers.has_base())?;
        answers.kit_key = ask.key(kit.as_deref(), "KOOHOOK_KIT_KEY", answers.has(Contract::Kit))?;
        Ok(answers)
    }

    pub fn has(&self, contract: Contract) -> bool {
        self.contracts.contains(&contract)
    }

    /// Whether the base interface is called.
    pub fn has_base(&self) -> bool {
        self.contracts.iter().any(|it| *it != Contract::Kit)
    }

    /// Whether koohook would accept the answers as settings. What is still missing counts as right.
    ///
    /// # Errors
    /// If it would not.
    pub fn check(&self) -> Result<(), CommandError> {
        let seal_key = generated::seal_key()?;
        let product_secret = format!("whsec_{seal_key}");
        let set = |name: &str| match name {
            "KOOHOOK_BASE_KEY" => Some(self.base_key.clone().unwrap_or_else(generated::access_key)),
            "KOOHOOK_KIT_KEY" => self.kit_key.clone(),
            "KOOHOOK_SEAL_KEY" => Some(seal_key.clone()),
            "KOOHOOK_STORE" if self.store.is_empty() => Some("memory:".to_owned()),
            "KOOHOOK_STORE" => Some(self.store.clone()),
            "KOOHOOK_PRODUCT_URL" => self.product_url.clone(),
            "KOOHOOK_PRODUCT_SECRET" => self.product_url.as_ref().map(|_| product_secret.clone()),
            "KOOHOOK_APP_INFO" => self.app_info.clone(),
            _ => None,
        };
        Config::read(&set).map(drop).map_err(|error| error.to_string().into())
    }
}

/// Asks on a terminal; elsewhere the default is the answer.
struct Asking(bool);

impl Asking {
    fn text(&self, question: &str, default: &str) -> Result<String, CommandError> {
        if !self.0 {
            return Ok(default.to_owned());
        }
        let said = answer(&format!("{question} [{default}]"))?;
        Ok(if said.is_empty() { default.to_owned() } else { said })
    }

    /// Words of a list. On a terminal a wrong one is asked again.
    fn words<T: ValueEnum>(&self, question: &str, default: &str) -> Result<Vec<T>, CommandError> {
        loop {
            match Self::parse(&self.text(question, default)?) {
                Err(error) if self.0 => errln!("koohook: {error}"),
                parsed => return parsed,
            }
        }
    }

    fn parse<T: ValueEnum>(said: &str) -> Result<Vec<T>, CommandError> {
        let word = |word: &str| {
            let word = word.trim();
            T::from_str(word, true).map_err(|_| format!("{word} is none of the answers"))
        };
        Ok(said.split(',').map(word).collect::<Result<_, _>>()?)
    }

    fn word<T: ValueEnum>(&self, question: &str, default: &str) -> Result<T, CommandError> {
        let words: Vec<T> = self.words(question, default)?;
        words.into_iter().next().ok_or_else(|| "one answer is needed; run it again".into())
    }

    /// The product's address, or the template of the access data.
    fn product(
        &self,
        arguments: &InitArguments,
    ) -> Result<(Option<String>, Option<String>), CommandError> {
        let (url, template) = (arguments.product_url.clone(), arguments.app_info.clone());
        if url.is_some() || template.is_some() {
            return Ok((url, template));
        }
        if !self.0 {
            return Err(NO_PRODUCT.into());
        }
        let url = answer("Product's address for notices (empty: there is no product yet)")?;
        if !url.is_empty() {
            return Ok((Some(url), None));
        }
        let page = answer("Address of the page where buyers sign in, with {instanceId}")?;
        Ok((None, Some(serde_json::json!({ "frontEndUrl": page }).to_string())))
    }

    /// An access key from a file, from the environment, or from the terminal.
    fn key(
        &self,
        file: Option<&Path>,
        setting: &'static str,
        is_needed: bool,
    ) -> Result<Option<String>, CommandError> {
        if file.is_none() && !is_needed {
            return Ok(None);
        }
        let text = match (file, given_or_in_file(variable(setting).as_deref(), setting)?) {
            (Some(file), _) => input::read_text(file)?,
            (None, Some(text)) => text,
            (None, None) if self.0 => answer(&format!("Access key for {setting} (empty: later)"))?,
            (None, None) => String::new(),
        };
        Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
    }
}

const NO_REPORTS: &str =
    "the product reports the usage; set --product-url, or leave out the contract usage";
const NO_STORE: &str = "Terraform makes the store of FunctionGraph; leave out --store";
const NO_PRODUCT: &str = "where do buyers get their access data? Set --product-url, or --app-info like \
                          '{\"frontEndUrl\":\"https://app.example.com/i/{instanceId}\"}'";
