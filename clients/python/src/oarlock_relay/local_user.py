"""Other users of this machine: whether a socket or file is theirs."""

import os
import socket
import stat
import struct
import sys
from typing import Optional

from .errors import OAuthConnectionError


def check_directory(path: str) -> None:
    """The socket's directory is ours or root's, and nobody else can put a socket there in its place.

    A directory that is open to all, such as /tmp, may be root's only and must be sticky.
    """
    directory = os.path.dirname(os.path.abspath(path))
    found = None
    try:
        found = os.stat(directory)
    except OSError:
        pass
    if found is None:
        raise OAuthConnectionError(f"OAuth relay socket not found at {path}: start it with `oarlock serve`")
    if found.st_uid not in _trusted():
        raise OAuthConnectionError(f"{directory} belongs to user {found.st_uid}, not to you or root")
    if _is_open(found) and not (found.st_uid == 0 and found.st_mode & stat.S_ISVTX):
        raise OAuthConnectionError(f"{directory} can be written by others: chmod 700 {directory}")


def check_peer(connected: socket.socket, path: str) -> None:
    """The process at the other side is ours or root's, by the kernel's word."""
    user = peer_user(connected)
    if user is None and _is_open(os.stat(os.path.dirname(os.path.abspath(path)))):
        raise OAuthConnectionError(f"this system does not tell who serves {path}: put it into a directory of your own")
    if user is not None and user not in _trusted():
        raise OAuthConnectionError(f"{path} is served by user {user}, not by you or root")


def peer_user(connected: socket.socket) -> Optional[int]:
    """The other side's user; None where the system does not tell, and the directory alone has to do."""
    if sys.platform == "linux":
        _pid, user, _group = struct.unpack("iII", connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        return int(user)
    if sys.platform == "darwin" or sys.platform.startswith("freebsd"):
        # LOCAL_PEERCRED: struct xucred begins with its version and the user.
        _version, user = struct.unpack_from("II", connected.getsockopt(0, 1, 76))
        return int(user)
    return None


def is_ours_alone(file: os.stat_result) -> bool:
    """Whether nobody else can read or change a file. Where there are no such permissions, it is."""
    return os.name != "posix" or (file.st_uid == os.geteuid() and not file.st_mode & 0o077)


def _is_open(directory: os.stat_result) -> bool:
    return bool(directory.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


def _trusted() -> "tuple[int, ...]":
    return (0, os.geteuid())
