//! What a second terminal needs to play the marketplace: lines to paste.

use std::path::Path;

use functions::application_sync::secret::{Oaep, PrivateKeys};

use super::keys::DevKeys;
use super::settings::{DevSettings, is_set, set};
use crate::command_line::{program, quoted};
use crate::made_up;
use crate::output::outln;

/// What `koohook dev` prints to paste.
pub struct ExportLines<'a> {
    /// The production address.
    pub address: &'a str,
    /// The settings, with the made-up keys.
    pub settings: &'a DevSettings,
}

impl ExportLines<'_> {
    /// Prints the lines, and what to do with them.
    pub fn print(&self) {
        let keys = PrivateKeys::parse(&self.private_key().unwrap_or_default()).ok();
        let key = keys.as_ref().and_then(|keys| keys.as_slice().first());
        if let Some(public) = key.and_then(|key| key.public_text().ok()) {
            outln!("\nThe kit's public key, for the seller's console:\n\n{public}");
        }
        outln!("\n{}. Paste into a second terminal:\n", self.origin());
        export("KOOHOOK_ADDRESS", self.address);
        for name in ["KOOHOOK_BASE_KEY", "KOOHOOK_KIT_KEY", "KOOHOOK_PRODUCT_SECRET"] {
            self.export_key(name);
        }
        self.export_private_key();
        if let Some(sealed) = key.and_then(|key| key.seal(Oaep::Sha256Mgf1Sha1, PLAIN).ok()) {
            export("KOOHOOK_SEALED_SECRET", &sealed);
        }
        for name in ["KOOHOOK_TIMESTAMP_UNIT", "KOOHOOK_ENCRYPT_TYPE"] {
            if let Some(value) = set(name) {
                export(name, value.trim_end());
            }
        }
        print_commands();
    }

    fn private_key(&self) -> Option<String> {
        let name = "KOOHOOK_RSA_PRIVATE_KEY";
        self.settings.made_up(name).map(str::to_owned).or_else(|| set(name))
    }

    /// Where the keys come from.
    fn origin(&self) -> String {
        match self.settings.keys().map(DevKeys::files) {
            Some(Some(files)) => format!(
                "Made-up keys are kept in {} and {}",
                files.keys.display(),
                files.pem.display()
            ),
            Some(None) => "Made-up keys are of this run alone".to_owned(),
            None => "All keys are set".to_owned(),
        }
    }

    /// A key that is set is the seller's own: it is not shown.
    fn export_key(&self, name: &str) {
        if let Some(key) = self.settings.made_up(name) {
            export(name, key);
        } else if let Some(file) = std::env::var_os(format!("{name}_FILE")) {
            export(&format!("{name}_FILE"), &absolute(Path::new(&file)));
        } else if is_set(name) {
            outln!("# {name} is set here: set it there, too");
        }
    }

    /// The private key by its file; a key without a file is not shown.
    fn export_private_key(&self) {
        let name = "KOOHOOK_RSA_PRIVATE_KEY_FILE";
        let made_up = self.settings.made_up("KOOHOOK_RSA_PRIVATE_KEY").and(self.settings.keys());
        if let Some(files) = made_up.and_then(DevKeys::files) {
            export(name, &absolute(&files.pem));
        } else if let Some(file) = std::env::var_os(name) {
            export(name, &absolute(Path::new(&file)));
        }
    }
}

fn export(name: &str, value: &str) {
    outln!("export {name}={}", quoted(value));
}

fn absolute(path: &Path) -> String {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned()).display().to_string()
}

fn print_commands() {
    let order = format!("CS{}DEV", made_up::now_millis());
    let koohook = program();
    outln!("\nThen, there:\n");
    outln!("{koohook} conform --lives");
    outln!("{koohook} send --v2 newInstance orderId={order} orderLineId={order}-000001");
    outln!("{koohook} send --v2 queryInstance instanceId=123456789 testFlag=1\n");
}

const PLAIN: &str = "made-up-client-secret";
