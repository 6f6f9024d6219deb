//! What only the kernel knows and no safe crate asks: the one module of Oarlock with unsafe code.

#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use linux::unsent;
#[cfg(unix)]
pub(crate) use unix::inherited;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod linux {
    use rustix::{
        fd::AsFd,
        io,
        ioctl::{self, Getter, Opcode},
    };

    /// `SIOCOUTQ`, which is `TIOCOUTQ`: of asm-generic, but for the architectures that are older than it.
    const OUTPUT_QUEUE: Opcode = if cfg!(any(
        target_arch = "mips",
        target_arch = "mips32r6",
        target_arch = "mips64",
        target_arch = "mips64r6"
    )) {
        0x7472
    } else if cfg!(any(
        target_arch = "powerpc",
        target_arch = "powerpc64",
        target_arch = "sparc",
        target_arch = "sparc64"
    )) {
        0x4004_7473
    } else {
        0x5411
    };

    /// How much of what was written is still on the way. TCP: bytes that the other side's system has not acknowledged;
    /// the end of our direction counts as one. Unix sockets: memory of what the other side has not read, 0 when it has read all.
    #[expect(unsafe_code, reason = "no safe crate asks for SIOCOUTQ")]
    pub(crate) fn unsent(socket: impl AsFd) -> io::Result<u64> {
        // SAFETY: for this operation the kernel writes one C int and nothing else (tcp(7), unix(7)); on a descriptor that
        // knows no such operation it writes nothing and reports an error. The descriptor is borrowed for the call.
        let unsent: i32 = unsafe { ioctl::ioctl(socket, Getter::<OUTPUT_QUEUE, i32>::new()) }?;
        Ok(u64::try_from(unsent).unwrap_or_default())
    }
}

#[cfg(unix)]
mod unix {
    use rustix::{
        fd::{BorrowedFd, FromRawFd as _, OwnedFd},
        io::{self, Errno, FdFlags},
    };
    use std::{os::fd::RawFd, sync::Mutex};

    /// Input, output and errors are nobody's to take.
    const FIRST: RawFd = 3;

    static TAKING: Mutex<()> = Mutex::new(());

    /// Takes a descriptor that our parent opened for us, and keeps it from our own children.
    ///
    /// One that was taken before, or that this process opened itself, is refused with `BADF`: whatever Rust opens is closed on
    /// `exec`, and what comes through an `exec` is not.
    #[expect(
        unsafe_code,
        reason = "a number becomes a descriptor only by assertion"
    )]
    pub(crate) fn inherited(number: RawFd) -> io::Result<OwnedFd> {
        if number < FIRST {
            return Err(Errno::BADF);
        }
        // Of two threads that take the same one, the second sees the flag that the first has set.
        let taking = TAKING
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        // SAFETY: the number is neither -1 nor kept beyond the call, which reports EBADF where nothing is open.
        let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
        let flags = io::fcntl_getfd(borrowed)?;
        if flags.contains(FdFlags::CLOEXEC) {
            return Err(Errno::BADF);
        }
        io::fcntl_setfd(borrowed, flags | FdFlags::CLOEXEC)?;
        drop(taking);
        // SAFETY: it is open, and it came through an `exec` (without the flag that the standard library and every crate here
        // set), so nobody in this process owns it; that the flag is set from now on keeps it from being taken twice.
        Ok(unsafe { OwnedFd::from_raw_fd(number) })
    }
}
