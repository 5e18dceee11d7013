//! Query strings in the form of `java.net.URLEncoder`, since the marketplace is a Java program.

/// Joins the pairs into a query, with encoded names and values.
pub(crate) fn query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let pairs: Vec<String> = pairs
        .into_iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    pairs.join("&")
}

/// Encodes one name or value: a space becomes `+`, and a literal `+` becomes `%2B`.
fn encode(text: &str) -> String {
    text.bytes().map(encode_byte).collect()
}

fn encode_byte(byte: u8) -> String {
    match byte {
        b' ' => "+".to_owned(),
        // RFC 3986 would keep `~` and encode `*`; Java does the opposite.
        b'.' | b'-' | b'*' | b'_' => char::from(byte).to_string(),
        _ if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{encode, query};

    #[test]
    fn text_is_encoded_as_in_java() {
        assert_eq!(encode("The string ü@foo-bar"), "The+string+%C3%BC%40foo-bar");
        assert_eq!(encode("a+b/c=="), "a%2Bb%2Fc%3D%3D");
        assert_eq!(encode("~*._-!'()"), "%7E*._-%21%27%28%29");
        assert_eq!(encode("测试 customer"), "%E6%B5%8B%E8%AF%95+customer");
    }

    #[test]
    fn an_empty_value_keeps_its_name() {
        assert_eq!(query([("email", ""), ("b", "1,2")]), "email=&b=1%2C2");
    }
}
