//! How many there may be, in all and of each kind.

use std::{
    collections::HashMap,
    fmt,
    hash::Hash,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Which cap is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// That of this key.
    Own,
    /// That of all.
    All,
}

/// Counts what is there; new ones beyond a cap are refused, those that are there are never evicted (hostile 38).
pub(crate) struct Quota<K: Eq + Hash + Copy> {
    counts: Mutex<Counts<K>>,
    all: usize,
}

struct Counts<K> {
    all: usize,
    each: HashMap<K, usize>,
}

impl<K: Eq + Hash + Copy> Quota<K> {
    /// Of at most `all`.
    pub(crate) fn new(all: usize) -> Arc<Self> {
        Arc::new(Self {
            counts: Mutex::new(Counts {
                all: 0,
                each: HashMap::new(),
            }),
            all,
        })
    }

    /// Takes a place of at most `most` with this key.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn take(self: &Arc<Self>, key: K, most: usize) -> Result<Place<K>, Full> {
        let mut counts = self.counts();
        let count = counts.each.get(&key).copied().unwrap_or_default();
        if count >= most {
            return Err(Full::Own);
        }
        if counts.all >= self.all {
            return Err(Full::All);
        }
        counts.each.insert(key, count + 1);
        counts.all += 1;
        Ok(Place {
            quota: Arc::clone(self),
            key,
        })
    }

    /// How many there are.
    pub(crate) fn all(&self) -> usize {
        self.counts().all
    }

    fn give_back(&self, key: K) {
        let mut counts = self.counts();
        counts.all = counts.all.saturating_sub(1);
        match counts.each.get_mut(&key) {
            Some(count) if *count > 1 => *count -= 1,
            _ => {
                counts.each.remove(&key);
            }
        }
    }

    /// Nothing under this lock can panic half-way.
    fn counts(&self) -> MutexGuard<'_, Counts<K>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One place, given back on drop.
pub(crate) struct Place<K: Eq + Hash + Copy> {
    quota: Arc<Quota<K>>,
    key: K,
}

impl<K: Eq + Hash + Copy> Drop for Place<K> {
    fn drop(&mut self) {
        self.quota.give_back(self.key);
    }
}

impl<K: Eq + Hash + Copy> fmt::Debug for Place<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Place")
    }
}

#[cfg(test)]
mod tests {
    use super::{Full, Quota};

    #[test]
    fn hostile_38_what_is_there_stays_and_what_is_new_is_refused() {
        let quota = Quota::new(3);
        let first = quota.take('a', 2).unwrap();
        let _second = quota.take('a', 2).unwrap();
        assert_eq!(quota.take('a', 2).unwrap_err(), Full::Own);
        let _third = quota.take('b', 2).unwrap();
        assert_eq!(quota.take('b', 2).unwrap_err(), Full::All);
        assert_eq!(quota.all(), 3);
        drop(first);
        assert_eq!(quota.all(), 2);
        assert!(quota.take('a', 2).is_ok());
    }

    #[test]
    fn keys_of_nobody_take_no_memory() {
        let quota = Quota::new(10);
        for key in 0..1_000 {
            drop(quota.take(key, 1).unwrap());
        }
        assert!(quota.counts().each.is_empty());
    }
}
