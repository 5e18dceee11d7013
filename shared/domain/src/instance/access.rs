//! The access data of an instance: what the product answered, and what koohook answers the
//! marketplace.

use protocol::app_info::AppInfo;
use protocol::result_code::{OrderRefused, ResultCode};
use protocol::signature::Contract;
use protocol::time::UnixMillis;
use serde::{Deserialize, Serialize};

use super::Instance;
use super::call_time::is_older;
use super::state::InstanceState;
use crate::app_info_template::Template;
use crate::product::PurchaseAnswer;
use crate::refusal::Refusal;

/// Whether the buyer has access data.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Access {
    /// The product has not answered yet.
    Pending,
    /// The buyer has this access data.
    Ready(AppInfo),
    /// The product refused the order, for this reason.
    Refused(OrderRefused),
    /// The relay abandoned the purchase, because the marketplace refunded it.
    Abandoned,
}

impl Instance {
    /// Applies the product's answer to the purchase, if the access is still pending.
    pub fn answered(&mut self, answer: &PurchaseAnswer, template: Option<&Template>) {
        if self.access != Access::Pending || self.state == InstanceState::Released {
            return;
        }
        let filled = || template.map(|it| it.fill(self.id.as_str(), self.order_id.as_str()));
        self.access = match answer {
            PurchaseAnswer::Ready(info) => Access::Ready(info.clone()),
            PurchaseAnswer::Refused(reason) => Access::Refused(*reason),
            PurchaseAnswer::AsTemplate => filled().map_or(Access::Pending, Access::Ready),
            PurchaseAnswer::Later => Access::Pending,
        };
    }

    /// Applies access data that the product sent in its own message. `at` is the time of the
    /// signature; the newest message counts.
    ///
    /// # Errors
    /// If the instance is released, or abandoned and refunded. Also if the product refuses an order
    /// whose buyer already has access data.
    pub fn told_access(mut self, answer: &PurchaseAnswer, at: UnixMillis) -> Result<Self, Refusal> {
        if self.state == InstanceState::Released || self.access == Access::Abandoned {
            return Err(Refusal::InstanceReleased);
        }
        if is_older(at, self.newest.access) {
            return Ok(self);
        }
        if matches!((answer, &self.access), (PurchaseAnswer::Refused(_), Access::Ready(_))) {
            return Err(Refusal::ReadyBefore);
        }
        self.newest.access = Some(at);
        match answer {
            PurchaseAnswer::Ready(info) => self.access = Access::Ready(info.clone()),
            PurchaseAnswer::Refused(reason) => self.access = Access::Refused(*reason),
            PurchaseAnswer::AsTemplate | PurchaseAnswer::Later => (),
        }
        Ok(self)
    }

    /// The result code of the answer to newInstance (decision D2).
    pub fn purchase_code(&self, contract: Contract, template: Option<&Template>) -> ResultCode {
        match (self.state, &self.access, contract) {
            (InstanceState::Released, _, _) | (_, Access::Ready(_), _) => ResultCode::Success,
            (_, Access::Refused(reason), _) => ResultCode::Refused(*reason),
            // The template does not help a purchase that was refunded.
            (_, Access::Abandoned, _) | (_, Access::Pending, Contract::V2) => {
                ResultCode::Processing
            }
            // V1 has no answer that means "later". The buyer's next query returns the real access
            // data.
            (_, Access::Pending, Contract::V1) => {
                if template.is_some() {
                    ResultCode::Success
                } else {
                    ResultCode::Processing
                }
            }
        }
    }

    /// The access data of an answer `000000` to a purchase.
    pub fn purchase_app_info(&self, template: Option<&Template>) -> Option<AppInfo> {
        match &self.access {
            Access::Ready(info) => Some(info.clone()),
            Access::Pending | Access::Refused(_) | Access::Abandoned => {
                template.map(|template| template.fill(self.id.as_str(), self.order_id.as_str()))
            }
        }
    }

    /// The access data that this instance adds to the answer to a query (decision D8).
    ///
    /// # Errors
    /// If the instance is not ready. The error is the result code for the reason.
    pub fn looked_up(&self) -> Result<&AppInfo, ResultCode> {
        match (self.state, &self.access) {
            (InstanceState::Released, _) | (_, Access::Abandoned) => {
                Err(ResultCode::InstanceNotFound)
            }
            (_, Access::Ready(info)) => Ok(info),
            (_, Access::Pending) => Err(ResultCode::Processing),
            (_, Access::Refused(reason)) => Err(ResultCode::Refused(*reason)),
        }
    }
}
