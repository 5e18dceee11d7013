//! Decodes the bytes of a file in the encodings that spreadsheets write.

use encoding_rs::{Encoding, GB18030, UTF_8};

/// A file's text.
pub struct DecodedText {
    /// The text, without a byte-order mark.
    pub text: String,
    /// The encoding, if it is not UTF-8.
    pub encoding: Option<&'static str>,
}

/// Reads UTF-8, UTF-16 with a byte-order mark, or GB18030, which contains GBK. Excel and WPS write these
/// in China.
///
/// # Errors
/// If the bytes are not text in one of them: the error names the line of the first bad byte.
pub fn decode(bytes: &[u8]) -> Result<DecodedText, String> {
    if let Some((_, fault)) = NOT_TEXT.iter().find(|(start, _)| bytes.starts_with(start)) {
        return Err((*fault).to_owned());
    }
    let (encoding, marked) = Encoding::for_bom(bytes).unwrap_or((UTF_8, 0));
    let bytes = bytes.get(marked..).unwrap_or_default();
    let decoded =
        if encoding == UTF_8 { utf_8_or_gb18030(bytes)? } else { utf_16(bytes, encoding)? };
    if decoded.text.contains('\0') {
        return Err("file contains zero bytes; save it as CSV UTF-8".to_owned());
    }
    // GB18030 also has a byte-order mark, and some programs write two marks.
    let text = decoded.text.trim_start_matches('\u{feff}').to_owned();
    Ok(DecodedText { text, ..decoded })
}

fn utf_16(bytes: &[u8], encoding: &'static Encoding) -> Result<DecodedText, String> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(bytes);
    let text = text.ok_or("file contains half a character of UTF-16; save it as CSV UTF-8")?;
    Ok(DecodedText { text: text.into_owned(), encoding: Some("UTF-16") })
}

fn utf_8_or_gb18030(bytes: &[u8]) -> Result<DecodedText, String> {
    let fault = match str::from_utf8(bytes) {
        Ok(text) => return Ok(DecodedText { text: text.to_owned(), encoding: None }),
        Err(fault) => fault,
    };
    let before = bytes.iter().take(fault.valid_up_to());
    let line = 1 + before.filter(|byte| **byte == b'\n').count();
    if is_rather_utf_8(bytes) {
        return Err(format!(
            "line {line} contains a byte that is not UTF-8; save the file as CSV UTF-8"
        ));
    }
    match GB18030.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) => Ok(DecodedText { text: text.into_owned(), encoding: Some("GB18030 (GBK)") }),
        None => Err(format!(
            "line {line} contains a byte that is neither UTF-8 nor GB18030 (GBK); save the file as CSV \
             UTF-8"
        )),
    }
}

/// Whether the bytes are damaged UTF-8 and not GB18030. Almost any bytes are valid GB18030, so validity
/// does not decide. Few letters of GB18030 are also letters of UTF-8, so their number decides.
fn is_rather_utf_8(bytes: &[u8]) -> bool {
    let (mut letters, mut faults) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        letters += chunk.valid().chars().filter(|letter| !letter.is_ascii()).count();
        faults += usize::from(!chunk.invalid().is_empty());
    }
    letters >= faults
}

/// The first bytes of files that are not text, with the fault and what to do.
const NOT_TEXT: [(&[u8], &str); 3] = [
    (b"PK\x03\x04", "file is an Excel or WPS workbook; save it as CSV UTF-8, and import that file"),
    (
        b"\xd0\xcf\x11\xe0",
        "file is an old Excel workbook (.xls); save it as CSV UTF-8, and import that file",
    ),
    (b"\x1f\x8b", "file is compressed; unpack it first"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn text(bytes: &[u8]) -> (String, Option<&'static str>) {
        let DecodedText { text, encoding } =
            decode(bytes).unwrap_or_else(|fault| panic!("{fault}"));
        (text, encoding)
    }

    /// Bytes from Python: `"中文,备注\n".encode(...)`.
    #[test]
    fn the_encodings_of_spreadsheets_are_read() {
        let expected = "中文,备注\n".to_owned();
        let utf_8 = expected.as_bytes();
        assert_eq!(text(utf_8), (expected.clone(), None));
        assert_eq!(text(&[b"\xef\xbb\xbf", utf_8].concat()), (expected.clone(), None));
        let gbk = b"\xd6\xd0\xce\xc4,\xb1\xb8\xd7\xa2\n";
        assert_eq!(text(gbk), (expected.clone(), Some("GB18030 (GBK)")));
        let utf_16 = b"\xff\xfe\x2d\x4e\x87\x65,\0\x07\x59\xe8\x6c\n\0";
        assert_eq!(text(utf_16), (expected.clone(), Some("UTF-16")));
        let swapped: Vec<u8> = utf_16.chunks(2).flat_map(|pair| [pair[1], pair[0]]).collect();
        assert_eq!(text(&swapped), (expected.clone(), Some("UTF-16")));
        let marked = [b"\x84\x31\x95\x33", gbk.as_slice()].concat();
        assert_eq!(text(&marked), (expected, Some("GB18030 (GBK)")));
        // A letter of four bytes, and a letter whose second byte is an ASCII letter.
        assert_eq!(text(b"\x81\x39\xee\x39\xe9\x46").0, "㐀镕");
    }

    #[test]
    fn the_error_names_the_kind_of_a_file_that_is_not_text() {
        let fault = |bytes: &[u8]| decode(bytes).map(|_| ()).unwrap_err();
        assert!(fault(b"PK\x03\x04rest").contains("save it as CSV UTF-8"));
        assert!(fault(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1").contains("old Excel"));
        assert!(fault(b"\x1f\x8b\x08").contains("compressed"));
        // UTF-16 without a byte-order mark.
        assert!(fault(b"i\0d\0").contains("zero bytes"));
        assert!(fault(b"\xff\xfei").contains("half a character"));
    }

    #[test]
    fn the_error_names_the_line_of_the_first_bad_byte() {
        let fault = |bytes: &[u8]| decode(bytes).map(|_| ()).unwrap_err();
        let cut = ["中文\n备注\n注".as_bytes(), b"\xe4\xb8\n"].concat();
        assert!(fault(&cut).starts_with("line 3 contains a byte that is not UTF-8"));
        assert!(fault(b"a\nb\xff\n").starts_with("line 2 contains a byte that is neither"));
    }
}
