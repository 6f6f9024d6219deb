pub(crate) fn run(
    _: &crate::workspace::Workspace,
    _: &[&str],
) -> Result<(), crate::failure::Failure> {
    Ok(())
}
