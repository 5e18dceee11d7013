//! The keys that the demo makes up.

use functions::application_sync::secret::{Oaep, PrivateKey, Size};
use simulator::time::TimestampUnit;

use crate::error::CommandError;
use crate::made_up;
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
    /// A client secret, sealed with the public key.
    pub sealed_secret: String,
}

impl DemoKeys {
    /// Makes the keys up.
    pub fn make_up() -> Result<Self, CommandError> {
        let private = PrivateKey::generate(Size::Bits3072)?;
        Ok(Self {
            base: made_up::access_key(),
            kit: made_up::access_key(),
            // The same in every run: a store that is named may hold what an earlier run made up.
            seal: made_up::DEMO_SEAL_KEY.to_owned(),
            product: format!("whsec_{}", made_up::seal_key()?),
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
