//! The terminal: notices on standard error, pasted input without the 4,096-byte limit of line mode.
use std::io;
/// Whether standard error is a terminal.
pub fn is_terminal() -> bool {
    todo!()
}
/// Whether standard input is a terminal.
pub fn input_is_terminal() -> bool {
    todo!()
}
/// Columns of the terminal, 80 when unknown.
pub fn width() -> usize {
    todo!()
}
/// Writes a line to standard error; a broken pipe is not an error. While raw mode is on, line ends are `\r\n`.
pub fn notice(line: &str) {
    let _ = line;
    todo!()
}
/// One pasted text: from a terminal in raw mode with bracketed paste (Enter ends it; a paste that ends with a line break ends it too; echo shows `•` per 16 characters at most, never the text), else the first non-empty line of standard input. At most 64 KiB. Dropping the future restores the terminal.
/// # Errors
/// `Interrupted` for Ctrl-C and Esc; `UnexpectedEof` when input ends.
pub async fn read_pasted() -> io::Result<String> {
    todo!()
}
