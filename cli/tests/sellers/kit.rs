//! Checks what `koohook conform` reports about a server that does not serve the kit.

use crate::Seller;

const NO_KIT: &str =
    "; if your product does not use the kit, do not give its key (KOOHOOK_KIT_KEY, --kit-key)";

/// Only a joint-operations product needs the kit. If the kit's key is given, the server must serve it.
#[test]
fn a_server_without_the_kit_fails_if_the_kits_key_is_given() {
    let kit = ["--kit-key", "constructed-kit-key-0001", "--sealed-secret", "c2VhbGVk"];
    let only = [&kit[..], &["--only", "v2"]].concat();
    for (seller, failed) in [
        (Seller::start("sample", &[]), "V2 kit: FAILED: every call fails: 000002; compare "),
        (Seller::start("php", &[]), "V2 kit: FAILED: every call fails: 000001; compare "),
        (
            Seller::start("faulty", &[]),
            "V2 kit: FAILED: every call is answered HTTP 404; the server must serve the kit under ",
        ),
    ] {
        let (lines, code) = seller.conform(&kit);
        let advised = |line: &&String| line.starts_with(failed) && line.ends_with(NO_KIT);
        assert!(lines.iter().any(|line| advised(&line)), "{lines:?}");
        assert_eq!(code, Some(1));
    }
    for (seller, failed) in [
        (
            Seller::start("sample", &[]),
            "V2 kit: FAILED: every call fails: 000002; compare --timestamp-unit and this machine's clock",
        ),
        (
            Seller::start("faulty", &[]),
            "V2 kit: FAILED: every call fails: HTTP 404; correct the path of the address",
        ),
    ] {
        let (lines, code) = seller.conform(&only);
        let advised = |line: &&String| line.starts_with(failed) && line.ends_with(NO_KIT);
        assert!(lines.iter().any(|line| advised(&line)), "{lines:?}");
        assert_eq!(code, Some(1));
    }
}
