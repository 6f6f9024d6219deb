//! A file that lines are appended to, by us and perhaps by other processes of ours, and that somebody may rotate away.

use std::{
    fs::File,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use super::{PrivateError, failed, platform};

/// An open file to append to: 0600, ours, no link.
#[derive(Debug)]
pub struct AppendFile {
    path: PathBuf,
    file: File,
    /// The last line stands there in part.
    torn: bool,
}

impl AppendFile {
    /// Opens the file, making it where it is missing. A missing directory is made 0700; one that is there may be any, for logs lie where others' do.
    ///
    /// # Errors
    /// It is refused, or cannot be opened.
    pub fn open(path: &Path) -> Result<Self, PrivateError> {
        Ok(Self {
            path: path.to_owned(),
            file: platform::open_append(path)?,
            torn: false,
        })
    }

    /// Appends a line (without its end) in one write, so that lines of several processes stand whole beside each other. Where the file
    /// was moved away or removed, a new one is begun; where that cannot be done, the line goes to the old one all the same.
    ///
    /// # Errors
    /// The line is not there, or there in part: the disk is full. Or it is in the old file, and a new one cannot be begun.
    pub fn append(&mut self, line: &str) -> Result<(), PrivateError> {
        let follows = self.follow();
        let start = if self.torn { "\n" } else { "" };
        let bytes = format!("{start}{line}\n").into_bytes();
        self.write(&bytes).map_err(failed("write to", &self.path))?;
        follows
    }

    /// Opens the file again, if the name leads to another one now.
    fn follow(&mut self) -> Result<(), PrivateError> {
        if platform::is_same(&self.file, &self.path).map_err(failed("check", &self.path))? {
            return Ok(());
        }
        self.file = platform::open_append(&self.path)?;
        self.torn = false;
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = loop {
            match self.file.write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        let rest = bytes.get(written..).unwrap_or_default();
        self.torn = !rest.is_empty();
        self.file.write_all(rest)?;
        self.torn = false;
        Ok(())
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt as _, symlink},
    };

    use super::*;

    fn content(path: &Path) -> String {
        fs::read_to_string(path).unwrap()
    }

    #[test]
    fn lines_are_appended_to_a_file_of_ours_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("logs/audit.log");
        AppendFile::open(&path).unwrap().append("one").unwrap();
        let mut file = AppendFile::open(&path).unwrap();
        file.append("two").unwrap();
        assert_eq!(content(&path), "one\ntwo\n");
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let parent = fs::metadata(path.parent().unwrap()).unwrap();
        assert_eq!(parent.permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn no_line_is_lost_when_the_file_is_rotated_removed_or_cut() {
        let folder = tempfile::tempdir().unwrap();
        let (path, old) = (folder.path().join("log"), folder.path().join("log.1"));
        let mut file = AppendFile::open(&path).unwrap();
        file.append("one").unwrap();
        fs::rename(&path, &old).unwrap();
        file.append("two").unwrap();
        assert_eq!(
            (content(&old), content(&path)),
            ("one\n".into(), "two\n".into())
        );
        fs::remove_file(&path).unwrap();
        file.append("three").unwrap();
        assert_eq!(content(&path), "three\n");
        // Copied and cut (logrotate's copytruncate): no hole before the next line.
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_len(0)
            .unwrap();
        file.append("four").unwrap();
        assert_eq!(content(&path), "four\n");
    }

    #[test]
    fn hostile_19_a_link_a_second_name_and_a_file_for_others_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, bait) = (folder.path().join("log"), folder.path().join("bait"));
        AppendFile::open(&bait).unwrap().append("bait").unwrap();
        symlink(&bait, &path).unwrap();
        let error = AppendFile::open(&path).unwrap_err();
        assert!(matches!(error, PrivateError::Kind { .. }), "{error}");
        fs::remove_file(&path).unwrap();
        fs::hard_link(&bait, &path).unwrap();
        let error = AppendFile::open(&path).unwrap_err();
        assert!(matches!(error, PrivateError::Kind { .. }), "{error}");
        fs::remove_file(&path).unwrap();
        fs::set_permissions(&bait, fs::Permissions::from_mode(0o644)).unwrap();
        let error = AppendFile::open(&bait).unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
        assert_eq!(content(&bait), "bait\n");
    }

    #[test]
    fn a_line_goes_to_the_old_file_when_the_new_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (path, old) = (folder.path().join("log"), folder.path().join("log.1"));
        let mut file = AppendFile::open(&path).unwrap();
        fs::rename(&path, &old).unwrap();
        symlink(folder.path().join("elsewhere"), &path).unwrap();
        let error = file.append("one").unwrap_err();
        assert!(matches!(error, PrivateError::Kind { .. }), "{error}");
        assert_eq!(content(&old), "one\n");
        assert!(!folder.path().join("elsewhere").exists());
        fs::remove_file(&path).unwrap();
        file.append("two").unwrap();
        assert_eq!(content(&path), "two\n");
    }

    #[test]
    fn a_line_that_was_torn_does_not_spoil_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut file = AppendFile::open(&path).unwrap();
        // As a full disk leaves it.
        file.file.write_all(b"{\"time\":").unwrap();
        file.torn = true;
        file.append("two").unwrap();
        file.append("three").unwrap();
        assert_eq!(content(&path), "{\"time\":\ntwo\nthree\n");
    }

    #[test]
    fn lines_of_several_writers_stay_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let path = &path;
                scope.spawn(move || {
                    let mut file = AppendFile::open(path).unwrap();
                    for line in 0..200 {
                        file.append(&format!("{writer} {line} {}", "x".repeat(300)))
                            .unwrap();
                    }
                });
            }
        });
        let text = content(&path);
        assert_eq!(text.lines().count(), 800);
        let end = format!(" {}", "x".repeat(300));
        assert!(
            text.lines()
                .all(|line| line.ends_with(&end) && line.len() < 320)
        );
    }
}
