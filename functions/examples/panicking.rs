//! The function `receive` with a bug: each purchase panics. It is in no package. `tests/lambda` builds it as
//! `sam build` builds the functions, and checks that the answer is `000005` and that the next call is answered.

use std::process::ExitCode;

use domain::page::{Page, Request, Row};
use protocol::message::{Activity, Malformed};
use protocol::signature::Verified;

/// The page with the bug.
struct Panicking;

impl Page for Panicking {
    #[expect(clippy::panic, reason = "the purpose of this function")]
    fn read<'p>(&'p self, _: &Verified) -> Result<Request<'p>, Malformed> {
        panic!("made-up bug")
    }
}

const NEW_INSTANCE: Row = Row::new(Activity::NewInstance, |_| Ok(Box::new(Panicking)));

fn main() -> ExitCode {
    shell::host::serve("panicking", &[NEW_INSTANCE, functions::QUERY_INSTANCE])
}
