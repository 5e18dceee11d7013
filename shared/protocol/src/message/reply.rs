//! The answer to the marketplace, and how each contract writes it.

use serde::Serialize;

use super::{InstanceId, UsageInfo};
use crate::access_key::AccessKey;
use crate::app_info::AppInfo;
use crate::cipher::{Cipher, Strength};
use crate::json;
use crate::result_code::ResultCode;
use crate::signature::Contract;

/// An answer that is not written yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Reply {
    /// The result of the call.
    pub code: ResultCode,
    /// newInstance: the instance.
    pub instance_id: Option<InstanceId>,
    /// V1 newInstance: the access data.
    pub app_info: Option<AppInfo>,
    /// queryInstance: the instances that are ready.
    pub info: Vec<InstanceInfo>,
}

/// One instance in the answer to a query. In a rehearsal the ID may be any text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InstanceInfo {
    /// The ID as in the query.
    pub instance_id: String,
    /// The access data.
    pub app_info: AppInfo,
    /// The usage of a pay-per-use instance or of a package; empty for other instances.
    pub usage_info: Vec<UsageInfo>,
}

impl Reply {
    /// An answer with only a code.
    pub const fn of(code: ResultCode) -> Self {
        Self { code, instance_id: None, app_info: None, info: Vec::new() }
    }

    /// An answer with only the code `000000`.
    pub const fn success() -> Self {
        Self::of(ResultCode::Success)
    }

    /// Writes the body: the bytes that are signed and sent. Under V1 the credentials are encrypted
    /// with the key that verified the call. Under V2 they are in plain text, as the guide requires.
    pub fn write(&self, contract: Contract, key: &AccessKey, strength: Strength) -> Vec<u8> {
        let cipher = match contract {
            Contract::V1 if self.app_info.is_some() || !self.info.is_empty() => {
                Some(Cipher::new(key, strength))
            }
            Contract::V1 | Contract::V2 => None,
        };
        let app_info = |id: &str, info: &AppInfo| match &cipher {
            Some(cipher) => encrypted(cipher, id, info),
            None => info.clone(),
        };
        let id = self.instance_id.as_ref().map(InstanceId::as_str);
        let wire = Wire {
            result_code: self.code,
            result_msg: self.code.message(),
            encrypt_type: cipher.as_ref().map(|_| strength.encrypt_type()),
            instance_id: id,
            app_info: self.app_info.as_ref().map(|info| app_info(id.unwrap_or_default(), info)),
            info: self
                .info
                .iter()
                .map(|InstanceInfo { instance_id, app_info: info, usage_info }| WireInfo {
                    instance_id,
                    app_info: app_info(instance_id, info),
                    usage_info,
                })
                .collect(),
        };
        // Texts under fixed names can always be written, so this never fails.
        json::to_ascii(&wire).unwrap_or_default()
    }
}

fn encrypted(cipher: &Cipher<'_>, id: &str, info: &AppInfo) -> AppInfo {
    let seal =
        |field: &str, text: &Option<String>| text.as_ref().map(|text| cipher.seal(id, field, text));
    AppInfo {
        user_name: seal("userName", &info.user_name),
        password: seal("password", &info.password),
        ..info.clone()
    }
}

/// The members are in the order of the guide's tables.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    result_code: ResultCode,
    result_msg: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    encrypt_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    instance_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_info: Option<AppInfo>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    info: Vec<WireInfo<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WireInfo<'a> {
    instance_id: &'a str,
    app_info: AppInfo,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    usage_info: &'a [UsageInfo],
}
