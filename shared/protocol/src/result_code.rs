//! The marketplace's table of result codes. Each error type defines its code next to the type, as
//! `From<…> for ResultCode`.

use serde::{Deserialize, Serialize};

/// A result code, six digits on the wire (both guides, page "result codes").
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum ResultCode {
    /// The call succeeded, now or earlier.
    #[serde(rename = "000000")]
    Success,
    /// The signature is missing or wrong.
    #[serde(rename = "000001")]
    AuthenticationFailed,
    /// A parameter does not follow the guide.
    #[serde(rename = "000002")]
    InvalidParameter,
    /// An instance with this ID does not exist.
    #[serde(rename = "000003")]
    InstanceNotFound,
    /// The instance is not ready. Under V2 this is a valid answer for a slow product.
    #[serde(rename = "000004")]
    Processing,
    /// koohook failed. The marketplace retries the call.
    #[serde(rename = "000005")]
    InternalError,
    /// The product refuses this order for one of the guide's reasons.
    #[serde(untagged)]
    Refused(OrderRefused),
}

/// Why the product refuses an order. The guides allow these codes only for `newInstance`.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum OrderRefused {
    /// The product has no free instance resource.
    #[serde(rename = "000100")]
    NoResource,
    /// The mobile number is empty or already exists.
    #[serde(rename = "000101")]
    MobileNumber,
    /// The e-mail address is empty or already exists.
    #[serde(rename = "000102")]
    Email,
    /// The buyer may not buy the product again.
    #[serde(rename = "000103")]
    BoughtBefore,
    /// The product has an internal error.
    #[serde(rename = "000104")]
    ProductFault,
    /// The account already has the benefit.
    #[serde(rename = "000105")]
    BenefitHeld,
    /// The product is sold out.
    #[serde(rename = "000106")]
    SoldOut,
    /// The e-mail domain already exists.
    #[serde(rename = "000107")]
    EmailDomain,
}

impl ResultCode {
    /// The six digits.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Success => "000000",
            Self::AuthenticationFailed => "000001",
            Self::InvalidParameter => "000002",
            Self::InstanceNotFound => "000003",
            Self::Processing => "000004",
            Self::InternalError => "000005",
            Self::Refused(reason) => reason.as_str(),
        }
    }

    /// The table's text for `resultMsg`. koohook never sends its own error texts: an unverified
    /// caller may read the answer.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Success => "success.",
            Self::AuthenticationFailed => "authentication failed.",
            Self::InvalidParameter => "invalid request parameter.",
            Self::InstanceNotFound => "instance id does not exist.",
            Self::Processing => "request is being processed.",
            Self::InternalError => "other internal error.",
            Self::Refused(reason) => reason.message(),
        }
    }
}

impl OrderRefused {
    /// Every reason, in the table's order.
    pub const ALL: [Self; 8] = [
        Self::NoResource,
        Self::MobileNumber,
        Self::Email,
        Self::BoughtBefore,
        Self::ProductFault,
        Self::BenefitHeld,
        Self::SoldOut,
        Self::EmailDomain,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::NoResource => "000100",
            Self::MobileNumber => "000101",
            Self::Email => "000102",
            Self::BoughtBefore => "000103",
            Self::ProductFault => "000104",
            Self::BenefitHeld => "000105",
            Self::SoldOut => "000106",
            Self::EmailDomain => "000107",
        }
    }

    const fn message(self) -> &'static str {
        match self {
            Self::NoResource => "no instance resource is available.",
            Self::MobileNumber => "mobile number is empty or already exists.",
            Self::Email => "email is empty or already exists.",
            Self::BoughtBefore => "product cannot be purchased again.",
            Self::ProductFault => "internal service error of the product.",
            Self::BenefitHeld => "account already has the benefit.",
            Self::SoldOut => "product resources are sold out.",
            Self::EmailDomain => "email domain already exists.",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_stored_as_its_six_digits() {
        let refused = OrderRefused::ALL.map(ResultCode::Refused);
        let own = [
            ResultCode::Success,
            ResultCode::AuthenticationFailed,
            ResultCode::InvalidParameter,
            ResultCode::InstanceNotFound,
            ResultCode::Processing,
            ResultCode::InternalError,
        ];
        for code in own.into_iter().chain(refused) {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
            assert_eq!(serde_json::from_value::<ResultCode>(code.as_str().into()).unwrap(), code);
            assert!(code.message().len() <= 255 && code.message().is_ascii());
        }
        assert!(serde_json::from_value::<OrderRefused>("000108".into()).is_err());
    }
}
