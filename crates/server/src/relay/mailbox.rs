//! How the one who waits is told that something came.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use oarlock_oauth::relay::{Callback, CloseReason, Delivery};
use tokio::sync::Notify;

/// A callback on its way to one program.
#[derive(Debug)]
pub(crate) struct Parcel {
    /// Its name; the same when it is handed out again.
    pub(crate) delivery: Delivery,
    pub(crate) callback: Callback,
}

/// What the one who waits has to do.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    Deliver(Arc<Parcel>),
    Close(CloseReason),
}

/// Small, because ten thousand wait: the latest of each order, and a bell.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    orders: Mutex<Orders>,
    bell: Notify,
}

#[derive(Debug, Default)]
struct Orders {
    parcel: Option<Arc<Parcel>>,
    close: Option<CloseReason>,
}

impl Mailbox {
    pub(crate) fn post(&self, order: Order) {
        {
            let mut orders = self.orders();
            match order {
                Order::Deliver(parcel) => orders.parcel = Some(parcel),
                Order::Close(reason) => {
                    if reason == CloseReason::Replaced {
                        // It goes to whoever came instead.
                        orders.parcel = None;
                    }
                    orders.close = Some(reason);
                }
            }
        }
        self.bell.notify_one();
    }

    /// The next order, deliveries first: what stops may still be delivered. Dropping the future loses none.
    pub(crate) async fn next(&self) -> Order {
        loop {
            if let Some(order) = self.take() {
                return order;
            }
            self.bell.notified().await;
        }
    }

    fn take(&self) -> Option<Order> {
        let mut orders = self.orders();
        orders
            .parcel
            .take()
            .map(Order::Deliver)
            .or_else(|| orders.close.take().map(Order::Close))
    }

    /// Nothing under this lock can panic half-way.
    fn orders(&self) -> MutexGuard<'_, Orders> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
