//! Calls with signatures that another program made.

use super::*;

const TIMESTAMP: u64 = 1_680_508_066_618;
const NONCE: &str = "50D83FDECAED6CCD8EF597F2A577950527928BA287D04E6036E92B2806FD17DA";

/// The page, the body as it is sent, and the signatures of its canonical form and of its bytes.
const V2: [(&str, &str, [&str; 2]); 3] = [
    (
        "tenantSync",
        r#"{"instanceId": "huaiweitest123456","orderId": "CS1906666666ABCDE","tenantId": "68cbc86aaaa880d92f36422fa0e","tenantCode": "huawei","name": "huaiweitest","domainName": "https://example.tenantaccount.com","flag": 1,"testFlag": 0,"timeStamp": "20220413093539534"}"#,
        [
            "158D55020CED3ECCB890F8D661453C9326F3155F95F439B73E91E40128D8CDD1",
            "9AE896670E159411BAC22C626800A88660AD4EF71827D484DA0F50B4DDBD516A",
        ],
    ),
    (
        "allOrgSync",
        r#"{"instanceId":"inst-1","tenantId":"t-1","orgInfoList":[{"orgCode":"00000001","orgName":"产品部","parentCode":""},{"orgCode":"00000002","orgName":"测试部","parentCode":"00000001"}],"testFlag":0,"timeStamp":"20220413093539534"}"#,
        [
            "1F323368A720E4AF3174DFD836AE63344E8E3054F449F493E1E34D1B4DDDE9F0",
            "E7848BCB73F6C5D7D681D7B2FA0ECBF63A4545A8830644CDAF59EDDE175A9523",
        ],
    ),
    (
        "authSync",
        r#"{"instanceId":"inst-1","tenantId":"t-1","appId":"app-1","userList":[{"userName":"zhangsan01","name":"张三","orgCode":"00000001","role":"admin","enable":"true","mobile":null}],"currentSyncTime":"20220420114117642","flag":1,"testFlag":0,"timeStamp":"20220420114117642","extra":null}"#,
        [
            "C5465452400E71828A8256F8690B74BC3168775AAFAD2A157D58EA2734676303",
            "CFB0DD2C8065AC8B88DDA66CB572B4C19A2CC0E1F898C461FF73C6A9FCF3DCA3",
        ],
    ),
];

fn v2(page: &str, sign: &str, timestamp: &str, nonce: &str, body: &str) -> http::Request<Vec<u8>> {
    let builder = http::Request::post(format!("{ADDRESS}/produceAPI/v2/{page}"))
        .header("x-sign", sign)
        .header("x-timestamp", timestamp)
        .header("x-nonce", nonce);
    builder.body(body.as_bytes().to_vec()).unwrap()
}

fn check(row: Row, own_page: &str) {
    for (page, body, signs) in V2 {
        for sign in signs {
            let kit = Kit(Koohook::serving(&[row], Memory::new(), &SETTINGS));
            kit.0.world().set_now(TIMESTAMP);
            let (now, lower) = (TIMESTAMP.to_string(), sign.to_lowercase());
            for (code, sign, now, nonce, body) in [
                ("000001", &sign.replace('1', "2"), now.as_str(), NONCE, body),
                ("000001", &lower, "1680508066619", NONCE, body),
                ("000001", &lower, &now, "other", body),
                ("000001", &lower, &now, NONCE, &body.replace("Id\":", "Id\" :\"\\u0061\",\"a\":")),
                ("000002", &lower, &now, "", body),
                ("000002", &lower, "1680508066", NONCE, body),
                ("000001", &String::new(), &now, NONCE, body),
            ] {
                assert_eq!(kit.send(v2(page, sign, now, nonce, body)), code, "{page} {nonce}");
            }
            assert_eq!(kit.0.store().take_counts(), (0, 0));
            let code = kit.send(v2(page, &lower, &now, NONCE, body));
            let (expected, counts) =
                if page == own_page { ("000000", (1, 1)) } else { ("000002", (0, 0)) };
            if page == "tenantSync" || page != own_page {
                assert_eq!((code.as_str(), kit.0.store().take_counts()), (expected, counts));
            }
            assert_eq!(code, expected, "{page}");
            for skew in [60_000, 60_001] {
                kit.0.world().set_now(TIMESTAMP + skew);
                let late = if skew == 60_001 { "000002" } else { expected };
                assert_eq!(kit.send(v2(page, sign, &now, NONCE, body)), late, "{page}");
            }
        }
    }
}

#[test]
fn a_function_answers_only_the_v2_vectors_of_its_page() {
    check(functions::TENANT_SYNC, "tenantSync");
    check(functions::ALL_ORG_SYNC, "allOrgSync");
    check(functions::AUTH_SYNC, "authSync");
    check(functions::SINGLE_ORG_SYNC, "singleOrgSync");
}

/// The key of the V1 vectors.
const V1_KEY: &str = "11111111-2222-3333-4444-555555555555";
const V1: [(&str, &str, &str, (usize, usize)); 2] = [
    (
        "tenantSync",
        r#"{"instanceId":"","orderId":"","tenantId":"68cbc86abc2018ab880d92f36422fa0e","tenantCode":"huawei","name":"测试企业","domainName":"https://example.tenantaccount.com","flag":1,"testFlag":1,"timeStamp":"20260413093539534"}"#,
        "+110ERzcaz24GqeRTKDtvhsBJu58DpGqIiFxWn4AmwY=",
        (0, 0),
    ),
    (
        "authSync",
        r#"{"instanceId":"inst-1","tenantId":"68cbc86abc2018ab880d92f36422fa0e","appId":"app-1","userList":"[{\"userName\":\"zhangsan01\",\"name\":\"张三\",\"position\":\"\",\"orgCode\":\"123456789\",\"role\":\"admin\",\"enable\":\"true\"}]","currentSyncTime":"20260413093539534","flag":1,"testFlag":0,"timeStamp":"20260413093539534"}"#,
        "qBuvjCrqj4Am8+u2+rjJeiP0t6H6bU9i9UI3brQN1hg=",
        (1, 2),
    ),
];

#[test]
fn the_v1_vectors_are_accepted_with_and_without_quotes_around_the_token() {
    let settings = SETTINGS.map(|(name, value)| match name {
        "KOOHOOK_KIT_KEY" => (name, V1_KEY),
        _ => (name, value),
    });
    for (page, body, token, counts) in V1 {
        for (token, code) in [
            (token.to_owned(), "000000"),
            (format!("\"{token}\""), "000000"),
            (token.replace('A', "B"), "000001"),
            (format!("\"{token}"), "000001"),
        ] {
            let koohook = Koohook::serving(&PAGES, Memory::new(), &settings);
            let request = http::Request::post(format!("{ADDRESS}/produceAPI/{page}"))
                .header("authToken", token)
                .body(body.as_bytes().to_vec());
            let response = run(koohook.answer(request.unwrap()));
            verify_body_sign(&response, V1_KEY).unwrap();
            assert_eq!(Answer::read(&response).unwrap().code, code);
            let counts = if code == "000000" { counts } else { (0, 0) };
            assert_eq!(koohook.store().take_counts(), counts);
        }
    }
}

#[test]
fn a_key_is_accepted_only_on_its_own_route() {
    let kit = Kit::new();
    let body = written(Contract::V2, &tenant(1, "A", 0));
    let now = NOW.to_string();
    let by_base = [
        kit_v1::request(ADDRESS, "tenantSync", BASE_KEY, &body),
        kit_v2::request(ADDRESS, "tenantSync", BASE_KEY, &now, "n", &body),
    ];
    for request in by_base {
        assert_eq!(kit.send(request.unwrap()), "000001");
    }
    // A signature of one contract on the other contract's route.
    let mut request = kit_v1::request(ADDRESS, "tenantSync", KIT_KEY, &body).unwrap();
    *request.uri_mut() = format!("{ADDRESS}/produceAPI/v2/tenantSync").parse().unwrap();
    assert_ne!(kit.send(request), "000000");
    let mut request = kit_v2::request(ADDRESS, "tenantSync", KIT_KEY, &now, "n", &body).unwrap();
    *request.uri_mut() = format!("{ADDRESS}/produceAPI/tenantSync").parse().unwrap();
    assert_eq!(kit.send(request), "000001");

    let base = Koohook::over(Memory::new(), &SETTINGS);
    let parameters = [("activity", "queryInstance"), ("instanceId", "i")];
    let by_kit = [
        simulator::v1::request(ADDRESS, KIT_KEY, &time::to_the_millisecond(NOW), &parameters),
        simulator::v2::request(ADDRESS, KIT_KEY, &now, "n", &simulator::v2::body(&parameters)),
    ];
    for request in by_kit {
        assert_eq!(run(base.reply(request.unwrap())).code, "000001");
    }
    assert_eq!((kit.0.store().take_counts(), base.store().take_counts()), ((0, 0), (0, 0)));
}

/// A V2 signature covers neither the path nor the page, so the members decide.
#[test]
fn a_call_on_another_calls_path_is_malformed() {
    let bodies = [
        ("tenantSync", tenant(1, "A", 0)),
        ("authSync", users(1, &["u"], 0)),
        ("singleOrgSync", single(1, "1", "A", "", 0)),
        ("allOrgSync", all(&[("1", "A", "")], 0)),
    ];
    for contract in BOTH {
        for (page, body) in &bodies {
            for (path, _) in &bodies {
                let expected = if path == page { "000000" } else { "000002" };
                assert_eq!(Kit::new().call(contract, path, body), expected, "{page} on {path}");
            }
        }
    }
}
