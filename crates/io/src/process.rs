//! Runs another program.
/// Replaces this process (Unix) or runs the program and returns its exit code (Windows).
/// # Errors
/// The program cannot be started.
pub fn exec(
    program: &str,
    arguments: &[String],
    set: &[(String, String)],
    remove: &[&str],
) -> std::io::Result<i32> {
    let _ = (program, arguments, set, remove);
    todo!()
}
