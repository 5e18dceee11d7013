//! The JSON of a line, compared with the JSON that another library writes of the same event.

use std::error::Error;
use std::io::{self, Write};
use std::sync::Mutex;

use proptest::prelude::*;
use shell::host::log_lines;
use tracing::Dispatch;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use super::*;

/// Keeps what is written to it, and the number of writes.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<(Vec<u8>, usize)>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut kept = self.0.lock().unwrap();
        kept.0.extend_from_slice(bytes);
        kept.1 += 1;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'w> MakeWriter<'w> for Kept {
    type Writer = Self;

    fn make_writer(&'w self) -> Self {
        self.clone()
    }
}

impl Kept {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().0.clone()).unwrap()
    }
}

/// What koohook writes of the events, and what the library's own JSON format writes of them.
fn both(events: impl Fn()) -> [Kept; 2] {
    let [ours, theirs] = [Kept::default(), Kept::default()];
    let library = tracing_subscriber::fmt::layer().json().flatten_event(true).with_target(false);
    let library = library.with_current_span(false).with_span_list(false);
    let library = tracing_subscriber::registry().with(library.with_writer(theirs.clone()));
    tracing::dispatcher::with_default(&Dispatch::new(library), &events);
    let dispatch = Dispatch::new(log_lines("shell=trace", ours.clone()));
    tracing::dispatcher::with_default(&dispatch, &events);
    [ours, theirs]
}

/// The line without its time, which differs.
fn without_time(line: &str) -> &str {
    let (time, rest) = line.split_at(r#"{"timestamp":"2026-11-26T18:31:42.923398Z""#.len());
    assert!(time.starts_with(r#"{"timestamp":"2"#) && time.ends_with(r#"Z""#), "{line}");
    rest
}

proptest! {
    #[test]
    fn a_line_is_the_json_that_another_library_writes(
        text in any::<String>(),
        controls in "[\\x00-\\x1f\"\\\\\\x7f-\\u{9f}]{0,20}",
        (unsigned, signed, float) in (any::<u64>(), any::<i64>(), any::<f64>()),
        flag in any::<bool>(),
    ) {
        let [ours, theirs] = both(|| {
            let fault: &(dyn Error + 'static) = &io::Error::other(text.clone());
            tracing::info!(
                target: "shell",
                orderId = text, controls, unsigned, signed, float, flag, error = fault,
                absent = None::<&str>, given = Some(unsigned), shown = %controls, debug = ?text,
                "type" = "a", wide = u128::MAX, "callback"
            );
            tracing::error!(target: "shell", "{text}");
        });
        let (ours, theirs) = (ours.text(), theirs.text());
        prop_assert_eq!(ours.lines().count(), 2, "one line for each event");
        for (ours, theirs) in ours.lines().zip(theirs.lines()) {
            prop_assert_eq!(without_time(ours), without_time(theirs));
            prop_assert!(serde_json::from_str::<Value>(ours).is_ok());
        }
    }
}

#[test]
fn the_time_of_a_line_is_the_librarys_time() {
    let before = both(|| tracing::info!(target: "shell", "before"));
    let after = both(|| tracing::info!(target: "shell", "after"));
    let time = |kept: &Kept| kept.text().get(..42).unwrap().to_owned();
    let [[ours, before], [_, after]] = [before, after].map(|kept| kept.map(|kept| time(&kept)));
    assert!(before <= ours && ours <= after, "{before} {ours} {after}");
}

#[test]
fn a_line_is_one_write() {
    let [ours, _] = both(|| (0..3).for_each(|_| tracing::warn!(target: "shell", "a\nb")));
    assert_eq!(ours.0.lock().unwrap().1, 3);
}
