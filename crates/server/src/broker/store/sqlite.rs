//! SQLite in this process: WAL, one thread that writes, readers beside it.
