//! The marketplace's table of result codes. An error that has a code says which beside its type.

use serde::{Deserialize, Serialize};

/// A result code, six digits on the wire (both guides, page "result codes").
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum ResultCode {
    /// Done, now or before.
    #[serde(rename = "000000")]
    Success,
    /// The signature is not the marketplace's.
    #[serde(rename = "000001")]
    AuthenticationFailed,
    /// A parameter is not as the guide says.
    #[serde(rename = "000002")]
    InvalidParameter,
    /// No instance of this ID.
    #[serde(rename = "000003")]
    InstanceNotFound,
    /// Not ready yet; under V2 the accepted answer of a slow product.
    #[serde(rename = "000004")]
    Processing,
    /// A failure on our side. The marketplace calls again.
    #[serde(rename = "000005")]
    InternalError,
    /// The product cannot serve this order, for one of the guide's reasons.
    #[serde(untagged)]
    Refused(OrderRefused),
}

/// Why the product refuses an order. Only newInstance may answer these codes.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub enum OrderRefused {
    /// No instance resource is left.
    #[serde(rename = "000100")]
    NoResource,
    /// The mobile number is empty or taken.
    #[serde(rename = "000101")]
    MobileNumber,
    /// The e-mail address is empty or taken.
    #[serde(rename = "000102")]
    Email,
    /// The product may not be bought again.
    #[serde(rename = "000103")]
    BoughtBefore,
    /// The product has a fault of its own.
    #[serde(rename = "000104")]
    ProductFault,
    /// The account holds the benefit already.
    #[serde(rename = "000105")]
    BenefitHeld,
    /// Sold out.
    #[serde(rename = "000106")]
    SoldOut,
    /// The e-mail domain is taken.
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

    /// The table's own text, for `resultMsg`. It is never ours: strangers may read it.
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
    fn codes_are_six_digits_and_stored_as_such() {
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
