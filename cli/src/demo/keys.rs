//! The keys that the demo generates.

use functions::application_sync::secret::{Oaep, PrivateKey, Size};
use simulator::time::TimestampUnit;

use crate::error::CommandError;
use crate::generated;
use crate::player::Seller;

/// The keys of one run.
pub struct DemoKeys {
    /// The access key of the base interfaces.
    pub base: String,
    /// The access key of the kit.
    pub kit: String,
    /// The key that seals stored values.
    pub seal: String,
    /// The secret that koohook shares with the product.
    pub product: String,
    /// The private key of the application credential, as PEM.
    pub private: String,
    /// A client secret, encrypted with the public key.
    pub sealed_secret: String,
}

impl DemoKeys {
    /// Generates the keys.
    ///
    /// # Errors
    /// If the machine has no randomness.
    pub fn generate() -> Result<Self, CommandError> {
        let private = PrivateKey::generate(Size::Bits3072)?;
        Ok(Self {
            base: generated::access_key(),
            kit: generated::access_key(),
            // The same key in every run: a given store may contain values of an earlier run.
            seal: generated::DEMO_SEAL_KEY.to_owned(),
            product: format!("whsec_{}", generated::seal_key()?),
            private: private.to_pem()?,
            sealed_secret: private.seal(Oaep::Sha256Mgf1Sha1, "made-up-client-secret")?,
        })
    }

    /// The marketplace's side of a server that has these keys.
    pub fn seller<'a>(&'a self, address: &'a str) -> Seller<'a> {
        let Self { base, kit, sealed_secret, .. } = self;
        let unit = TimestampUnit::Milliseconds;
        Seller { address, access_key: base, kit_key: kit, sealed_secret, unit }
    }
}
