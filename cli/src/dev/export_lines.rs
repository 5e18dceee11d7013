//! The lines that a user pastes into a second terminal to play the marketplace.

use std::net::SocketAddr;
use std::path::Path;

use functions::application_sync::secret::{Oaep, PrivateKeys};
use shell::config::is_set;
use shell::store::StoreSetting;

use super::keys::DevKeys;
use super::settings::{DevSettings, set};
use crate::command_line::{program, quoted};
use crate::generated;
use crate::output::outln;

/// The export lines of `koohook dev`.
pub struct ExportLines<'a> {
    /// The production address.
    pub address: &'a str,
    /// The settings, with the generated keys.
    pub settings: &'a DevSettings,
    /// The store.
    pub store: &'a StoreSetting,
    /// Where the server listens.
    pub listen: SocketAddr,
}

impl ExportLines<'_> {
    /// Prints the lines, and the commands to run after them.
    pub fn print(&self) {
        let keys = PrivateKeys::parse(&self.private_key().unwrap_or_default()).ok();
        let key = keys.as_ref().and_then(|keys| keys.as_slice().first());
        if let Some(public) = key.and_then(|key| key.public_text().ok()) {
            outln!("\nThe kit's public key, for the seller's console:\n\n{public}");
        }
        outln!("\n{}. Paste these lines into a second terminal:\n", self.origin());
        export("KOOHOOK_ADDRESS", self.address);
        for name in ["KOOHOOK_BASE_KEY", "KOOHOOK_KIT_KEY"] {
            self.export_key(name);
        }
        // The commands of the second terminal do not read this secret. A product under test does.
        if let Some(secret) = self.settings.generated("KOOHOOK_PRODUCT_SECRET") {
            export("KOOHOOK_PRODUCT_SECRET", secret);
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
        self.export_store();
        if self.listen.to_string() != DEFAULT_LISTEN {
            export("KOOHOOK_LISTEN", &self.listen.to_string());
        }
        print_commands();
    }

    /// Exports the store for the commands that read it. An address may have a password, so that only
    /// a file is shown.
    fn export_store(&self) {
        let name = "KOOHOOK_STORE";
        match self.store {
            StoreSetting::Memory => (),
            StoreSetting::Sqlite { path, .. } => {
                export(name, &format!("sqlite:{}", absolute(path.as_path())));
            }
            StoreSetting::Redis(_) | StoreSetting::Dynamodb(_) => self.export_key(name),
        }
    }

    fn private_key(&self) -> Option<String> {
        let name = "KOOHOOK_RSA_PRIVATE_KEY";
        self.settings.generated(name).map(str::to_owned).or_else(|| set(name))
    }

    /// A sentence that names the origin of the keys.
    fn origin(&self) -> String {
        match self.settings.keys().map(DevKeys::files) {
            Some(Some(files)) => format!(
                "The generated keys are in {} and {}",
                files.keys.display(),
                files.pem.display()
            ),
            Some(None) => "The generated keys are only for this run".to_owned(),
            None => "All keys are set".to_owned(),
        }
    }

    /// Exports a key. A key that the seller set is not shown.
    fn export_key(&self, name: &str) {
        if let Some(key) = self.settings.generated(name) {
            export(name, key);
        } else if let Some(file) = std::env::var_os(format!("{name}_FILE")) {
            export(&format!("{name}_FILE"), &absolute(Path::new(&file)));
        } else if is_set(name) {
            outln!("# {name} is set here; set it in the second terminal too");
        }
    }

    /// Exports the private key by the name of its file. A key without a file is not shown.
    fn export_private_key(&self) {
        let name = "KOOHOOK_RSA_PRIVATE_KEY_FILE";
        let generated =
            self.settings.generated("KOOHOOK_RSA_PRIVATE_KEY").and(self.settings.keys());
        if let Some(files) = generated.and_then(DevKeys::files) {
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
    let order = format!("CS{}DEV", generated::now_millis());
    let koohook = program();
    outln!("\nThen run these commands there:\n");
    outln!("{koohook} conform --scenarios");
    outln!("{koohook} send --v2 newInstance orderId={order} orderLineId={order}-000001");
    outln!("{koohook} send --v2 queryInstance instanceId=123456789 testFlag=1");
    outln!("{koohook} instances show {order}\n");
}

/// The default of `KOOHOOK_LISTEN`.
const DEFAULT_LISTEN: &str = "127.0.0.1:8000";
const PLAIN: &str = "made-up-client-secret";
