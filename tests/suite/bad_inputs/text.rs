//! The template language of the rows. Between « and » is a name or a 'literal', followed by the
//! changes to apply to its value, as in `«signature|first 63»`.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use simulator::v1::{Iv, Strength};
use tests::call::BASE_KEY;

/// Replaces every « » term with its value.
pub fn fill(text: &str, value_of: &dyn Fn(&str) -> Option<Vec<u8>>) -> Vec<u8> {
    let mut filled = Vec::new();
    let mut rest = text;
    while let Some((plain, behind)) = rest.split_once('«') {
        let (inside, behind) = behind.split_once('»').expect("« is closed by »");
        filled.extend_from_slice(plain.as_bytes());
        filled.extend(term(inside, value_of));
        rest = behind;
    }
    filled.extend_from_slice(rest.as_bytes());
    filled
}

fn term(inside: &str, value_of: &dyn Fn(&str) -> Option<Vec<u8>>) -> Vec<u8> {
    let mut parts = inside.split('|');
    let source = parts.next().unwrap_or_default();
    let literal = source.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
    let start = match literal {
        Some(text) => text.as_bytes().to_vec(),
        None => value_of(source).unwrap_or_else(|| panic!("«{source}» has no value")),
    };
    parts.fold(start, |bytes, step| {
        let (verb, number) = step.split_once(' ').unwrap_or((step, "0"));
        changed(bytes, verb, number.parse().expect("a number"))
    })
}

fn changed(bytes: Vec<u8>, verb: &str, number: usize) -> Vec<u8> {
    let text = || String::from_utf8(bytes.clone()).expect("text");
    match verb {
        "first" => bytes[..number].to_vec(),
        "from" => bytes[number..].to_vec(),
        "times" => bytes.repeat(number),
        "lower" => bytes.to_ascii_lowercase(),
        "upper" => bytes.to_ascii_uppercase(),
        "mixed" => mixed(bytes),
        "alter" => altered(bytes, number),
        "last" => with_last(bytes, number),
        "flip-bit" => flipped(&text(), number),
        "from-hex" => from_hex(&text()),
        "base64" => STANDARD.encode(bytes).into_bytes(),
        "utf-16" => text().encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "url" => percent(&bytes, |byte| format!("%{byte:02X}")),
        "url-lower" => percent(&bytes, |byte| format!("%{byte:02x}")),
        "url-all" => bytes.iter().flat_map(|byte| format!("%{byte:02X}").into_bytes()).collect(),
        "base64url" => URL_SAFE.encode(STANDARD.decode(&bytes).unwrap()).into_bytes(),
        "unpadded" => text().trim_end_matches('=').as_bytes().to_vec(),
        "untidy" => untidy(&text()),
        "encrypted" => encrypted(Strength::Aes256, &text()),
        "encrypted-128" => encrypted(Strength::Aes128, &text()),
        unknown => panic!("unknown verb: {unknown}"),
    }
}

fn mixed(mut bytes: Vec<u8>) -> Vec<u8> {
    for (place, byte) in bytes.iter_mut().enumerate() {
        if place % 2 == 0 {
            byte.make_ascii_lowercase();
        } else {
            byte.make_ascii_uppercase();
        }
    }
    bytes
}

fn altered(mut bytes: Vec<u8>, place: usize) -> Vec<u8> {
    let place = place % bytes.len();
    bytes[place] ^= 1;
    bytes
}

fn with_last(mut bytes: Vec<u8>, value: usize) -> Vec<u8> {
    *bytes.last_mut().unwrap() = u8::try_from(value).unwrap();
    bytes
}

/// Flips one bit of the bytes that a hex text encodes.
fn flipped(hex: &str, bit: usize) -> Vec<u8> {
    let mut bytes = from_hex(hex);
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes.iter().flat_map(|byte| format!("{byte:02X}").into_bytes()).collect()
}

fn from_hex(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).expect("hex")).collect()
}

fn percent(bytes: &[u8], escape: impl Fn(u8) -> String) -> Vec<u8> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    bytes
        .iter()
        .flat_map(|&byte| match plain(byte) {
            true => vec![byte],
            false => escape(byte).into_bytes(),
        })
        .collect()
}

/// Other base64 of the same bytes. It is not canonical: unused bits of the last letter are set.
fn untidy(base64: &str) -> Vec<u8> {
    let mut letters: Vec<char> = base64.chars().collect();
    let last = letters.iter().rposition(|letter| *letter != '=').unwrap();
    letters[last] = char::from_u32(u32::from(letters[last]) + 1).unwrap();
    letters.into_iter().collect::<String>().into_bytes()
}

fn encrypted(strength: Strength, plain: &str) -> Vec<u8> {
    simulator::v1::encrypt(BASE_KEY, strength, Iv::numbered(1), plain).into_bytes()
}
