//! The files of a machine: the settings without secrets, and a file for each secret. The systemd unit
//! hands the secrets to koohook.

use functions::application_sync::secret::{PrivateKey, Size};

use super::Contract;
use super::answers::Answers;
use super::files::NewFiles;
use crate::error::CommandError;
use crate::generated;

/// The files, in the order in which they are printed.
///
/// # Errors
/// If no secret can be generated.
pub fn files(answers: &Answers) -> Result<NewFiles, CommandError> {
    let mut files = vec![("koohook.env".to_owned(), environment(answers))];
    let mut missing = Vec::new();
    let mut add = |name: &str, text: Option<String>, from: &str| match text {
        Some(text) => files.push((format!("secrets/{name}"), format!("{text}\n"))),
        None => missing.push(format!("secrets/{name}: {from}")),
    };
    if answers.has_base() {
        add("base.key", answers.base_key.clone(), CONSOLE);
    }
    if has_password(answers) {
        add("store.address", Some(answers.store.clone()), "");
    }
    add("seal.key", Some(generated::seal_key()?), "");
    if answers.product_url.is_some() {
        add("product.secret", Some(format!("whsec_{}", generated::seal_key()?)), "");
    }
    if answers.has(Contract::Kit) {
        add("kit.key", answers.kit_key.clone(), CONSOLE);
        let pem = PrivateKey::generate(Size::Bits3072)?.to_pem()?;
        add("application.pem", Some(pem.trim_end().to_owned()), "");
    }
    Ok(NewFiles { files, missing, next: next(answers) })
}

fn environment(answers: &Answers) -> String {
    let line = |name: &str, text: Option<&str>| {
        // systemd reads a value in single quotes as it stands.
        text.map(|text| format!("{name}='{text}'\n")).unwrap_or_default()
    };
    // In JSON an apostrophe can also be written without a quotation mark.
    let app_info = answers.app_info.as_deref().map(|text| text.replace('\'', "\\u0027"));
    let store = Some(answers.store.as_str()).filter(|_| !has_password(answers));
    [
        HEAD.to_owned(),
        line("KOOHOOK_STORE", store),
        line("KOOHOOK_PRODUCT_URL", answers.product_url.as_deref()),
        line("KOOHOOK_APP_INFO", app_info.as_deref()),
        line("KOOHOOK_USAGE_CYCLE", answers.has(Contract::Usage).then_some("hourly")),
    ]
    .concat()
}

/// Whether the store's address is a secret.
fn has_password(answers: &Answers) -> bool {
    answers.store.starts_with("redis") && answers.store.contains('@')
}

fn next(answers: &Answers) -> [String; 3] {
    let drop_ins = [
        ("store.conf", has_password(answers)),
        ("kit.conf", answers.has(Contract::Kit)),
        ("product.conf", answers.product_url.is_some()),
    ];
    let drop_ins = drop_ins.iter().filter(|(_, is_on)| *is_on);
    let drop_ins: String = drop_ins.map(|(name, _)| format!(" {DROP_INS}/{name}")).collect();
    let units = "sudo install -m 644 /opt/koohook/systemd/koohook@.service /etc/systemd/system/";
    let drop_ins = if drop_ins.is_empty() {
        String::new()
    } else {
        format!(" && sudo install -D -m 644 -t /etc/systemd/system/koohook@.service.d{drop_ins}")
    };
    [
        format!("{units}{drop_ins}"),
        "sudo systemctl daemon-reload && sudo systemctl enable --now koohook@8001 koohook@8002".to_owned(),
        "sudo -u koohook sh -c '. /opt/koohook/systemd/commands.sh; koohook check'   # docs/deploy/machine.md"
            .to_owned(),
    ]
}

const DROP_INS: &str = "/opt/koohook/systemd/koohook@.service.d";
const CONSOLE: &str = "the access key from the seller's console, 应用工具 > 密钥管理";
const HEAD: &str = "# Settings of koohook without secrets, written by koohook init. The secrets are in secrets/.\n\
                    # docs/configuration.md explains each setting.\n";
