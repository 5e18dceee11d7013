//! Recognises identifiers that a spreadsheet changed into numbers, dates or formulas.

/// Whether a text is a number as spreadsheets shorten it, like 2.02601E+17. It must have a sign or a
/// fraction: an ID like 1e5 has neither.
pub fn is_scientific(text: &str) -> bool {
    let Some((number, exponent)) = text.split_once(['E', 'e']) else { return false };
    let fraction = number.split_once(['.', ',']);
    let unsigned = exponent.strip_prefix(['+', '-']);
    match fraction {
        Some((whole, part)) => {
            are_digits(whole) && are_digits(part) && are_digits(unsigned.unwrap_or(exponent))
        }
        None => are_digits(number) && unsigned.is_some_and(are_digits),
    }
}

/// Whether a text is a number in a form that no ID has: shortened, with a fraction of zeros, or with
/// separated thousands.
pub fn is_number(text: &str) -> bool {
    if is_scientific(text) {
        return true;
    }
    let is_zeros = |part: &str| !part.is_empty() && part.bytes().all(|digit| digit == b'0');
    let without_fraction = text.rsplit_once(['.', ',']).filter(|(_, part)| is_zeros(part));
    let is_whole = |(whole, _): (&str, &str)| are_digits(whole) || is_grouped(whole);
    is_grouped(text) || without_fraction.is_some_and(is_whole)
}

/// Whether a text is a whole number like 202,601,123.
fn is_grouped(text: &str) -> bool {
    let Some((first, rest)) = text.split_once(',') else { return false };
    let is_group = |part: &str| part.len() == 3 && are_digits(part);
    first.len() <= 3 && are_digits(first) && rest.split(',').all(is_group)
}

/// Whether a text is a day as spreadsheets write it. A time may follow.
pub fn is_date(text: &str) -> bool {
    let day = text.split_once(' ').map_or(
        text,
        |(day, time)| {
            if time.contains(':') { day } else { text }
        },
    );
    ['/', '-', '.'].into_iter().any(|separator| is_numeric_date(day, separator))
        || is_chinese_date(day)
        || is_short_date(day)
}

/// 2026/1/31, 1/31/2026, 31.1.2026.
fn is_numeric_date(text: &str, separator: char) -> bool {
    let parts: Vec<&str> = text.split(separator).collect();
    match parts.as_slice() {
        [year, month, day] if year.len() == 4 => {
            is_year(year) && is_within(month, 12) && is_within(day, 31)
        }
        [one, other, year] => is_year(year) && are_day_and_month(one, other),
        _ => false,
    }
}

/// 2026年1月31日, 2026年1月, 1月31日.
fn is_chinese_date(text: &str) -> bool {
    let (year, rest) =
        text.split_once('年').map_or((None, text), |(year, rest)| (Some(year), rest));
    let Some((month, day)) = rest.split_once('月') else { return false };
    let is_day = |day: &str| day.strip_suffix('日').is_some_and(|day| is_within(day, 31));
    let is_whole = year.is_some() && day.is_empty() || is_day(day);
    year.is_none_or(are_digits) && is_within(month, 12) && is_whole
}

/// 2-Jan, Jan-02, 2-Jan-26.
fn is_short_date(text: &str) -> bool {
    let is_month = |part: &str| MONTHS.contains(&part.to_lowercase().as_str());
    let is_short = |part: &str| part.len() <= 2 && are_digits(part);
    let parts: Vec<&str> = text.split('-').collect();
    match parts.as_slice() {
        [one, other] => is_month(one) && is_short(other) || is_short(one) && is_month(other),
        [day, month, year] => is_short(day) && is_month(month) && (is_short(year) || is_year(year)),
        _ => false,
    }
}

fn is_year(text: &str) -> bool {
    text.len() == 4 && are_digits(text) && ["19", "20", "21"].iter().any(|it| text.starts_with(it))
}

/// Accepts the day and the month in either order.
fn are_day_and_month(one: &str, other: &str) -> bool {
    is_within(one, 31) && is_within(other, 12) || is_within(one, 12) && is_within(other, 31)
}

fn is_within(text: &str, most: u8) -> bool {
    are_digits(text) && text.parse().is_ok_and(|number: u8| (1..=most).contains(&number))
}

fn are_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether a text is `#REF!`, `#NAME?`, `#DIV/0!` or another error that ends with `!` or `?`.
/// `#N/A` counts as an empty cell instead.
pub fn is_error(text: &str) -> bool {
    let name = text.strip_prefix('#').and_then(|text| text.strip_suffix(['!', '?']));
    name.is_some_and(|name| {
        name.bytes().all(|byte| byte.is_ascii_uppercase() || matches!(byte, b'/' | b'0' | b'_'))
    })
}

/// The months as spreadsheets shorten them.
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
