//! Questions to the operator before a command changes something.

use std::io;

use crate::output::{errln, print_aside};

/// Asks a question on the terminal, and reads a line without the blanks around it.
///
/// # Errors
/// If the standard input cannot be read.
pub fn answer(question: &str) -> io::Result<String> {
    print_aside(format_args!("{question}: "));
    let mut answer = String::new();
    if io::stdin().read_line(&mut answer)? == 0 {
        errln!("");
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "no answer; nothing was written"));
    }
    Ok(answer.trim().to_owned())
}

/// Asks a question on the terminal, and reads the answer. Only `y` and `yes` confirm.
///
/// # Errors
/// If the standard input cannot be read.
pub fn confirms(question: &str) -> io::Result<bool> {
    print_aside(format_args!("koohook: {question}? [y/N] "));
    let mut answer = String::new();
    io::stdin().read_line(&mut answer)?;
    if !answer.ends_with('\n') {
        // Ctrl-D leaves the cursor behind the question.
        errln!("");
    }
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}
